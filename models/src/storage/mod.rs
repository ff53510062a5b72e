//! The storage keeper: where files are, behind one small streaming interface.

mod hash;
mod key;
mod local;

use std::io;
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::pin::Pin;

use async_trait::async_trait;
use tokio::io::AsyncRead;

pub use hash::{hash_file, hash_file_blocking};
pub use key::StorageKey;
pub use local::LocalStorage;

use crate::failure::{Failure, FailureCode};

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
    /// The storage itself failed.
    #[error("{what}: {source}")]
    Io {
        /// What was being done.
        what: &'static str,
        /// The cause.
        source: io::Error,
    },
}

impl From<StorageError> for Failure {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::TooLarge { .. } => Self::new(FailureCode::TooLarge, error),
            StorageError::Source(source) => Self::new(FailureCode::Interrupted, source),
            StorageError::Io { what, source } => {
                let code = Self::from(io::Error::from(source.kind())).code;
                Self::new(code, format!("{what}: {source}"))
            }
            StorageError::NotFound(_) | StorageError::Exists(_) => Self::internal(error),
        }
    }
}

/// Keeps files. Objects are written whole or not at all, and never change afterwards.
#[async_trait]
pub trait Storage: Send + Sync {
    /// Stores a stream of at most `limit` bytes.
    async fn put(
        &self,
        key: &StorageKey,
        body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError>;

    /// Stores a finished file, which is moved away from `path` where that is possible.
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

    /// A path under which the object can be read: its own, or a copy below `scratch`. Read-only.
    async fn fetch(&self, key: &StorageKey, scratch: &Path) -> Result<PathBuf, StorageError>;

    /// Removes an object; one that is not there is no error.
    async fn delete(&self, key: &StorageKey) -> Result<(), StorageError>;

    /// Whether files can be written now: writes a few bytes and removes them.
    async fn health(&self) -> Result<(), StorageError>;
}
