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

/// One frame of so many is louder than the loud parts: somebody who says three sentences in a minute
/// is heard, a door that slams does not count.
const QUIETER_FRAMES: usize = 20;

/// What a sample of 16 bits is a fraction of.
const FULL_SCALE: f32 = 32_768.0;

/// Loudness is measured over this many samples, 20 ms.
const FRAME: usize = 320;

/// 16 kHz mono sound. It is kept as it is stored, since hours of it as floating-point numbers would
/// take twice as much memory.
#[derive(Debug, Clone)]
pub struct Audio {
    samples: Vec<i16>,
    gain: f32,
}

impl Audio {
    /// Sound of samples from -1 to 1.
    pub fn of(samples: impl IntoIterator<Item = f32>) -> Self {
        #[expect(clippy::cast_possible_truncation, reason = "a cast to an integer saturates")]
        let samples = samples.into_iter().map(|sample| (sample * FULL_SCALE) as i16).collect();
        Self { samples, gain: 1.0 }
    }

    /// Reads a 16 kHz mono WAV file with 16 bits per sample.
    pub fn read_wav(path: &Path) -> Result<Self, SpeechError> {
        let failed = |error: hound::Error| SpeechError::Audio(error.to_string());
        let mut reader = hound::WavReader::open(path).map_err(failed)?;
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

    /// The same, but louder if it is very quiet: speech is detected by its sound, but not in what
    /// hardly stands out from nothing.
    #[must_use]
    pub fn levelled(mut self) -> Self {
        let loudness = self.loudness();
        if loudness > 0.0 && loudness < QUIET {
            self.gain = (RAISED / loudness).min(MOST_GAIN);
        }
        self
    }

    /// Root mean square of the loud parts.
    fn loudness(&self) -> f32 {
        let mut frames: Vec<f32> = self.samples.chunks(FRAME).map(rms).collect();
        let louder = frames.len() / QUIETER_FRAMES;
        frames.sort_unstable_by(f32::total_cmp);
        frames.iter().rev().nth(louder).copied().unwrap_or(0.0)
    }

    /// Length in milliseconds.
    pub fn duration_ms(&self) -> u64 {
        (self.samples.len() / SAMPLES_PER_MS) as u64
    }

    /// The samples from `start_ms` to `end_ms`, from -1 to 1, as far as there are any.
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
    fn quiet_speech_is_raised_and_no_other() {
        assert!((levelled(0.002) - RAISED).abs() < 0.003, "{}", levelled(0.002));
        assert!((levelled(0.1) - 0.1).abs() < 0.001);
        assert!(levelled(0.0001) < 0.04, "nothing is made of noise");
        let loudest = recording(0.002).levelled().slice(6000, 7000).into_iter().fold(0.0, f32::max);
        assert!(loudest <= 1.0);
        assert!(Audio::of([]).levelled().slice(0, 10).is_empty());
    }
}
