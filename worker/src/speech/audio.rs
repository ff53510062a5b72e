//! Sound in memory.

use std::path::Path;

use super::{RATE, SAMPLES_PER_MS, SpeechError};

/// 16 kHz mono sound.
#[derive(Debug, Clone)]
pub struct Audio {
    /// Samples from -1 to 1.
    pub samples: Vec<f32>,
}

impl Audio {
    /// Reads a 16 kHz mono WAV file with 16 bits per sample.
    pub fn read_wav(path: &Path) -> Result<Self, SpeechError> {
        let failed = |error: hound::Error| SpeechError::Audio(error.to_string());
        let mut reader = hound::WavReader::open(path).map_err(failed)?;
        let spec = reader.spec();
        if (spec.channels, spec.sample_rate, spec.bits_per_sample) != (1, RATE, 16) {
            return Err(SpeechError::Audio(format!("not 16 kHz mono with 16 bits: {spec:?}")));
        }
        let samples: Result<Vec<f32>, _> =
            reader.samples::<i16>().map(|s| s.map(|s| f32::from(s) / 32_768.0)).collect();
        Ok(Self { samples: samples.map_err(failed)? })
    }

    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        (self.samples.len() / SAMPLES_PER_MS) as u64
    }

    /// The samples from `start_ms` to `end_ms`, as far as there are any.
    pub fn slice(&self, start_ms: u64, end_ms: u64) -> &[f32] {
        let index = |ms: u64| {
            usize::try_from(ms)
                .unwrap_or(usize::MAX)
                .saturating_mul(SAMPLES_PER_MS)
                .min(self.samples.len())
        };
        &self.samples[index(start_ms).min(index(end_ms))..index(end_ms)]
    }
}
