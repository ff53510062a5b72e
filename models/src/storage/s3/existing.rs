//! Whether an object is there, and who wrote it.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::bucket::S3Storage;
use super::errors::{is_missing, is_taken};
use crate::storage::error::StorageError;
use crate::storage::key::StorageKey;

/// The metadata entry that holds the name of the upload which made the object.
pub(super) const MARK: &str = "huibao-upload";

/// An object that is there.
pub(super) struct Existing {
    pub size_bytes: u64,
    /// The name of the upload that made it.
    pub mark: Option<String>,
}

impl S3Storage {
    /// Looks an object up.
    pub(super) async fn existing(
        &self,
        key: &StorageKey,
    ) -> Result<Option<Existing>, StorageError> {
        let head = self.client.head_object().bucket(&self.location.bucket).key(self.name(key));
        match head.send().await {
            Ok(found) => Ok(Some(Existing {
                size_bytes: found.content_length.and_then(|n| n.try_into().ok()).unwrap_or(0),
                mark: found.metadata.and_then(|mut entries| entries.remove(MARK)),
            })),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.location.explain("look up an object", &error)),
        }
    }

    /// Size of an object in bytes.
    pub(super) async fn object_size(&self, key: &StorageKey) -> Result<u64, StorageError> {
        let found = self.existing(key).await?;
        found.map(|found| found.size_bytes).ok_or_else(|| StorageError::NotFound(key.clone()))
    }

    /// An object that exists must not be written.
    pub(super) async fn must_be_free(&self, key: &StorageKey) -> Result<(), StorageError> {
        match self.existing(key).await? {
            Some(_) => Err(StorageError::Exists(key.clone())),
            None => Ok(()),
        }
    }

    /// A write seems to have failed. The server may have done it all the same: the answer was lost,
    /// and a second attempt was refused because of the first.
    pub(super) async fn settle<E>(
        &self,
        what: &'static str,
        key: &StorageKey,
        mark: &str,
        error: SdkError<E>,
    ) -> Result<(), StorageError>
    where
        E: ProvideErrorMetadata + Error + Send + Sync + 'static,
    {
        match self.existing(key).await {
            Ok(Some(found)) if found.mark.as_deref() == Some(mark) => Ok(()),
            Ok(Some(_)) => Err(StorageError::Exists(key.clone())),
            _ if is_taken(&error) => Err(StorageError::Exists(key.clone())),
            _ => Err(self.location.explain(what, &error)),
        }
    }
}
