//! Uploads over several requests, in the local folder.

use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::folder::{LocalStorage, blocking};
use super::upload_file::{Appender, UploadFile, read_record};
use crate::storage::age::time_before;
use crate::storage::error::{StorageError, io_error};
use crate::storage::key::StorageKey;
use crate::storage::read_full::{BUFFER, read_full};
use crate::storage::resumable::{ResumableUploads, UploadStatus};
use crate::storage::stored::{ByteStream, Stored};
use crate::storage::upload_id::UploadId;

/// After so many bytes they are made durable: what a process that dies loses at most of an append.
const SYNC: u64 = 16 * 1024 * 1024;

#[async_trait]
impl ResumableUploads for LocalStorage {
    async fn create_upload(&self, id: UploadId, key: &StorageKey) -> Result<(), StorageError> {
        let (folder, key) = (self.upload_folder(id), key.clone());
        blocking(move || UploadFile::create(folder, id, &key)).await
    }

    async fn upload_status(&self, id: UploadId) -> Result<UploadStatus, StorageError> {
        let folder = self.upload_folder(id);
        blocking(move || read_record(&folder, id)?.status(id)).await
    }

    async fn append(
        &self,
        id: UploadId,
        offset: u64,
        mut body: ByteStream,
        limit: u64,
    ) -> Result<u64, StorageError> {
        let folder = self.upload_folder(id);
        let mut appender = blocking(move || UploadFile::lock(folder, id)?.append(offset)).await?;
        let mut buffer = vec![0; BUFFER];
        loop {
            let filled = read_full(&mut body, &mut buffer).await;
            let fits = filled.len as u64 <= limit.saturating_sub(appender.size_bytes());
            let last = filled.end.is_some() || !fits;
            let len = if fits { filled.len } else { 0 };
            (appender, buffer) = blocking(move || write(appender, buffer, len, last)).await?;
            if !fits {
                return Err(StorageError::TooLarge { limit });
            }
            if let Some(end) = filled.end {
                return end.map(|()| appender.size_bytes()).map_err(StorageError::Source);
            }
        }
    }

    async fn finish_upload(&self, id: UploadId) -> Result<Stored, StorageError> {
        let (storage, folder) = (self.clone(), self.upload_folder(id));
        blocking(move || UploadFile::lock(folder, id)?.finish(&storage)).await
    }

    async fn remove_upload(&self, id: UploadId) -> Result<(), StorageError> {
        let (storage, folder) = (self.clone(), self.upload_folder(id));
        blocking(move || match UploadFile::lock(folder, id) {
            Err(StorageError::NoUpload(_)) => Ok(()),
            upload => upload?.remove(&storage),
        })
        .await
    }

    async fn uploads(&self) -> Result<Vec<UploadStatus>, StorageError> {
        let storage = self.clone();
        blocking(move || {
            let mut found = Vec::new();
            for (id, folder) in storage.upload_folders()? {
                match read_record(&folder, id).and_then(|record| record.status(id)) {
                    // Being begun, or removed meanwhile.
                    Err(StorageError::NoUpload(_)) => {}
                    status => found.push(status?),
                }
            }
            Ok(found)
        })
        .await
    }
}

/// Takes and returns what it needs, so that it runs to its end even if nobody waits for it any more.
fn write(
    mut appender: Appender,
    buffer: Vec<u8>,
    len: usize,
    last: bool,
) -> Result<(Appender, Vec<u8>), StorageError> {
    appender.write(&buffer[..len])?;
    if last || appender.pending() >= SYNC {
        appender.commit()?;
    }
    Ok((appender, buffer))
}

impl LocalStorage {
    /// Removes uploads that have not changed for this long, finished ones among them.
    pub(super) async fn remove_stale_uploads(
        &self,
        older_than: Duration,
    ) -> Result<usize, StorageError> {
        let storage = self.clone();
        let Some(limit) = time_before(older_than) else { return Ok(0) };
        blocking(move || {
            let mut removed = 0;
            for (id, folder) in storage.upload_folders()? {
                removed += usize::from(storage.remove_if_stale(id, &folder, limit)?);
            }
            Ok(removed)
        })
        .await
    }

    fn remove_if_stale(
        &self,
        id: UploadId,
        folder: &Path,
        limit: DateTime<Utc>,
    ) -> Result<bool, StorageError> {
        match UploadFile::lock(folder.to_owned(), id) {
            Ok(upload) if upload.record.modified <= limit => upload.remove(self).map(|()| true),
            // Somebody is at it right now.
            Ok(_) | Err(StorageError::UploadConflict(_)) => Ok(false),
            // A process died while it began or removed the upload.
            Err(StorageError::NoUpload(_)) => remove_folder(folder, limit),
            Err(error) => Err(error),
        }
    }

    fn upload_folders(&self) -> Result<Vec<(UploadId, PathBuf)>, StorageError> {
        let failed = io_error("list uploads");
        let mut found = Vec::new();
        for entry in std::fs::read_dir(self.uploads_folder()).map_err(&failed)? {
            let entry = entry.map_err(&failed)?;
            if let Some(id) = entry.file_name().to_str().and_then(UploadId::parse) {
                found.push((id, entry.path()));
            }
        }
        Ok(found)
    }
}

fn remove_folder(folder: &Path, limit: DateTime<Utc>) -> Result<bool, StorageError> {
    let done = std::fs::metadata(folder).and_then(|meta| meta.modified()).and_then(|modified| {
        if DateTime::<Utc>::from(modified) > limit {
            return Ok(false);
        }
        std::fs::remove_dir_all(folder).map(|()| true)
    });
    match done {
        Err(e) if e.kind() == io::ErrorKind::NotFound => Ok(false),
        done => done.map_err(io_error("remove an upload")),
    }
}
