//! Why a model file cannot be loaded.

use std::io;

/// A model file cannot be loaded.
#[derive(Debug, thiserror::Error)]
pub enum LoadError {
    /// The file cannot be read.
    #[error(transparent)]
    Io(io::Error),
    /// The file is damaged, or not a model that this crate supports.
    #[error("{0}")]
    Invalid(String),
}

impl LoadError {
    pub(crate) fn invalid(reason: impl Into<String>) -> Self {
        Self::Invalid(reason.into())
    }
}

impl From<io::Error> for LoadError {
    fn from(error: io::Error) -> Self {
        if error.kind() == io::ErrorKind::UnexpectedEof {
            Self::invalid("the file is truncated")
        } else {
            Self::Io(error)
        }
    }
}
