//! Uploads over several requests, in a bucket.
//!
//! An upload is a multipart upload of its final object, begun when the first part is full. What does not
//! fill a part is kept in fragments: objects under `uploads/<id>/`, beside the record that names parts and
//! fragments. The record is replaced with `If-Match`, so of two writers one fails before it changes
//! anything that counts; a part's number is recorded before the part is sent, so that no two writers ever
//! send a part of the same number.

mod append;
mod finish;
mod list;
mod remove;
mod spool;
mod state;
mod writer;

use async_trait::async_trait;

use super::bucket::S3Storage;
use crate::storage::error::StorageError;
use crate::storage::key::StorageKey;
use crate::storage::resumable::{ResumableUploads, UploadStatus};
use crate::storage::stored::{ByteStream, Stored};
use crate::storage::upload_id::UploadId;

#[async_trait]
impl ResumableUploads for S3Storage {
    async fn create_upload(&self, id: UploadId, key: &StorageKey) -> Result<(), StorageError> {
        self.create_record(id, key).await
    }

    async fn upload_status(&self, id: UploadId) -> Result<UploadStatus, StorageError> {
        self.load(id).await?.record.common.status(id)
    }

    async fn append(
        &self,
        id: UploadId,
        offset: u64,
        body: ByteStream,
        limit: u64,
    ) -> Result<u64, StorageError> {
        self.append_stream(id, offset, body, limit).await
    }

    async fn finish_upload(&self, id: UploadId) -> Result<Stored, StorageError> {
        self.finish(id).await
    }

    async fn remove_upload(&self, id: UploadId) -> Result<(), StorageError> {
        self.remove(id).await
    }

    async fn uploads(&self) -> Result<Vec<UploadStatus>, StorageError> {
        self.list_uploads().await
    }
}
