//! Voice activity detection.

use std::path::Path;

use huibao_models::domain::transcript::SpeechRegion;
use whisper_rs::{WhisperVadContext, WhisperVadContextParams, WhisperVadParams};

use super::audio::SAMPLES_PER_MS;
use super::error::SpeechError;
use super::model_file::check_model_file;
use super::pack::WINDOW_MS;
use super::processor;
use super::whisper::binding::{discard_logs, path_text};

/// A voice activity detector.
pub trait Vad {
    /// The regions with speech in 16 kHz mono samples, in order, not overlapping, none longer than a
    /// window.
    fn detect(&mut self, samples: &[f32]) -> Result<Vec<SpeechRegion>, SpeechError>;
}

/// Silero's network, run by whisper.cpp.
pub struct SileroVad {
    context: WhisperVadContext,
}

/// Lower than Silero's default of 0.5: recognising noise in vain costs little, a dropped sentence is the
/// worst error.
const THRESHOLD: f32 = 0.4;

/// Shorter silences do not end a region.
const MIN_SILENCE_MS: i32 = 300;

/// Shorter sounds are not speech.
const MIN_SPEECH_MS: i32 = 200;

/// Regions are extended by this on both sides, so that soft onsets and ends are kept.
const PAD_MS: i32 = 160;

impl SileroVad {
    /// Loads the network.
    pub fn load(model: &Path) -> Result<Self, SpeechError> {
        discard_logs();
        check_model_file(model)?;
        processor::check()?;
        let mut params = WhisperVadContextParams::new();
        // One thread: the network is too small to gain from more.
        params.set_n_threads(1);
        params.set_use_gpu(false);
        let context = WhisperVadContext::new(path_text(model)?, params).map_err(|error| {
            SpeechError::BadModel { path: model.to_owned(), reason: error.to_string() }
        })?;
        Ok(Self { context })
    }
}

impl Vad for SileroVad {
    fn detect(&mut self, samples: &[f32]) -> Result<Vec<SpeechRegion>, SpeechError> {
        // The library does not accept an empty input.
        let duration_ms = (samples.len() / SAMPLES_PER_MS) as u64;
        if duration_ms == 0 {
            return Ok(Vec::new());
        }
        let mut params = WhisperVadParams::new();
        params.set_threshold(THRESHOLD);
        params.set_min_silence_duration(MIN_SILENCE_MS);
        params.set_min_speech_duration(MIN_SPEECH_MS);
        params.set_speech_pad(PAD_MS);
        #[expect(clippy::cast_precision_loss, reason = "28 000")]
        params.set_max_speech_duration(WINDOW_MS as f32 / 1000.0 - 1.0);
        let found = self
            .context
            .segments_from_samples(params, samples)
            .map_err(|error| SpeechError::Engine(error.to_string()))?;
        Ok(tidy(found.map(|s| (s.start, s.end)), duration_ms))
    }
}

/// Converts centiseconds to milliseconds, clamps to the duration and removes overlaps.
fn tidy(found: impl Iterator<Item = (f32, f32)>, duration_ms: u64) -> Vec<SpeechRegion> {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times of a video")]
    let ms = |centiseconds: f32| (centiseconds.max(0.0) * 10.0).round() as u64;
    let mut last_end = 0;
    let mut regions = Vec::new();
    for (start, end) in found {
        let (start_ms, end_ms) = (ms(start).max(last_end), ms(end).min(duration_ms));
        if end_ms > start_ms {
            regions.push(SpeechRegion { start_ms, end_ms });
            last_end = end_ms;
        }
    }
    regions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_are_clamped_and_do_not_overlap() {
        let found = [(-3.0, 50.0), (45.0, 120.0), (119.0, 120.0)];
        let regions = tidy(found.into_iter(), 1100);
        assert_eq!(
            regions,
            [
                SpeechRegion { start_ms: 0, end_ms: 500 },
                SpeechRegion { start_ms: 500, end_ms: 1100 }
            ]
        );
    }
}
