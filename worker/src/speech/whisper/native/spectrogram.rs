//! The log-mel spectrogram that Whisper hears (`whisper/audio.py`, and `log_mel_spectrogram` of
//! whisper.cpp): windows of 25 ms every 10 ms, power by frequency, gathered in bands.

use std::sync::Arc;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, Axis};
use realfft::{RealFftPlanner, RealToComplex};

/// Samples of a window.
const WINDOW: usize = 400;

/// Samples from one window to the next.
pub const HOP: usize = 160;

/// What the quietest band is taken for, in powers of ten below the loudest.
const RANGE: f32 = 8.0;

/// Makes spectrograms.
pub struct Spectrogram {
    transform: Arc<dyn RealToComplex<f32>>,
    window: Vec<f32>,
    /// Bands × frequencies.
    filters: Array2<f32>,
}

impl Spectrogram {
    /// With a model's filters: bands × frequencies.
    pub fn new(filters: Array2<f32>) -> Self {
        #[expect(clippy::cast_precision_loss, reason = "at most 400")]
        let hann = |i: usize| {
            let angle = std::f32::consts::TAU * i as f32 / WINDOW as f32;
            0.5 * (1.0 - angle.cos())
        };
        let transform = RealFftPlanner::new().plan_fft_forward(WINDOW);
        Self { transform, window: (0..WINDOW).map(hann).collect(), filters }
    }

    /// Frequencies that the transform gives.
    pub const FREQUENCIES: usize = WINDOW / 2 + 1;

    /// The spectrogram of samples that silence follows: `frames` × bands.
    pub fn of(&self, samples: &[f32], frames: usize) -> Array2<f32> {
        let mut padded: Vec<f32> =
            (1..=WINDOW / 2).rev().map(|i| samples.get(i).copied().unwrap_or(0.0)).collect();
        padded.extend(samples);
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
            // It fails only for buffers of other lengths than the ones it made itself.
            let done = self.transform.process_with_scratch(&mut input, &mut output, &mut scratch);
            debug_assert!(done.is_ok(), "{done:?}");
            for (power, number) in row.iter_mut().zip(&output) {
                *power = number.norm_sqr();
            }
        }
        let mut bands = Array2::zeros((frames, self.filters.nrows()));
        general_mat_mul(1.0, &power, &self.filters.t(), 0.0, &mut bands);
        bands.mapv_inplace(|power: f32| power.max(1e-10).log10());
        let loudest = bands.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        bands.mapv_inplace(|level| (level.max(loudest - RANGE) + 4.0) / 4.0);
        bands
    }
}
