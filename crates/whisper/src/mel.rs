//! The log-mel spectrogram, Whisper's input (`whisper/audio.py`, `log_mel_spectrogram` in whisper.cpp):
//! an STFT with Hann windows of 25 ms every 10 ms, its power in mel bands, clamped and scaled.

use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis};
use realfft::{RealFftPlanner, RealToComplex};

/// Samples per window.
const WINDOW: usize = 400;

/// Samples between windows.
pub const HOP: usize = 160;

/// The dynamic range: bands are clamped to this many powers of ten below the loudest.
const RANGE: f32 = 8.0;

/// Computes log-mel spectrograms.
pub struct LogMel {
    transform: Arc<dyn RealToComplex<f32>>,
    /// `[WINDOW]`.
    window: Vec<f32>,
    /// `[mels, FREQUENCIES]`.
    filters: Array2<f32>,
}

impl LogMel {
    /// With a mel filter bank: `[mels, FREQUENCIES]`.
    pub fn new(filters: Array2<f32>) -> Self {
        assert_eq!(filters.ncols(), Self::FREQUENCIES);
        #[expect(clippy::cast_precision_loss, reason = "at most 400")]
        let hann = |i: usize| {
            let angle = std::f32::consts::TAU * i as f32 / WINDOW as f32;
            0.5 * (1.0 - angle.cos())
        };
        let transform = RealFftPlanner::new().plan_fft_forward(WINDOW);
        Self { transform, window: (0..WINDOW).map(hann).collect(), filters }
    }

    /// Frequencies of the STFT.
    pub const FREQUENCIES: usize = WINDOW / 2 + 1;

    /// The spectrogram, `[frames, mels]`, of samples at 16 kHz, followed by silence. Samples beyond -1 to
    /// 1 are clamped, NaN is silence.
    pub fn compute(&self, samples: &[f32], frames: usize) -> Array2<f32> {
        assert!(frames > 0);
        let sample = |at: usize| samples.get(at).copied().map_or(0.0, clamp);
        let mut padded: Vec<f32> = (1..=WINDOW / 2).rev().map(sample).collect();
        padded.extend(samples.iter().copied().map(clamp));
        padded.resize(padded.len().max((frames - 1) * HOP + WINDOW), 0.0);

        let mut power = Array2::zeros((frames, Self::FREQUENCIES));
        let mut input = self.transform.make_input_vec();
        let mut output = self.transform.make_output_vec();
        let mut scratch = self.transform.make_scratch_vec();
        for (frame, mut row) in power.axis_iter_mut(Axis(0)).enumerate() {
            let from = &padded[frame * HOP..];
            for ((input, sample), weight) in input.iter_mut().zip(from).zip(&self.window) {
                *input = sample * weight;
            }
            let done = self.transform.process_with_scratch(&mut input, &mut output, &mut scratch);
            assert!(done.is_ok(), "{done:?}");
            for (power, number) in row.iter_mut().zip(&output) {
                *power = number.norm_sqr();
            }
        }
        let mut bands = Array2::zeros((frames, self.filters.nrows()));
        general_mat_mul(1.0, &power, &self.filters.t(), 0.0, &mut bands);
        bands.mapv_inplace(|power: f32| power.max(1e-10).log10());
        let max = bands.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        bands.mapv_inplace(|level| (level.max(max - RANGE) + 4.0) / 4.0);
        bands
    }
}

fn clamp(sample: f32) -> f32 {
    if sample.is_nan() { 0.0 } else { sample.clamp(-1.0, 1.0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_samples_give_finite_levels_and_a_tone_is_in_its_band() {
        // A band for each frequency, 40 Hz apart.
        let mel = LogMel::new(Array2::eye(LogMel::FREQUENCIES));
        for sample in [0.0, f32::NAN, f32::INFINITY, -1e30] {
            let bands = mel.compute(&[sample; 1000], 10);
            assert!(bands.iter().all(|level| level.is_finite()), "{sample}");
        }
        let tone = |at: u16| (f32::from(at) * std::f32::consts::TAU * 1000.0 / 16_000.0).sin();
        let samples: Vec<f32> = (0..3200).map(tone).collect();
        let bands = mel.compute(&samples, 20);
        assert_eq!(bands.dim(), (20, LogMel::FREQUENCIES));
        let frame = bands.row(10);
        let max = frame.iter().enumerate().max_by(|a, b| a.1.total_cmp(b.1)).unwrap();
        assert_eq!(max.0, 25);
    }
}
