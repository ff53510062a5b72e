//! Speech to text. Synchronous, without database or queue: it runs in a child process.
//!
//! A [`Vad`] finds speech, `pack` fills windows with it, a [`Recognizer`] transcribes the windows, guards
//! check the text and have doubtful windows recognised again, and the text is made readable.
//!
//! | Module | Contents |
//! | --- | --- |
//! | `transcribe`, `options`, `other_language` | a recording's transcription; retry in another language |
//! | `pass`, `guards` | recognition of windows, checks of what came out |
//! | `audio`, `vad`, `pack` | samples, voice activity detection, windows |
//! | `recognizer`, `whisper`, `scripted` | what the pipeline needs of an engine, and the engines |
//! | `model`, `model_file`, `language`, [`processor`] | choosing an engine; what models, languages and processors fit |
//! | `parallel`, `stop` | sessions on several threads; cancellation |
//! | [`sureness`] | how likely each word is right |
//! | `trial` | how long recognition takes here |
//! | `written_report` | words that are written where others were heard, if the sound supports them |
//! | `words`, `corrections`, `numbers`, `ending` | times of words, homophones, digits, the last full stop |

mod audio;
mod corrections;
mod ending;
mod error;
mod guards;
mod language;
mod model;
mod model_file;
mod numbers;
mod options;
mod other_language;
mod pack;
mod parallel;
mod pass;
pub mod processor;
mod recognizer;
#[cfg(feature = "test-support")]
mod scripted;
mod stop;
pub mod sureness;
mod transcribe;
mod trial;
mod vad;
mod whisper;
mod words;
mod written_report;

pub use audio::{Audio, RATE};
pub use corrections::{BadLine, Corrections, Glossary};
pub use error::SpeechError;
pub use language::{AUTO, is_language, languages};
pub use model::load_recognizer;
pub use model_file::check_model_file;
pub use options::SpeechOptions;
pub use recognizer::{
    Alternative, AskAlternatives, Effort, Recognized, Recognizer, Request, ScoredAlternative,
    Session, TextPiece,
};
pub use stop::Stop;
pub use transcribe::{SpeechEvent, transcribe};
pub use trial::{Trial, trial};
pub use vad::{SileroVad, Vad};
pub use whisper::cpp::WhisperCpp;
pub use whisper::native::WhisperCpu;
pub use whisper_cpu::Arithmetic;
