//! What the pipeline needs of a speech engine.

use std::ops::Range;

use huibao_models::domain::transcript::RecognizerInfo;

use super::error::SpeechError;

/// The trade-off between speed and robustness.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// The fastest settings that are usually right.
    Usual,
    /// For windows where the usual settings gave no text, or a loop.
    Careful,
}

/// Answers with other texts of parts of a window's pieces.
pub type AskAlternatives<'a> = dyn Fn(&[&str]) -> Vec<Alternative> + Sync + 'a;

/// Another text in place of a part of a piece's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Alternative {
    /// The index of the piece.
    pub piece: usize,
    /// The characters of the piece's text that it would replace.
    pub characters: Range<usize>,
    /// The text in their place.
    pub text: String,
}

/// How well the sound supports another text of a part of a piece and what was recognised, as natural logarithms of
/// probabilities.
#[derive(Debug, Clone, PartialEq)]
pub struct ScoredAlternative {
    /// The characters of the piece's text that it would replace.
    pub characters: Range<usize>,
    /// The text in their place.
    pub text: String,
    /// Of what was recognised.
    pub recognised: f32,
    /// Of the alternative.
    pub instead: f32,
}

/// How windows are recognised.
#[derive(Clone, Copy)]
pub struct Request<'a> {
    /// ISO 639-1 code; `None` to detect the language.
    pub language: Option<&'a str>,
    /// Threads to use.
    pub threads: u32,
    /// Speed or robustness.
    pub effort: Effort,
    /// Words that are likely to be said, the likeliest first.
    pub terms: &'a [String],
    /// Asked for other texts of each window, once its pieces are there. An engine that cannot score them does not
    /// ask.
    pub alternatives: Option<&'a AskAlternatives<'a>>,
}

/// A piece of recognised text with its times.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct TextPiece {
    /// Start in milliseconds from the start of the samples.
    pub start_ms: u64,
    /// End in milliseconds from the start of the samples.
    pub end_ms: u64,
    /// The text as the model wrote it.
    pub text: String,
    /// Mean token probability, 0 to 1.
    pub confidence: f32,
    /// For each character of the text, the probability of its token, 0 to 1. Empty if the engine does
    /// not tell.
    pub char_confidences: Vec<f32>,
    /// The alternatives that were asked for and scored.
    pub alternatives: Vec<ScoredAlternative>,
}

/// The result for a window.
#[derive(Debug, Clone, PartialEq)]
pub struct Recognized {
    /// ISO 639-1 code of the language.
    pub language: String,
    /// The text in order of time.
    pub pieces: Vec<TextPiece>,
}

/// An engine with its model loaded. Its sessions share the model. The contract is tested on every engine
/// in `worker/tests/recognizer.rs`.
pub trait Recognizer: Send + Sync {
    /// Engine, model and parameters, recorded with each transcript.
    fn info(&self) -> RecognizerInfo;

    /// The state that a thread needs to recognise.
    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError>;

    /// How many windows a session best takes at once.
    fn batch(&self) -> usize {
        1
    }
}

/// A thread's use of an engine. Several sessions of an engine run concurrently.
pub trait Session: Send {
    /// Recognises 16 kHz mono samples of at most 30 s. Any sound is accepted, however short. The same
    /// samples give the same result, whatever was recognised before.
    fn recognize(
        &mut self,
        samples: &[f32],
        request: &Request<'_>,
    ) -> Result<Recognized, SpeechError>;

    /// Recognises several windows, each as [`Self::recognize`] would.
    fn recognize_all(
        &mut self,
        windows: &[&[f32]],
        request: &Request<'_>,
    ) -> Result<Vec<Recognized>, SpeechError> {
        windows.iter().map(|samples| self.recognize(samples, request)).collect()
    }
}
