//! Errors of recognition.

use std::path::PathBuf;

use huibao_models::domain::failure::{Failure, FailureCode};

/// Why speech could not be recognised.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// The model file cannot be opened.
    #[error("no model file {path}: {source}")]
    NoModel {
        /// The file.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is not a usable model.
    #[error("{path} is not a usable model: {reason}")]
    BadModel {
        /// The file.
        path: PathBuf,
        /// Why not.
        reason: String,
    },
    /// The audio file is not as ingest writes it.
    #[error("cannot read the audio: {0}")]
    Audio(String),
    /// The processor lacks instructions that the engine was built for.
    #[error("this binary was built for a processor with {0}, which this one lacks")]
    Processor(String),
    /// The engine failed.
    #[error("recognition failed: {0}")]
    Engine(String),
    /// It was cancelled.
    #[error("recognition was cancelled")]
    Stopped,
}

impl From<SpeechError> for Failure {
    fn from(error: SpeechError) -> Self {
        let code = match &error {
            SpeechError::NoModel { .. } => FailureCode::ModelMissing,
            SpeechError::BadModel { .. } => FailureCode::ModelBroken,
            SpeechError::Processor(_) => FailureCode::ProcessorUnfit,
            SpeechError::Audio(_) | SpeechError::Engine(_) | SpeechError::Stopped => {
                FailureCode::Internal
            }
        };
        Self::new(code, error)
    }
}
