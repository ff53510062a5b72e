//! Speech to text. Synchronous, no database, no queue: meant to run in a child process.
//!
//! Detection finds where somebody speaks, `pack` fills windows with that, a [`Recognizer`] hears
//! the windows, the guards look for what it missed or made up, and normalisation makes the text
//! readable.

mod audio;
mod corrections;
mod ending;
mod error;
mod guards;
mod hearing;
mod lanes;
mod language;
mod model;
mod normalise;
mod numbers;
mod other_language;
mod pack;
pub mod processor;
mod recognizer;
mod scripted;
mod stop;
mod transcribe;
mod vad;
mod whisper;
mod words;

pub use audio::Audio;
pub use corrections::{BadLine, Corrections, Glossary};
pub use error::SpeechError;
pub use language::{AUTO, is_language, languages};
pub use model::{check_model_file, load_recognizer};
pub use recognizer::{Effort, Heard, Piece, Recognizer, Request, Session};
pub use stop::Stop;
pub use transcribe::{SpeechEvent, SpeechOptions, transcribe};
pub use vad::{SileroVad, Vad};
pub use whisper::{Arithmetic, Native, WhisperCpp};

/// Samples per second that all of this works with.
pub const RATE: u32 = 16_000;

/// Samples in a millisecond.
const SAMPLES_PER_MS: usize = 16;
