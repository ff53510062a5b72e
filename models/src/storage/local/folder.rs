//! The folder that holds objects as files.

use std::io;
use std::path::{Path, PathBuf};

use tokio::fs;
use uuid::Uuid;

use crate::storage::error::{StorageError, io_error};
use crate::storage::key::StorageKey;
use crate::storage::upload_id::UploadId;

/// The folder of unfinished files, inside the storage's own.
const INCOMING: &str = "incoming";

/// The folder of uploads that take several requests, inside the storage's own.
const UPLOADS: &str = "uploads";

/// A folder that holds objects under their keys, unfinished files under `incoming/` and `uploads/`.
#[derive(Debug, Clone)]
pub struct LocalStorage {
    root: PathBuf,
}

impl LocalStorage {
    /// Opens the folder, making it if needed. What an earlier process left unfinished stays until
    /// [`Storage::abort_leftovers`](crate::storage::Storage::abort_leftovers): it may as well be another
    /// process's upload that is in progress.
    pub async fn open(root: impl Into<PathBuf>) -> Result<Self, StorageError> {
        let root = root.into();
        for folder in [INCOMING, UPLOADS] {
            let made = fs::create_dir_all(root.join(folder)).await;
            made.map_err(io_error("make the storage folder"))?;
        }
        Ok(Self { root })
    }

    /// The path of an object or of a folder of objects.
    pub fn path(&self, key: &StorageKey) -> PathBuf {
        self.root.join(key.as_str())
    }

    /// The folder of everything.
    pub(super) fn root(&self) -> &Path {
        &self.root
    }

    /// The folder of unfinished files.
    pub(super) fn incoming(&self) -> PathBuf {
        self.root.join(INCOMING)
    }

    /// A path for a new unfinished file.
    pub(super) fn new_incoming(&self) -> PathBuf {
        self.incoming().join(Uuid::now_v7().to_string())
    }

    /// The folder of all uploads.
    pub(super) fn uploads_folder(&self) -> PathBuf {
        self.root.join(UPLOADS)
    }

    /// The folder of one upload.
    pub(super) fn upload_folder(&self, id: UploadId) -> PathBuf {
        self.uploads_folder().join(id.to_string())
    }

    /// Gives a finished file its name, for good. Runs on a blocking thread.
    pub(super) async fn publish(&self, from: &Path, key: &StorageKey) -> Result<(), StorageError> {
        let (storage, from, key) = (self.clone(), from.to_owned(), key.clone());
        blocking(move || storage.publish_blocking(&from, &key)).await
    }

    /// Like [`Self::publish`]. Hard-linking fails on a taken name where renaming would overwrite it.
    pub(super) fn publish_blocking(
        &self,
        from: &Path,
        key: &StorageKey,
    ) -> Result<(), StorageError> {
        let to = self.path(key);
        if let Some(parent) = to.parent() {
            std::fs::create_dir_all(parent).map_err(io_error("make a folder"))?;
        }
        match std::fs::hard_link(from, &to) {
            Err(e) if e.kind() == io::ErrorKind::AlreadyExists => {
                Err(StorageError::Exists(key.clone()))
            }
            done => done.map_err(io_error("link a file")),
        }
    }

    /// Removes the folders that became empty; object storages have none.
    pub(super) async fn prune(&self, key: &StorageKey) {
        let path = self.path(key);
        let inside = |folder: &&Path| folder.starts_with(&self.root) && *folder != self.root;
        for folder in path.ancestors().skip(1).take_while(inside) {
            if fs::remove_dir(folder).await.is_err() {
                return;
            }
        }
    }

    /// Makes an object's name durable.
    pub(super) async fn sync_folder(&self, key: &StorageKey) -> Result<(), StorageError> {
        let path = self.path(key);
        blocking(move || sync_parent(&path)).await
    }
}

/// Makes a file's name durable, which it is only once its folder is.
pub(super) fn sync_parent(path: &Path) -> Result<(), StorageError> {
    if let Some(parent) = path.parent() {
        let folder = std::fs::File::open(parent).map_err(io_error("open a folder"))?;
        folder.sync_all().map_err(io_error("sync a folder"))?;
    }
    Ok(())
}

/// Runs file operations on a blocking thread. They are not interrupted if the future is dropped.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, StorageError> + Send + 'static,
) -> Result<T, StorageError> {
    let done = tokio::task::spawn_blocking(work).await;
    done.map_err(|error| io_error("run a file operation")(io::Error::other(error)))?
}
