//! How to transcribe, and what comes of it.

use std::ops::Range;

use crate::hyperparameters::AUDIO_CONTEXT;
use crate::token_filter::TokenFilter;

/// Samples per encoder position, 20 ms.
pub const SAMPLES_PER_POSITION: usize = 320;

/// Windows of fewer samples, 100 ms, have no text.
pub const MIN_SAMPLES: usize = 1600;

/// Encoder positions beyond the audio with [`AudioContext::Fitted`]. Whisper was trained on windows
/// padded to 30 s, and ends texts badly without some padding.
pub const CONTEXT_MARGIN: usize = 64;

/// Encoder positions are a multiple of this: whole blocks, and ggml's fast path.
const CONTEXT_STEP: usize = 32;

/// How many positions the encoder computes. The cost grows faster than linearly.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AudioContext {
    /// The audio and [`CONTEXT_MARGIN`].
    Fitted,
    /// 30 s, as Whisper was trained.
    Full,
}

impl AudioContext {
    /// The encoder positions for a window of so many samples.
    pub fn positions(self, samples: usize) -> usize {
        let fitted = samples.div_ceil(SAMPLES_PER_POSITION) + CONTEXT_MARGIN;
        match self {
            Self::Fitted => fitted.next_multiple_of(CONTEXT_STEP).min(AUDIO_CONTEXT),
            Self::Full => AUDIO_CONTEXT,
        }
    }
}

/// How to transcribe a batch of windows.
#[derive(Clone, Copy)]
pub struct TranscribeOptions<'a> {
    /// The language's code, see `LANGUAGES`. Without one that the model knows, the language of each
    /// window is detected.
    pub language: Option<&'a str>,
    /// The text that precedes each window; empty for none. Of a long one, the end is taken.
    pub prompt: &'a str,
    /// Restricts the tokens, see `Model::token_filter`.
    pub filter: &'a TokenFilter,
    /// The positions of the encoder.
    pub audio_context: AudioContext,
    /// Whether a text that is improbable, repetitive or does not end is decoded again at higher
    /// temperatures.
    pub temperature_fallback: bool,
    /// Threads of the encoder and of the prompt. Tokens are decoded on one.
    pub threads: u32,
    /// Asked, once a window's segments are there, for other texts to compare with the sound.
    pub alternatives: Option<&'a AskAlternatives<'a>>,
}

/// Answers with other texts of parts of a window's segments.
pub type AskAlternatives<'a> = dyn Fn(&[&Segment]) -> Vec<Alternative> + Sync + 'a;

/// Another text in place of a part of a segment's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The index of the segment.
    pub segment: usize,
    /// The characters of the segment's text that it would replace.
    pub characters: Range<usize>,
    /// The text in their place.
    pub text: String,
}

/// How well the sound supports an alternative and what was recognised: the natural logarithms of the
/// probabilities of their tokens and of a few after them, each given what was recognised before.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredAlternative {
    /// The alternative.
    pub alternative: Alternative,
    /// Of what was recognised.
    pub recognised: f32,
    /// Of the alternative.
    pub instead: f32,
}

/// A stretch of text between two timestamps.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Segment {
    /// Start in milliseconds.
    pub start_ms: u64,
    /// End in milliseconds.
    pub end_ms: u64,
    /// The text.
    pub text: String,
    /// The mean probability of the tokens.
    pub probability: f32,
    /// For each character of the text, the probability of its token.
    pub char_probabilities: Vec<f32>,
}

/// The text of a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Transcription {
    /// The language's code, as given or detected; `None` for windows shorter than [`MIN_SAMPLES`]
    /// whose language is not given.
    pub language: Option<&'static str>,
    /// The segments in order; none if nobody speaks.
    pub segments: Vec<Segment>,
    /// The alternatives that were asked for, as far as they differ in their tokens.
    pub alternatives: Vec<ScoredAlternative>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_context_fits_the_audio() {
        assert_eq!(AudioContext::Fitted.positions(16_000), 128);
        assert_eq!(AudioContext::Fitted.positions(40 * 16_000), AUDIO_CONTEXT);
        assert_eq!(AudioContext::Full.positions(16_000), AUDIO_CONTEXT);
    }
}
