//! What can go wrong with recognition.

use std::path::PathBuf;

use huibao_models::domain::failure::{Failure, FailureCode};

/// Why speech could not be recognised.
#[derive(Debug, thiserror::Error)]
pub enum SpeechError {
    /// There is no model file.
    #[error("no model file {path}: {source}")]
    NoModel {
        /// Where it was looked for.
        path: PathBuf,
        /// The cause.
        source: std::io::Error,
    },
    /// The file is no model.
    #[error("{path} is no usable model: {reason}")]
    BadModel {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The sound is not what ingest makes.
    #[error("cannot read the sound: {0}")]
    Audio(String),
    /// The processor lacks instructions that the engine was built for.
    #[error("this binary was built for a processor with {0}, which this one lacks")]
    Processor(String),
    /// The engine failed.
    #[error("recognition failed: {0}")]
    Engine(String),
    /// Nobody wants to know any more.
    #[error("recognition was stopped")]
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
