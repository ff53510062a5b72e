//! A storage backend whose operations and bytes are measured.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use metrics::{counter, histogram};
use tokio_util::io::InspectReader;

use super::backend::Storage;
use super::error::StorageError;
use super::key::StorageKey;
use super::resumable::{ResumableUploads, UploadStatus};
use super::stored::{ByteStream, ObjectStream, Stored};
use super::upload_id::UploadId;
use crate::metrics::{STORAGE_BYTES, STORAGE_DURATION};

/// Passes everything on to another backend.
pub(super) struct Metered<S>(pub S);

/// Waits for an operation and records how long it took.
async fn timed<T>(
    operation: &'static str,
    future: impl Future<Output = Result<T, StorageError>>,
) -> Result<T, StorageError> {
    let started = Instant::now();
    let result = future.await;
    let outcome = if result.is_ok() { "done" } else { "failed" };
    histogram!(STORAGE_DURATION, "operation" => operation, "outcome" => outcome)
        .record(started.elapsed());
    result
}

fn count_read(bytes: u64) {
    counter!(STORAGE_BYTES, "direction" => "read").increment(bytes);
}

fn count_written(bytes: u64) {
    counter!(STORAGE_BYTES, "direction" => "written").increment(bytes);
}

#[async_trait]
impl<S: Storage> Storage for Metered<S> {
    async fn put(
        &self,
        key: &StorageKey,
        body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError> {
        let stored = timed("put", self.0.put(key, body, limit)).await?;
        count_written(stored.size_bytes);
        Ok(stored)
    }

    async fn put_file(&self, key: &StorageKey, path: &Path) -> Result<Stored, StorageError> {
        let stored = timed("put", self.0.put_file(key, path)).await?;
        count_written(stored.size_bytes);
        Ok(stored)
    }

    async fn copy(&self, from: &StorageKey, to: &StorageKey) -> Result<(), StorageError> {
        timed("copy", self.0.copy(from, to)).await
    }

    async fn size(&self, key: &StorageKey) -> Result<u64, StorageError> {
        timed("size", self.0.size(key)).await
    }

    async fn open(
        &self,
        key: &StorageKey,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError> {
        let stream = timed("open", self.0.open(key, range)).await?;
        let count = |bytes: &[u8]| count_read(bytes.len() as u64);
        Ok(Box::pin(InspectReader::new(stream, count)))
    }

    async fn fetch(&self, key: &StorageKey, scratch: &Path) -> Result<PathBuf, StorageError> {
        let path = timed("fetch", self.0.fetch(key, scratch)).await?;
        // A local folder's own file is not read here.
        if path.starts_with(scratch)
            && let Ok(found) = tokio::fs::metadata(&path).await
        {
            count_read(found.len());
        }
        Ok(path)
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), StorageError> {
        timed("delete", self.0.delete(key)).await
    }

    fn list<'a>(&'a self, prefix: &str) -> ObjectStream<'a> {
        self.0.list(prefix)
    }

    async fn presign_get(
        &self,
        key: &StorageKey,
        expires: Duration,
        content_disposition: Option<&str>,
    ) -> Result<Option<String>, StorageError> {
        self.0.presign_get(key, expires, content_disposition).await
    }

    async fn abort_leftovers(&self, older_than: Duration) -> Result<usize, StorageError> {
        timed("abort_leftovers", self.0.abort_leftovers(older_than)).await
    }

    async fn health(&self) -> Result<(), StorageError> {
        timed("health", self.0.health()).await
    }
}

#[async_trait]
impl<S: Storage> ResumableUploads for Metered<S> {
    async fn create_upload(&self, id: UploadId, key: &StorageKey) -> Result<(), StorageError> {
        timed("create_upload", self.0.create_upload(id, key)).await
    }

    async fn upload_status(&self, id: UploadId) -> Result<UploadStatus, StorageError> {
        timed("upload_status", self.0.upload_status(id)).await
    }

    async fn append(
        &self,
        id: UploadId,
        offset: u64,
        body: ByteStream,
        limit: u64,
    ) -> Result<u64, StorageError> {
        let end = timed("append", self.0.append(id, offset, body, limit)).await?;
        count_written(end.saturating_sub(offset));
        Ok(end)
    }

    async fn finish_upload(&self, id: UploadId) -> Result<Stored, StorageError> {
        timed("finish_upload", self.0.finish_upload(id)).await
    }

    async fn remove_upload(&self, id: UploadId) -> Result<(), StorageError> {
        timed("remove_upload", self.0.remove_upload(id)).await
    }

    async fn uploads(&self) -> Result<Vec<UploadStatus>, StorageError> {
        timed("uploads", self.0.uploads()).await
    }
}
