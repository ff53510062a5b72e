//! Sound in memory.

use std::path::Path;

use super::{RATE, SAMPLES_PER_MS, SpeechError};

/// Quieter recordings than this are raised: root mean square of their loud parts, -36 dB of full
/// scale. Speech into a phone has about -20 dB.
const QUIET: f32 = 0.016;

/// The loudness that quiet recordings are raised to, -23 dB.
const RAISED: f32 = 0.07;

/// What is raised more than this, 50 dB, is the noise of an open line.
const MOST_GAIN: f32 = 320.0;

/// The share of a recording that counts as its loud parts: somebody who says three sentences in a
/// minute is heard, a door that slams does not count.
const LOUD_SHARE: f64 = 0.05;

/// Loudness is measured over this many samples, 20 ms.
const FRAME: usize = 320;

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

    /// The same, but louder if it is very quiet: speech is detected by its sound, but not in what
    /// hardly stands out from nothing.
    #[must_use]
    pub fn levelled(mut self) -> Self {
        let loudness = self.loudness();
        if loudness > 0.0 && loudness < QUIET {
            let gain = (RAISED / loudness).min(MOST_GAIN);
            self.samples.iter_mut().for_each(|sample| *sample = (*sample * gain).clamp(-1.0, 1.0));
        }
        self
    }

    /// Root mean square of the loud parts.
    fn loudness(&self) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
        let rms = |frame: &[f32]| {
            (frame.iter().map(|sample| sample * sample).sum::<f32>() / frame.len() as f32).sqrt()
        };
        let mut frames: Vec<f32> = self.samples.chunks(FRAME).map(rms).collect();
        #[expect(
            clippy::cast_precision_loss,
            clippy::cast_possible_truncation,
            clippy::cast_sign_loss,
            reason = "a share of a number of frames"
        )]
        let louder = (frames.len() as f64 * LOUD_SHARE) as usize;
        frames.sort_unstable_by(f32::total_cmp);
        frames.iter().rev().nth(louder).copied().unwrap_or(0.0)
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Ten seconds of quiet, of which a tenth is a tone with this peak, and one click.
    fn recording(peak: f32) -> Audio {
        let mut samples = vec![0.0; 160_000];
        for (sample, sign) in samples[50_000..66_000].iter_mut().zip([1.0, -1.0].iter().cycle()) {
            *sample = peak * sign;
        }
        samples[100_000] = 1.0;
        Audio { samples }
    }

    #[test]
    fn quiet_speech_is_raised_and_no_other() {
        assert!((recording(0.002).levelled().samples[50_000] - RAISED).abs() < 0.001);
        assert_eq!(recording(0.1).levelled().samples, recording(0.1).samples);
        assert!(recording(0.00001).levelled().samples[50_000] < 0.01, "nothing is made of noise");
        assert!(recording(0.0).levelled().samples.iter().all(|sample| sample.abs() <= 1.0));
        assert!(Audio { samples: Vec::new() }.levelled().samples.is_empty());
    }
}
