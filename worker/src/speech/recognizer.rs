//! What the pipeline wants of a speech engine.

use huibao_models::domain::transcript::RecognizerInfo;

use super::SpeechError;

/// How much trouble to take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    /// The fastest settings that are usually right.
    Usual,
    /// For passages where the usual settings gave nothing, or nonsense.
    Careful,
}

/// How a stretch of sound is to be heard.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// ISO 639-1 code; `None` to find out.
    pub language: Option<&'a str>,
    /// Threads to use.
    pub threads: u32,
    /// How much trouble to take.
    pub effort: Effort,
    /// Words that are likely to be said, the likeliest first.
    pub terms: &'a [String],
}

/// A piece of recognised text.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Piece {
    /// Start in milliseconds from the start of the given sound.
    pub start_ms: u64,
    /// End in milliseconds from the start of the given sound.
    pub end_ms: u64,
    /// The text as the model wrote it.
    pub text: String,
    /// Mean token probability, 0 to 1.
    pub confidence: f32,
    /// For each character of the text, the probability of the token it came from, 0 to 1. Empty
    /// if the engine does not tell.
    pub sureness: Vec<f32>,
}

/// What was heard in a stretch of sound.
#[derive(Debug, Clone, PartialEq)]
pub struct Heard {
    /// ISO 639-1 code of the language.
    pub language: String,
    /// Pieces in order of time.
    pub pieces: Vec<Piece>,
}

/// A speech engine with its model loaded. Its sessions share the model. What an engine must keep to
/// is tested in `worker/tests/recognizer.rs`, on every one there is.
pub trait Recognizer: Send + Sync {
    /// What it is, for the record.
    fn info(&self) -> RecognizerInfo;

    /// Whatever one thread needs of its own to recognise.
    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError>;

    /// How many windows a session best hears at once.
    fn batch(&self) -> usize {
        1
    }
}

/// Several sessions of an engine work side by side.
pub trait Session: Send {
    /// Hears 16 kHz mono samples of at most 30 s, in which somebody speaks. Anything else, however
    /// short, gives no error either. The same sound gives the same answer, whatever was heard before.
    fn recognize(&mut self, samples: &[f32], request: &Request<'_>) -> Result<Heard, SpeechError>;

    /// Hears several windows, each as [`Self::recognize`] would.
    fn recognize_all(
        &mut self,
        windows: &[&[f32]],
        request: &Request<'_>,
    ) -> Result<Vec<Heard>, SpeechError> {
        windows.iter().map(|samples| self.recognize(samples, request)).collect()
    }
}
