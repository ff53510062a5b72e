//! Errors of a storage backend, and whether a retry can help.

use std::io;

use super::key::StorageKey;
use super::setting::SettingPart;
use super::upload_id::UploadId;
use crate::domain::failure::{Failure, FailureCode};

/// An error of a storage backend.
#[derive(Debug, thiserror::Error)]
pub enum StorageError {
    /// No object has this key.
    #[error("there is no object {0}")]
    NotFound(StorageKey),
    /// An object with this key exists; objects are written once.
    #[error("{0} exists already")]
    Exists(StorageKey),
    /// The stream is longer than the limit.
    #[error("more than {limit} bytes were sent")]
    TooLarge {
        /// The limit in bytes.
        limit: u64,
    },
    /// The stream to be stored ended with an error.
    #[error("the upload was interrupted: {0}")]
    Source(#[source] io::Error),
    /// An operation of the local file system failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
    /// The bytes that were read are not those that were stored.
    #[error("{key} is damaged: {detail}")]
    Damaged {
        /// The object.
        key: StorageKey,
        /// What differs.
        detail: String,
    },
    /// There is no such upload: it was never created, or it was removed.
    #[error("there is no upload {0}")]
    NoUpload(UploadId),
    /// An upload with this id was created before.
    #[error("upload {0} exists already")]
    UploadExists(UploadId),
    /// An append that does not start where the upload ends.
    #[error("wrong offset {requested}: upload {id} has {actual} bytes")]
    WrongOffset {
        /// The upload.
        id: UploadId,
        /// The offset that was asked for.
        requested: u64,
        /// The offset at which the next append must start.
        actual: u64,
    },
    /// The upload is complete and takes no more bytes.
    #[error("upload {0} is complete and takes no more bytes")]
    UploadClosed(UploadId),
    /// Another writer is active on the upload, or changed it in the meantime.
    #[error("upload {0} has another writer")]
    UploadConflict(UploadId),
    /// The record of an upload, or a part of its bytes, is not as it was written.
    #[error("upload {id} is damaged: {detail}")]
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
    /// The remote storage does not answer at the moment: network, restart, overload. A retry can help.
    #[error("{what}: the storage does not answer: {detail}")]
    Busy {
        /// What was being done.
        what: &'static str,
        /// The cause, and where.
        detail: String,
    },
    /// The remote storage answered with an error that is not expected here.
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
