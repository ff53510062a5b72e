//! Files in a local folder.

use std::io::{self, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};

use async_trait::async_trait;
use sha2::{Digest, Sha256};
use tokio::fs;
use tokio::io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt};
use uuid::Uuid;

use super::hash::{hash_file, hex};
use super::{ByteStream, Storage, StorageError, StorageKey, Stored};

/// Write in pieces of this many bytes: large enough to keep system calls rare.
const CHUNK: usize = 256 * 1024;

/// A folder that holds objects as files, and unfinished ones under `incoming/`.
#[derive(Debug, Clone)]
pub struct LocalStorage {
    root: PathBuf,
}

impl LocalStorage {
    /// Opens the folder, making it if needed, and removes what an earlier process left unfinished.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let root = root.into();
        let incoming = root.join("incoming");
        if fs::try_exists(&incoming).await.unwrap_or(false) {
            fs::remove_dir_all(&incoming).await.map_err(io_error("clean the incoming folder"))?;
        }
        fs::create_dir_all(&incoming).await.map_err(io_error("make the storage folder"))?;
        Ok(Self { root })
    }

    /// The path of an object or of a folder of objects.
    pub fn path(&self, key: &StorageKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    fn incoming(&self) -> PathBuf {
        self.root.join("incoming").join(Uuid::now_v7().to_string())
    }

    /// Gives a finished file its name. Hard-linking fails on a taken name where renaming would
    /// overwrite it.
    async fn publish(&self, from: &Path, key: &StorageKey) -> Result<(), StorageError> {
        let to = self.path(key);
        if let Some(parent) = to.parent() {
            fs::create_dir_all(parent).await.map_err(io_error("make a folder"))?;
        }
        match fs::hard_link(from, &to).await {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Err(StorageError::Exists(key.clone()))
            }
            done => done.map_err(io_error("link a file")),
        }
    }

    /// Removes the folders that became empty; object storages have none.
    async fn prune(&self, key: &StorageKey) {
        let path = self.path(key);
        let inside = |folder: &&Path| folder.starts_with(&self.root) && *folder != self.root;
        for folder in path.ancestors().skip(1).take_while(inside) {
            if fs::remove_dir(folder).await.is_err() {
                return;
            }
        }
    }

    async fn sync_folder(&self, key: &StorageKey) -> Result<(), StorageError> {
        // A name is durable only once its folder is.
        if let Some(parent) = self.path(key).parent() {
            let folder = fs::File::open(parent).await.map_err(io_error("open a folder"))?;
            folder.sync_all().await.map_err(io_error("sync a folder"))?;
        }
        Ok(())
    }
}

fn io_error(what: &'static str) -> impl Fn(io::Error) -> StorageError {
    move |source| StorageError::Io { what, source }
}

/// Copies at most `limit` bytes and hashes them on the way.
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
        let path = self.incoming();
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
                return self.put(key, Box::pin(file), u64::MAX).await;
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

    async fn health(&self) -> Result<(), StorageError> {
        let path = self.incoming();
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

#[cfg(test)]
mod tests {
    use super::*;

    fn key(name: &str) -> StorageKey {
        StorageKey::output(Uuid::nil(), 1, name)
    }

    fn body(text: &'static str) -> ByteStream {
        Box::pin(text.as_bytes())
    }

    async fn read(storage: &LocalStorage, name: &str, range: Option<Range<u64>>) -> String {
        let mut text = String::new();
        let mut stream = storage.open(&key(name), range).await.unwrap();
        stream.read_to_string(&mut text).await.unwrap();
        text
    }

    fn incoming_count(folder: &Path) -> usize {
        std::fs::read_dir(folder.join("incoming")).unwrap().count()
    }

    #[tokio::test]
    async fn objects_are_whole_hashed_and_written_once() {
        let folder = tempfile::tempdir().unwrap();
        let storage = LocalStorage::open(folder.path()).await.unwrap();
        let stored = storage.put(&key("a.txt"), body("abc"), 3).await.unwrap();
        assert_eq!(stored.size_bytes, 3);
        assert_eq!(
            stored.sha256,
            "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad"
        );
        assert_eq!(read(&storage, "a.txt", Some(1..3)).await, "bc");
        let again = storage.put(&key("a.txt"), body("xyz"), 3).await;
        assert!(matches!(again, Err(StorageError::Exists(_))));
        assert_eq!(read(&storage, "a.txt", None).await, "abc");
        assert_eq!(incoming_count(folder.path()), 0);
    }

    #[tokio::test]
    async fn too_much_leaves_nothing_behind() {
        let folder = tempfile::tempdir().unwrap();
        let storage = LocalStorage::open(folder.path()).await.unwrap();
        let refused = storage.put(&key("a.txt"), body("abcd"), 3).await;
        assert!(matches!(refused, Err(StorageError::TooLarge { limit: 3 })));
        assert!(matches!(storage.size(&key("a.txt")).await, Err(StorageError::NotFound(_))));
        assert_eq!(incoming_count(folder.path()), 0);
    }

    #[tokio::test]
    async fn files_are_moved_and_copied() {
        let folder = tempfile::tempdir().unwrap();
        let storage = LocalStorage::open(folder.path().join("s")).await.unwrap();
        let path = folder.path().join("made.txt");
        std::fs::write(&path, "made").unwrap();
        let stored = storage.put_file(&key("b.txt"), &path).await.unwrap();
        assert_eq!(stored.size_bytes, 4);
        assert!(!path.exists());
        storage.copy(&key("b.txt"), &key("c.txt")).await.unwrap();
        storage.delete(&key("b.txt")).await.unwrap();
        storage.delete(&key("b.txt")).await.unwrap();
        assert_eq!(read(&storage, "c.txt", None).await, "made");
        let missing = storage.copy(&key("b.txt"), &key("d.txt")).await;
        assert!(matches!(missing, Err(StorageError::NotFound(_))));
    }
}
