//! Checks whether an object exists, and which upload wrote it.

use std::error::Error;

use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};

use super::bucket::S3Storage;
use super::errors::{is_missing, is_taken};
use crate::storage::error::StorageError;
use crate::storage::key::StorageKey;

/// The metadata entry with the id of the upload that wrote the object.
pub(super) const MARK: &str = "huibao-upload";

/// An existing object.
pub(super) struct Existing {
    pub size_bytes: u64,
    /// The id of the upload that wrote it.
    pub mark: Option<String>,
}

impl S3Storage {
    /// Looks up an object.
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

    /// Fails with [`StorageError::Exists`] if the object exists.
    pub(super) async fn must_be_free(&self, key: &StorageKey) -> Result<(), StorageError> {
        match self.existing(key).await? {
            Some(_) => Err(StorageError::Exists(key.clone())),
            None => Ok(()),
        }
    }

    /// The result of a write that returned an error. The server may have written the object all the same,
    /// if the answer was lost and a second attempt was refused because of the first.
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
