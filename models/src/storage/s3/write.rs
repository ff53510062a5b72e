//! Storing, copying and removing objects.

use std::path::Path;

use aws_sdk_s3::config::Builder;
use aws_sdk_s3::primitives::ByteStream as Body;
use aws_sdk_s3::types::MetadataDirective;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use tokio::fs;
use uuid::Uuid;

use super::bucket::S3Storage;
use super::errors::is_missing;
use super::existing::MARK;
use super::upload::{Part, Parts, Upload};
use crate::storage::error::{StorageError, io_error};
use crate::storage::key::StorageKey;
use crate::storage::stored::{ByteStream, Stored};

/// The largest object that `CopyObject` copies, in bytes.
const MAX_COPY: u64 = 5 * 1024 * 1024 * 1024;

/// The characters to encode in the name of a copy's source.
const PLAIN: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.');

impl S3Storage {
    pub(super) async fn put_object(
        &self,
        key: &StorageKey,
        body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError> {
        self.must_be_free(key).await?;
        let mut parts = Parts::new(body, limit);
        let first = parts.next().await?;
        if parts.ended() {
            self.put_small(key, first).await?;
        } else {
            self.put_parts(key, first, &mut parts).await?;
        }
        Ok(parts.stored())
    }

    pub(super) async fn move_in(
        &self,
        key: &StorageKey,
        path: &Path,
    ) -> Result<Stored, StorageError> {
        let file = fs::File::open(path).await.map_err(io_error("open a file"))?;
        let stored = self.put_object(key, Box::pin(file), u64::MAX).await?;
        fs::remove_file(path).await.map_err(io_error("remove a moved file"))?;
        Ok(stored)
    }

    async fn put_small(&self, key: &StorageKey, part: Part) -> Result<(), StorageError> {
        let mark = Uuid::now_v7().to_string();
        let done = self
            .client
            .put_object()
            .bucket(&self.location.bucket)
            .key(self.name(key))
            .content_type(key.content_type())
            .checksum_sha256(part.sha256)
            .metadata(MARK, &mark)
            .if_none_match("*")
            .body(Body::from(part.bytes))
            .send()
            .await;
        match done {
            Ok(_) => Ok(()),
            Err(error) => self.settle("store an object", key, &mark, error).await,
        }
    }

    async fn put_parts(
        &self,
        key: &StorageKey,
        first: Part,
        parts: &mut Parts,
    ) -> Result<(), StorageError> {
        let mark = Uuid::now_v7().to_string();
        let name = self.name(key);
        let mut upload = Upload::begin(self, &name, key.content_type(), &mark).await?;
        let done = match upload.send(first, parts).await {
            Ok(sent) => match upload.complete(sent).await {
                Ok(()) => return Ok(()),
                Err(error) => self.settle("finish an upload", key, &mark, error).await,
            },
            Err(error) => Err(error),
        };
        // Also if the object exists after all: the upload is gone then.
        upload.abort().await;
        done
    }

    pub(super) async fn copy_object(
        &self,
        from: &StorageKey,
        to: &StorageKey,
    ) -> Result<(), StorageError> {
        if self.object_size(from).await? > MAX_COPY {
            let body = self.read(from, None).await?;
            return self.put_object(to, body, u64::MAX).await.map(drop);
        }
        self.must_be_free(to).await?;
        let mark = Uuid::now_v7().to_string();
        let source = format!("{}/{}", self.location.bucket, self.name(from));
        let done = self
            .client
            .copy_object()
            .bucket(&self.location.bucket)
            .key(self.name(to))
            .copy_source(utf8_percent_encode(&source, PLAIN).to_string())
            .metadata_directive(MetadataDirective::Replace)
            .content_type(to.content_type())
            .metadata(MARK, &mark)
            .if_none_match("*")
            .customize()
            .config_override(Builder::new().timeout_config(self.patient.clone()))
            .send()
            .await;
        match done {
            Ok(_) => Ok(()),
            Err(error) if is_missing(&error) => Err(StorageError::NotFound(from.clone())),
            Err(error) => self.settle("copy an object", to, &mark, error).await,
        }
    }

    pub(super) async fn delete_object(&self, name: &str) -> Result<(), StorageError> {
        let request = self.client.delete_object().bucket(&self.location.bucket).key(name);
        match request.send().await {
            Err(error) if !is_missing(&error) => {
                Err(self.location.explain("remove an object", &error))
            }
            _ => Ok(()),
        }
    }

    pub(super) async fn write_and_delete(&self) -> Result<(), StorageError> {
        // Some servers create a missing bucket on the first write, which would hide a wrong name.
        match self.client.head_bucket().bucket(&self.location.bucket).send().await {
            Err(error) if is_missing(&error) => return Err(self.location.no_bucket()),
            done => done.map_err(|e| self.location.explain("look up the bucket", &e))?,
        };
        // Not a valid key, so that it is not listed.
        let name = format!("{}health/{}", self.location.prefix, Uuid::now_v7());
        self.client
            .put_object()
            .bucket(&self.location.bucket)
            .key(&name)
            .body(Body::from_static(b"huibao"))
            .send()
            .await
            .map_err(|e| self.location.explain("write to the bucket", &e))?;
        self.delete_object(&name).await
    }
}
