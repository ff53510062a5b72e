//! Reading objects.

use std::ops::Range;
use std::time::Duration;

use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::types::ChecksumMode;

use super::bucket::S3Storage;
use super::errors::{is_beyond, is_missing, one_line};
use crate::storage::error::StorageError;
use crate::storage::key::StorageKey;
use crate::storage::stored::ByteStream;

/// The operation's name in errors.
pub(super) const READ: &str = "read an object";

/// Signatures are valid for a week at most.
const MAX_EXPIRY: Duration = Duration::from_hours(7 * 24);

impl S3Storage {
    pub(super) async fn read(
        &self,
        key: &StorageKey,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError> {
        let Some(range) = range else {
            let found = self.get_whole(key).await?;
            return Ok(Box::pin(found.body.into_async_read()));
        };
        if range.is_empty() {
            // A range header cannot express an empty range.
            self.object_size(key).await?;
            return Ok(Box::pin(tokio::io::empty()));
        }
        // Many servers use signed numbers.
        let last = (range.end - 1).min(i64::MAX.unsigned_abs());
        let get = self.client.get_object().bucket(&self.location.bucket).key(self.name(key));
        match get.range(format!("bytes={}-{last}", range.start)).send().await {
            Ok(found) => Ok(Box::pin(found.body.into_async_read())),
            Err(error) if is_missing(&error) => Err(StorageError::NotFound(key.clone())),
            // As with files: a read after the end returns nothing.
            Err(error) if is_beyond(&error) => Ok(Box::pin(tokio::io::empty())),
            Err(error) => Err(self.location.explain(READ, &error)),
        }
    }

    /// The whole object.
    pub(super) async fn get_whole(
        &self,
        key: &StorageKey,
    ) -> Result<GetObjectOutput, StorageError> {
        let found = self.get_object(&self.name(key)).await?;
        found.ok_or_else(|| StorageError::NotFound(key.clone()))
    }

    /// What is stored under this name, if anything. Where its checksum is known, the SDK compares it when
    /// the last byte is read; not so for objects that came in parts.
    pub(super) async fn get_object(
        &self,
        name: &str,
    ) -> Result<Option<GetObjectOutput>, StorageError> {
        let get = self.client.get_object().bucket(&self.location.bucket).key(name);
        match get.checksum_mode(ChecksumMode::Enabled).send().await {
            Ok(found) => Ok(Some(found)),
            Err(error) if is_missing(&error) => Ok(None),
            Err(error) => Err(self.location.explain(READ, &error)),
        }
    }

    pub(super) async fn presign(
        &self,
        key: &StorageKey,
        expires: Duration,
        content_disposition: Option<&str>,
    ) -> Result<String, StorageError> {
        let what = "sign a URL";
        let refused = |detail: String| StorageError::Refused { what, detail };
        let config = PresigningConfig::expires_in(expires.min(MAX_EXPIRY))
            .map_err(|e| refused(one_line(&e)))?;
        self.client
            .get_object()
            .bucket(&self.location.bucket)
            .key(self.name(key))
            .set_response_content_disposition(content_disposition.map(ToOwned::to_owned))
            .presigned(config)
            .await
            .map(|request| request.uri().to_owned())
            .map_err(|e| self.location.explain(what, &e))
    }
}
