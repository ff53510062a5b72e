//! What goes into a storage and what it tells of its objects.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use tokio::io::AsyncRead;

use super::error::StorageError;
use super::key::StorageKey;

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
