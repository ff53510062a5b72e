//! Why the storage could not do something, and whether trying again can help.

use std::io;

use super::key::StorageKey;
use super::setting::SettingPart;
use super::upload_id::UploadId;
use crate::domain::failure::{Failure, FailureCode};

/// Why the storage could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// There is nothing under this key.
    #[error("nothing is stored under {0}")]
    NotFound(StorageKey),
    /// Objects are written once; this key is taken.
    #[error("{0} exists already")]
    Exists(StorageKey),
    /// The stream went on past the limit; what had come was removed.
    #[error("more than {limit} bytes were sent")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The stream that was to be stored broke off.
    #[error("the upload broke off: {0}")]
    Source(#[source] io::Error),
    /// This machine's file system failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The bytes that came are not those that were stored.
    #[error("{key} is damaged: {detail}")]
    Damaged {
        /// The object.
        key: StorageKey,
        /// What differs.
        detail: String,
    },
    /// There is no such upload: it was never begun, or it was removed.
    #[error("there is no upload {0}")]
    NoUpload(UploadId),
    /// An upload with this id was begun before.
    #[error("upload {0} exists already")]
    UploadExists(UploadId),
    /// An append that does not start where the upload ends.
    #[error("upload {id} has {actual} bytes, so it cannot be continued at {requested}")]
    WrongOffset {
        /// The upload.
        id: UploadId,
        /// The offset that was asked for.
        requested: u64,
        /// The offset at which it continues.
        actual: u64,
    },
    /// The upload is complete and takes no more bytes.
    #[error("upload {0} is complete and takes no more bytes")]
    UploadClosed(UploadId),
    /// Somebody else writes to the same upload, or did so in the meantime.
    #[error("upload {0} is written by somebody else")]
    UploadConflict(UploadId),
    /// What the storage keeps about an upload cannot be understood.
    #[error("the record of upload {id} is damaged: {detail}")]
    UploadDamaged {
        /// The upload.
        id: UploadId,
        /// What is wrong with it.
        detail: String,
    },
    /// The storage's setting is wrong. Nothing works until an operator changes it.
    #[error("storage setting, {part}: {problem}")]
    Setting {
        /// Which part.
        part: SettingPart,
        /// What is wrong with it, and what to do.
        problem: String,
    },
    /// The remote storage does not answer just now: network, restart, overload. It will pass.
    #[error("{what}: the storage does not answer: {detail}")]
    Busy {
        /// What was being done.
        what: &'static str,
        /// The cause, and where.
        detail: String,
    },
    /// The remote storage answered with an error that is not foreseen here.
    #[error("{what}: the storage refused: {detail}")]
    Refused {
        /// What was being done.
        what: &'static str,
        /// Its answer.
        detail: String,
    },
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        let code = match &error {
            StorageError::TooLarge { .. } => FailureCode::TooLarge,
            StorageError::Source(source) => return Self::new(FailureCode::Interrupted, source),
            StorageError::Io { source, .. } => Self::from(io::Error::from(source.kind())).code,
            StorageError::Damaged { .. } => FailureCode::ChecksumMismatch,
            StorageError::Setting { .. } => FailureCode::BackendUnavailable,
            StorageError::Busy { .. } | StorageError::UploadConflict(_) => FailureCode::BackendBusy,
            StorageError::NotFound(_)
            | StorageError::Exists(_)
            | StorageError::NoUpload(_)
            | StorageError::UploadExists(_)
            | StorageError::WrongOffset { .. }
            | StorageError::UploadClosed(_)
            | StorageError::UploadDamaged { .. }
            | StorageError::Refused { .. } => FailureCode::Internal,
        };
        Self::new(code, error)
    }
}

pub(super) fn io_error(what: &'static str) -> impl Fn(io::Error) -> StorageError {
    move |source| StorageError::Io { what, source }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureClass;

    #[test]
    fn an_outage_is_waited_for_and_a_wrong_setting_is_not() {
        let busy = StorageError::Busy { what: "store an object", detail: "reset".into() };
        assert_eq!(Failure::from(busy).code.class(), FailureClass::Transient);
        let part = SettingPart::Bucket;
        let setting = StorageError::Setting { part, problem: "there is none".into() };
        assert_eq!(Failure::from(setting).code.class(), FailureClass::Unavailable);
    }
}
