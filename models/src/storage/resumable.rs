//! Files that arrive over several requests: each request appends at an offset, until the file is complete.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::error::StorageError;
use super::key::StorageKey;
use super::stored::{ByteStream, Stored};
use super::upload_id::UploadId;

/// How far an upload is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum UploadState {
    /// Takes more bytes.
    Open,
    /// [`ResumableUploads::finish_upload`] was called and did not get to its end. Takes no more bytes.
    Finishing,
    /// The object is stored.
    Finished(Stored),
}

/// An upload, as the storage knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadStatus {
    /// Its identity.
    pub id: UploadId,
    /// The key that the object has or will have.
    pub key: StorageKey,
    /// How many bytes are durable; the next append continues here.
    pub offset: u64,
    /// How far it is.
    pub state: UploadState,
    /// When it last changed, by the clock of the process that changed it.
    pub modified: DateTime<Utc>,
}

/// Stores files that arrive in pieces. Everything that is needed to continue is in the storage itself, so
/// that each call may come from another process.
///
/// The bytes of an upload are always a prefix of what was appended, in order and without gaps, whatever
/// fails and however many writers there are. Of writers at the same offset at most one succeeds; the others
/// get [`StorageError::UploadConflict`] or [`StorageError::WrongOffset`]. It is the caller's to decide, by
/// a lock of its own, which one shall write.
#[async_trait]
pub trait ResumableUploads: Send + Sync {
    /// Begins an upload of an object that will have this key. Fails with [`StorageError::UploadExists`] if
    /// the id was used. Whether the key is free is checked at the end.
    async fn create_upload(&self, id: UploadId, key: &StorageKey) -> Result<(), StorageError>;

    /// How far the upload is, or [`StorageError::NoUpload`].
    async fn upload_status(&self, id: UploadId) -> Result<UploadStatus, StorageError>;

    /// Appends a stream at `offset`, which must be the upload's own ([`StorageError::WrongOffset`] tells
    /// it), and returns the new offset. The whole file may have `limit` bytes at most.
    ///
    /// After an error, or if the future is dropped, the offset is somewhere between `offset` and the end of
    /// what arrived: ask [`Self::upload_status`]. If only the stream broke ([`StorageError::Source`]), all
    /// that arrived is kept.
    async fn append(
        &self,
        id: UploadId,
        offset: u64,
        body: ByteStream,
        limit: u64,
    ) -> Result<u64, StorageError>;

    /// Makes the bytes an object under the upload's key. Can be repeated, with the same result, until the
    /// upload is removed. An object that exists under the key is an error ([`StorageError::Exists`]),
    /// unless its bytes are the same.
    ///
    /// The upload stays as a record, by which [`Self::uploads`] tells which objects are so new that nobody
    /// may refer to them yet: remove it when the reference is stored.
    async fn finish_upload(&self, id: UploadId) -> Result<Stored, StorageError>;

    /// Removes an upload with all its bytes; of a finished one only the record, not the object. An upload
    /// that does not exist is no error.
    async fn remove_upload(&self, id: UploadId) -> Result<(), StorageError>;

    /// All uploads that were not removed, finished ones among them.
    async fn uploads(&self) -> Result<Vec<UploadStatus>, StorageError>;
}
