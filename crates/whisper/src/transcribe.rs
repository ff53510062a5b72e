//! Transcription of windows.

use crate::batch::Batch;
use crate::kernels::blocks::MAX_VECTORS;
use crate::languages::LANGUAGES;
use crate::model::Model;
use crate::options::{MIN_SAMPLES, TranscribeOptions, Transcription};

/// Windows that are decoded together: more do not share the reading of weights.
pub const MAX_BATCH: usize = MAX_VECTORS;

impl Model {
    /// Transcribes windows of at most 30 s at 16 kHz, [`MAX_BATCH`] at a time. The text of a window does
    /// not depend on the others.
    ///
    /// # Panics
    ///
    /// If the network computes numbers that are not finite, so that no wrong text is returned.
    pub fn transcribe(
        &self,
        windows: &[&[f32]],
        options: &TranscribeOptions<'_>,
    ) -> Vec<Transcription> {
        windows.chunks(MAX_BATCH).flat_map(|batch| self.transcribe_batch(batch, options)).collect()
    }

    fn transcribe_batch(
        &self,
        windows: &[&[f32]],
        options: &TranscribeOptions<'_>,
    ) -> Vec<Transcription> {
        let is_long = |samples: &&[f32]| samples.len() >= MIN_SAMPLES;
        let long: Vec<&[f32]> = windows.iter().copied().filter(is_long).collect();
        let decoded =
            if long.is_empty() { Vec::new() } else { Batch::encode(self, &long, options).decode() };
        let mut transcriptions = decoded.into_iter();
        let language = self.language_index(options.language).map(|index| LANGUAGES[index]);
        let too_short =
            || Transcription { language, segments: Vec::new(), alternatives: Vec::new() };
        let transcription = |samples: &&[f32]| {
            if is_long(samples) { transcriptions.next() } else { None }.unwrap_or_else(too_short)
        };
        windows.iter().map(transcription).collect()
    }
}
