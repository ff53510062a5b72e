//! The storage backend: where files are, behind one small streaming interface.

mod error;
mod hash;
mod key;
mod local;
mod s3;
mod setting;
mod url;

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use tokio::io::AsyncRead;

pub use error::StorageError;
pub use hash::{hash_file, hash_file_blocking, hash_stream, sha256_hex};
pub use key::StorageKey;
pub use local::LocalStorage;
pub use s3::{S3Location, S3Storage};
pub use setting::SettingPart;
pub use url::open;

/// A stream of bytes.
pub type ByteStream = Pin<Box<dyn AsyncRead + Send>>;

/// What was stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
}

/// One stored object, as a listing shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its name.
    pub key: StorageKey,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When it was stored, by the clock of whoever keeps it.
    pub modified: DateTime<Utc>,
}

/// A listing that is read page by page.
pub type ObjectStream<'a> = BoxStream<'a, Result<StoredObject, StorageError>>;

/// Keeps files. Objects are written whole or not at all, and never change afterwards.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Stores a stream of at most `limit` bytes. An error, or dropping the future, leaves nothing.
    async fn put(
        &self,
        key: &StorageKey,
        body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError>;

    /// Stores a finished file, which is gone from `path` afterwards. After an error it is still there.
    async fn put_file(&self, key: &StorageKey, path: &Path) -> Result<Stored, StorageError>;

    /// Makes the bytes of `from` available under `to`, without sending them around if possible.
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

    /// Removes an object; one that is not there is no error.
    async fn delete(&self, key: &StorageKey) -> Result<(), StorageError>;

    /// Every object whose key starts with `prefix`, in the order of the keys. Unfinished uploads and
    /// what others put there are left out.
    fn list<'a>(&'a self, prefix: &str) -> ObjectStream<'a>;

    /// A URL with which anyone can read the object until it expires, a week at most; whether there is
    /// such an object is not looked up. `None` where the storage cannot be reached by URL.
    async fn presign_get(
        &self,
        key: &StorageKey,
        expires: Duration,
        content_disposition: Option<&str>,
    ) -> Result<Option<String>, StorageError>;

    /// Removes what uploads that began longer ago than this left unfinished; says how many. Uploads of
    /// other processes may be under way, so the time must be longer than any upload takes.
    async fn abort_leftovers(&self, older_than: Duration) -> Result<usize, StorageError>;

    /// Whether files can be written now: writes a few bytes and removes them.
    async fn health(&self) -> Result<(), StorageError>;
}
