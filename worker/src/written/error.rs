//! Why the text of a written report could not be had.

use std::io;

use huibao_models::domain::failure::{Failure, FailureCode};
use zip::result::ZipError;

/// Why the text of a written report could not be had.
#[derive(Debug, thiserror::Error)]
pub enum WrittenError {
    /// A format that is not read; says what it is or seems to be.
    #[error("unsupported format: {0}")]
    Unsupported(String),
    /// A format that is read only after it has been converted.
    #[error("a document that has to be converted first")]
    OldFormat,
    /// A password is needed.
    #[error("a password is needed")]
    Encrypted,
    /// The format is known but the file breaks its rules; says where.
    #[error("damaged: {0}")]
    Broken(String),
    /// Over one of [`WrittenLimits`](super::WrittenLimits); says which.
    #[error("too large: {0}")]
    TooLarge(String),
    /// There is no font to print it with.
    #[error("no font with Chinese characters")]
    NoFont,
    /// The file could not be read from disk.
    #[error("cannot be read")]
    Io(#[from] io::Error),
}

impl From<WrittenError> for Failure {
    fn from(error: WrittenError) -> Self {
        let code = match error {
            WrittenError::Unsupported(_) => FailureCode::WrittenUnsupported,
            WrittenError::OldFormat => FailureCode::WrittenOldFormat,
            WrittenError::Encrypted => FailureCode::WrittenEncrypted,
            WrittenError::Broken(_) => FailureCode::WrittenBroken,
            WrittenError::TooLarge(_) => FailureCode::WrittenTooLarge,
            WrittenError::NoFont => FailureCode::PdfFontMissing,
            WrittenError::Io(cause) => return cause.into(),
        };
        Self::new(code, error)
    }
}

impl From<ZipError> for WrittenError {
    fn from(error: ZipError) -> Self {
        match error {
            ZipError::UnsupportedArchive(ZipError::PASSWORD_REQUIRED)
            | ZipError::InvalidPassword => Self::Encrypted,
            // The archive is in memory, so even an I/O error is about its content.
            other => Self::Broken(format!("zip: {other}")),
        }
    }
}

impl From<quick_xml::Error> for WrittenError {
    fn from(error: quick_xml::Error) -> Self {
        Self::Broken(format!("XML: {error}"))
    }
}
