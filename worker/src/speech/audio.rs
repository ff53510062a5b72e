//! Audio in memory.

use std::fs::File;
use std::io::{BufReader, Read};
use std::path::Path;

use super::error::SpeechError;

/// Samples per second.
pub const RATE: u32 = 16_000;

/// Samples per millisecond.
pub const SAMPLES_PER_MS: usize = 16;

/// Quieter recordings are amplified: the RMS of their loud parts, -36 dBFS. Speech into a phone has
/// about -20 dBFS.
const QUIET: f32 = 0.016;

/// The RMS that quiet recordings are amplified to, -23 dBFS.
const TARGET: f32 = 0.07;

/// The highest gain, 50 dB: what is quieter is the noise of an open line.
const MAX_GAIN: f32 = 320.0;

/// One frame in so many is louder than the loud parts: three sentences in a minute count as loud, a
/// slamming door does not.
const QUIETER_FRAMES: usize = 20;

/// The full scale of 16-bit samples.
const FULL_SCALE: f32 = 32_768.0;

/// Samples of a frame whose loudness is measured, 20 ms.
const FRAME: usize = 320;

/// 16 kHz mono audio. It is kept in 16 bits: hours of it as floats would take twice the memory.
#[derive(Debug, Clone)]
pub struct Audio {
    samples: Vec<i16>,
    gain: f32,
}

impl Audio {
    /// Audio of samples from -1 to 1.
    pub fn of(samples: impl IntoIterator<Item = f32>) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a cast to an integer saturates")]
        let samples = samples.into_iter().map(|sample| (sample * FULL_SCALE) as i16).collect();
        Self { samples, gain: 1.0 }
    }

    /// Reads a 16 kHz mono WAV file with 16 bits per sample.
    pub fn read_wav(path: &Path) -> Result<Self, SpeechError> {
        let file = File::open(path).map_err(|error| SpeechError::Audio(error.to_string()))?;
        Self::read(BufReader::new(file))
    }

    /// Reads such a file's bytes.
    pub fn read(bytes: impl Read) -> Result<Self, SpeechError> {
        let failed = |error: hound::Error| SpeechError::Audio(error.to_string());
        let mut reader = hound::WavReader::new(bytes).map_err(failed)?;
        let spec = reader.spec();
        if (spec.channels, spec.sample_rate, spec.bits_per_sample) != (1, RATE, 16) {
            return Err(SpeechError::Audio(format!("not 16 kHz mono with 16 bits: {spec:?}")));
        }
        let mut samples = Vec::with_capacity(usize::try_from(reader.len()).unwrap_or(0));
        for sample in reader.samples::<i16>() {
            samples.push(sample.map_err(failed)?);
        }
        Ok(Self { samples, gain: 1.0 })
    }

    /// Amplified if it is very quiet, so that speech is detected in it.
    #[must_use]
    pub fn levelled(mut self) -> Self {
        let loudness = self.loudness();
        if loudness > 0.0 && loudness < QUIET {
            self.gain = (TARGET / loudness).min(MAX_GAIN);
        }
        self
    }

    /// The RMS of the loud parts.
    fn loudness(&self) -> f32 {
        let mut frames: Vec<f32> = self.samples.chunks(FRAME).map(rms).collect();
        let louder = frames.len() / QUIETER_FRAMES;
        frames.sort_unstable_by(f32::total_cmp);
        frames.iter().rev().nth(louder).copied().unwrap_or(0.0)
    }

    /// Duration in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        (self.samples.len() / SAMPLES_PER_MS) as u64
    }

    /// The samples between two times, from -1 to 1; times beyond the end are clamped.
    pub fn slice(&self, start_ms: u64, end_ms: u64) -> Vec<f32> {
        let index = |ms: u64| {
            usize::try_from(ms)
                .unwrap_or(usize::MAX)
                .saturating_mul(SAMPLES_PER_MS)
                .min(self.samples.len())
        };
        let samples = &self.samples[index(start_ms).min(index(end_ms))..index(end_ms)];
        let scale = self.gain / FULL_SCALE;
        samples.iter().map(|sample| (f32::from(*sample) * scale).clamp(-1.0, 1.0)).collect()
    }
}

fn rms(frame: &[i16]) -> f32 {
    let squares = frame.iter().map(|sample| (f32::from(*sample) / FULL_SCALE).powi(2));
    #[expect(clippy::cast_precision_loss, reason = "a few hundred")]
    let mean = squares.sum::<f32>() / frame.len() as f32;
    mean.sqrt()
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
        Audio::of(samples)
    }

    /// The peak of the tone after levelling.
    fn levelled(peak: f32) -> f32 {
        recording(peak).levelled().slice(3125, 4125)[0]
    }

    #[test]
    fn quiet_speech_is_amplified_and_nothing_else() {
        assert!((levelled(0.002) - TARGET).abs() < 0.003, "{}", levelled(0.002));
        assert!((levelled(0.1) - 0.1).abs() < 0.001);
        assert!(levelled(0.0001) < 0.04, "noise stays quiet");
        let loudest = recording(0.002).levelled().slice(6000, 7000).into_iter().fold(0.0, f32::max);
        assert!(loudest <= 1.0);
        assert!(Audio::of([]).levelled().slice(0, 10).is_empty());
    }
}
