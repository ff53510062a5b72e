//! What can be wrong with a document.

use std::io;

use huibao_models::failure::{Failure, FailureCode};

/// Why a document could not be read.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// A format that is not read here.
    #[error("not a format that is read: {0}")]
    Unsupported(&'static str),
    /// It needs a password.
    #[error("it needs a password")]
    Encrypted,
    /// It is damaged.
    #[error("damaged: {0}")]
    Broken(String),
    /// It is, or unpacks to, more than the limit.
    #[error("more than {limit} bytes or characters")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// The file could not be read.
    #[error(transparent)]
    Io(#[from] io::Error),
}

impl WrittenError {
    /// A damaged document, with what its parser says.
    pub(super) fn broken(error: impl std::fmt::Display) -> Self {
        Self::Broken(error.to_string())
    }
}

impl From<WrittenError> for Failure {
    fn from(error: WrittenError) -> Self {
        let code = match &error {
            WrittenError::Unsupported(_) => FailureCode::WrittenUnsupported,
            WrittenError::Encrypted => FailureCode::WrittenEncrypted,
            WrittenError::Broken(_) => FailureCode::WrittenBroken,
            WrittenError::TooLarge { .. } => FailureCode::WrittenTooLarge,
            WrittenError::Io(error) => Self::from(io::Error::from(error.kind())).code,
        };
        Self::new(code, error)
    }
}
