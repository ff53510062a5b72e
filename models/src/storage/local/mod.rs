//! Files in a local folder.

mod folder;
mod maintenance;
mod resumable;
mod upload_file;

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::Duration;

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};

pub use folder::LocalStorage;

use super::backend::Storage;
use super::error::{StorageError, io_error};
use super::hash::{CHUNK, hash_file, hex};
use super::key::StorageKey;
use super::stored::{ByteStream, ObjectStream, Stored};

/// Copies at most `limit` bytes and computes their checksum.
async fn copy_hashed(
    body: &mut ByteStream,
    file: &mut fs::File,
    limit: u64,
) -> Result<Stored, StorageError> {
    let mut hasher = Sha256::new();
    let mut buffer = vec![0; CHUNK];
    let mut size_bytes = 0;
    loop {
        let n = body.read(&mut buffer).await.map_err(StorageError::Source)?;
        if n == 0 {
            break;
        }
        size_bytes += n as u64;
        if size_bytes > limit {
            return Err(StorageError::TooLarge { limit });
        }
        hasher.update(&buffer[..n]);
        file.write_all(&buffer[..n]).await.map_err(io_error("write a file"))?;
    }
    file.sync_all().await.map_err(io_error("sync a file"))?;
    Ok(Stored { size_bytes, sha256: hex(&hasher.finalize()) })
}

#[async_trait]
impl Storage for LocalStorage {
    async fn put(
        &self,
        key: &StorageKey,
        mut body: ByteStream,
        limit: u64,
    ) -> Result<Stored, StorageError> {
        let path = self.new_incoming();
        // Removed also when this future is dropped in the middle of an upload.
        let unfinished =
            tempfile::TempPath::try_from_path(&path).map_err(io_error("name a file"))?;
        let mut file = fs::File::create_new(&path).await.map_err(io_error("create a file"))?;
        let stored = copy_hashed(&mut body, &mut file, limit).await?;
        self.publish(&unfinished, key).await?;
        self.sync_folder(key).await?;
        Ok(stored)
    }

    async fn put_file(&self, key: &StorageKey, path: &Path) -> Result<Stored, StorageError> {
        let stored = hash_file(path.to_owned()).await.map_err(io_error("hash a file"))?;
        let file = fs::File::open(path).await.map_err(io_error("open a file"))?;
        file.sync_all().await.map_err(io_error("sync a file"))?;
        match self.publish(path, key).await {
            Err(StorageError::Io { source, .. })
                if source.kind() == io::ErrorKind::CrossesDevices =>
            {
                let file = fs::File::open(path).await.map_err(io_error("open a file"))?;
                self.put(key, Box::pin(file), u64::MAX).await?;
            }
            done => done?,
        }
        fs::remove_file(path).await.map_err(io_error("remove a moved file"))?;
        self.sync_folder(key).await?;
        Ok(stored)
    }

    async fn copy(&self, from: &StorageKey, to: &StorageKey) -> Result<(), StorageError> {
        // Objects never change, so two names may share the bytes.
        match self.publish(&self.path(from), to).await {
            Err(StorageError::Io { source, .. }) if source.kind() == io::ErrorKind::NotFound => {
                Err(StorageError::NotFound(from.clone()))
            }
            done => done,
        }
    }

    async fn size(&self, key: &StorageKey) -> Result<u64, StorageError> {
        let meta = fs::metadata(self.path(key)).await.map_err(|e| not_found(key, e))?;
        Ok(meta.len())
    }

    async fn open(
        &self,
        key: &StorageKey,
        range: Option<Range<u64>>,
    ) -> Result<ByteStream, StorageError> {
        let mut file = fs::File::open(self.path(key)).await.map_err(|e| not_found(key, e))?;
        let Some(range) = range else { return Ok(Box::pin(file)) };
        file.seek(SeekFrom::Start(range.start)).await.map_err(io_error("seek"))?;
        Ok(Box::pin(file.take(range.end.saturating_sub(range.start))))
    }

    async fn fetch(&self, key: &StorageKey, _scratch: &Path) -> Result<PathBuf, StorageError> {
        self.size(key).await?;
        Ok(self.path(key))
    }

    async fn delete(&self, key: &StorageKey) -> Result<(), StorageError> {
        match fs::remove_file(self.path(key)).await {
            Err(e) if e.kind() != io::ErrorKind::NotFound => Err(io_error("remove a file")(e)),
            _ => {
                self.prune(key).await;
                Ok(())
            }
        }
    }

    fn list<'a>(&'a self, prefix: &str) -> ObjectStream<'a> {
        maintenance::list(self.root().to_owned(), prefix.to_owned())
    }

    async fn presign_get(
        &self,
        _key: &StorageKey,
        _expires: Duration,
        _content_disposition: Option<&str>,
    ) -> Result<Option<String>, StorageError> {
        Ok(None)
    }

    async fn abort_leftovers(&self, older_than: Duration) -> Result<usize, StorageError> {
        let files = maintenance::abort_leftovers(&self.incoming(), older_than).await?;
        Ok(files + self.remove_stale_uploads(older_than).await?)
    }

    async fn health(&self) -> Result<(), StorageError> {
        let path = self.new_incoming();
        fs::write(&path, b"huibao").await.map_err(io_error("write to the storage folder"))?;
        fs::remove_file(&path).await.map_err(io_error("remove from the storage folder"))
    }
}

fn not_found(key: &StorageKey, error: io::Error) -> StorageError {
    match error.kind() {
        io::ErrorKind::NotFound => StorageError::NotFound(key.clone()),
        _ => io_error("open a file")(error),
    }
}
