//! Objects in a bucket of any server that speaks S3.
//!
//! An answer of the server can be lost, so every request can be repeated: an upload writes an id into the
//! object's metadata, by which it recognises an object that it has already written. An object that exists
//! is never replaced: a lookup before the write ensures that on every server, and `If-None-Match: *` also
//! excludes a write in between on servers that support it.

mod bucket;
mod download;
mod errors;
mod existing;
mod location;
mod maintenance;
mod multipart;
mod read;
mod resumable;
mod upload;
mod write;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

pub use bucket::S3Storage;
pub use location::S3Location;

use super::backend::Storage;
use super::error::StorageError;
use super::key::StorageKey;
use super::stored::{ByteStream, ObjectStream, Stored};

#[async_trait]
impl Storage for S3Storage {
    async fn put(
        &self,
        key: &StorageKey,
        body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError> {
        self.put_object(key, body, limit).await
    }

    async fn put_file(&self, key: &StorageKey, path: &Path) -> Result<Stored, StorageError> {
        self.move_in(key, path).await
    }

    async fn copy(&self, from: &StorageKey, to: &StorageKey) -> Result<(), StorageError> {
        self.copy_object(from, to).await
    }

    async fn size(&self, key: &StorageKey) -> Result<u64, StorageError> {
        self.object_size(key).await
    }

    async fn open(
        &self,
        key: &StorageKey,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError> {
        self.read(key, range).await
    }

    async fn fetch(&self, key: &StorageKey, scratch: &Path) -> Result<PathBuf, StorageError> {
        self.download(key, scratch).await
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), StorageError> {
        self.delete_object(&self.name(key)).await
    }

    fn list<'a>(&'a self, prefix: &str) -> ObjectStream<'a> {
        self.list_objects(prefix)
    }

    async fn presign_get(
        &self,
        key: &StorageKey,
        expires: Duration,
        content_disposition: Option<&str>,
    ) -> Result<Option<String>, StorageError> {
        self.presign(key, expires, content_disposition).await.map(Some)
    }

    async fn abort_leftovers(&self, older_than: Duration) -> Result<usize, StorageError> {
        self.remove_stale(older_than).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        self.write_and_delete().await
    }
}
