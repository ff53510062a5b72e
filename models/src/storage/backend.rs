//! Whole objects: what a storage backend does with them.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;

use super::error::StorageError;
use super::key::StorageKey;
use super::resumable::ResumableUploads;
use super::stored::{ByteStream, ObjectStream, Stored};

/// A storage backend. Objects are written whole or not at all, and never change afterwards.
#[async_trait]
pub trait Storage: ResumableUploads {
    /// Stores a stream of at most `limit` bytes. An error, or dropping the future, leaves nothing.
    async fn put(
        &self,
        key: &StorageKey,
        body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError>;

    /// Moves a file into the storage. After an error it is still at `path`.
    async fn put_file(&self, key: &StorageKey, path: &Path) -> Result<Stored, StorageError>;

    /// Copies an object, on the server if possible.
    async fn copy(&self, from: &StorageKey, to: &StorageKey) -> Result<(), StorageError>;

    /// Size of an object in bytes.
    async fn size(&self, key: &StorageKey) -> Result<u64, StorageError>;

    /// Streams an object, or the bytes `range` of it.
    async fn open(
        &self,
        key: &StorageKey,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError>;

    /// A path under which the object can be read: its own, or a checked copy below `scratch`, which
    /// the caller removes with `scratch`. Read-only.
    async fn fetch(&self, key: &StorageKey, scratch: &Path) -> Result<PathBuf, StorageError>;

    /// Removes an object. A missing object is not an error.
    async fn delete(&self, key: &StorageKey) -> Result<(), StorageError>;

    /// Every object whose key starts with `prefix`, in the order of the keys, without unfinished uploads
    /// and files of others.
    fn list<'a>(&'a self, prefix: &str) -> ObjectStream<'a>;

    /// A signed URL with which anyone can read the object until it expires, after a week at most. Does not
    /// check whether the object exists. `None` if the backend has no URLs.
    async fn presign_get(
        &self,
        key: &StorageKey,
        expires: Duration,
        content_disposition: Option<&str>,
    ) -> Result<Option<String>, StorageError>;

    /// Removes leftovers of [`Self::put`] that began longer ago than this, and uploads over several requests
    /// that have not changed for this long, finished ones among them; returns how many. Other processes
    /// may be writing, so the time must be longer than any `put` takes.
    async fn abort_leftovers(&self, older_than: Duration) -> Result<usize, StorageError>;

    /// Whether files can be written now: writes a few bytes and removes them.
    async fn health(&self) -> Result<(), StorageError>;
}
