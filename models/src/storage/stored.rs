//! Streams and objects of a storage backend.

use std::pin::Pin;

use chrono::{DateTime, Utc};
use futures::stream::BoxStream;
use tokio::io::AsyncRead;

use super::error::StorageError;
use super::key::StorageKey;

/// A stream of bytes.
pub type ByteStream = Pin<Box<dyn AsyncRead + Send>>;

/// Size and checksum of a stored object.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
}

/// An entry of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredObject {
    /// Its name.
    pub key: StorageKey,
    /// Size in bytes.
    pub size_bytes: u64,
    /// When it was stored, by the storage's clock.
    pub modified: DateTime<Utc>,
}

/// A listing, read page by page.
pub type ObjectStream<'a> = BoxStream<'a, Result<StoredObject, StorageError>>;
