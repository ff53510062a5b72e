//! The hidden working folder of one `huibao process`: an installation that lives as long as the
//! command. It lies inside the output folder, so that the finished bag is moved and not copied.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use chrono::Utc;
use huibao_models::db::{Database, NewReport};
use huibao_models::failure::{Failure, FailureCode};
use huibao_models::queue::EmbeddedQueue;
use huibao_models::report::{FileKind, StoredFile};
use huibao_models::storage::{LocalStorage, Storage, StorageError, StorageKey};
use huibao_models::task::Stage;
use huibao_worker::Keepers;
use tempfile::TempDir;
use uuid::Uuid;

use super::Args;
use crate::settings::Settings;

const PREFIX: &str = ".huibao-";

/// The folder.
pub struct WorkDir {
    folder: TempDir,
    /// Tells a later command that this one lives. The system lets go of it even after a crash.
    _lock: File,
}

impl WorkDir {
    /// Makes the folder inside `out`, and removes those that crashed commands left there.
    pub fn make(out: &Path) -> io::Result<Self> {
        fs::create_dir_all(out)?;
        remove_abandoned(out)?;
        let folder = tempfile::Builder::new().prefix(PREFIX).tempdir_in(out)?;
        let lock = File::create(folder.path().join("lock"))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// The keepers of this folder.
    pub async fn keepers(&self) -> Result<Keepers, Failure> {
        let db = Database::open_sqlite(&self.folder.path().join("huibao.db")).await?;
        let storage = LocalStorage::open(self.files()).await?;
        let queue = Arc::new(EmbeddedQueue::default());
        Ok(Keepers { db, storage: Arc::new(storage), queue })
    }

    /// Where files in the making go.
    pub fn scratch(&self) -> PathBuf {
        self.folder.path().join("tmp")
    }

    /// The folder of stored files.
    pub fn files(&self) -> PathBuf {
        self.folder.path().join("files")
    }

    /// Stores what was handed in and files the report.
    pub async fn submit(
        &self,
        keepers: &Keepers,
        args: &Args,
        settings: &Settings,
    ) -> Result<Uuid, Failure> {
        let id = Uuid::now_v7();
        let storage = &*keepers.storage;
        let mut files = Vec::new();
        if let Some(written) = &args.written {
            let key = StorageKey::written(id, extension(written));
            let limit = settings.max_written_bytes;
            files.push(store(storage, FileKind::Written, &key, written, limit).await?);
        }
        let key = StorageKey::original(id, extension(&args.video));
        let limit = settings.max_video_bytes;
        files.push(store(storage, FileKind::Original, &key, &args.video, limit).await?);
        let new = NewReport {
            id,
            title: args.title.clone(),
            speaker: args.speaker.clone(),
            language: args.language.clone(),
            files,
        };
        keepers.db.submit(&new, Utc::now()).await?;
        keepers.queue.hint(Stage::Ingest).await;
        Ok(id)
    }

    /// Moves the finished bag to its place in the output folder and removes the working folder.
    pub fn publish(self, bag: &Path, out: &Path, id: Uuid) -> io::Result<PathBuf> {
        let place = fs::canonicalize(out)?.join(id.to_string());
        fs::rename(bag, &place)?;
        self.remove()?;
        Ok(place)
    }

    /// Removes the working folder.
    pub fn remove(self) -> io::Result<()> {
        self.folder.close()
    }
}

fn extension(path: &Path) -> &str {
    path.extension().and_then(|ending| ending.to_str()).unwrap_or_default()
}

async fn store(
    storage: &dyn Storage,
    kind: FileKind,
    key: &StorageKey,
    path: &Path,
    limit: u64,
) -> Result<StoredFile, Failure> {
    let file = tokio::fs::File::open(path).await?;
    let stored = storage.put(key, Box::pin(file), limit).await.map_err(|error| match error {
        StorageError::TooLarge { .. } if kind == FileKind::Written => {
            Failure::new(FailureCode::WrittenTooLarge, error)
        }
        other => other.into(),
    })?;
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned());
    Ok(StoredFile {
        kind,
        key: key.to_string(),
        name: name.unwrap_or_default(),
        size_bytes: stored.size_bytes,
        sha256: stored.sha256,
    })
}

fn remove_abandoned(out: &Path) -> io::Result<()> {
    for entry in fs::read_dir(out)?.filter_map(Result::ok) {
        let ours = entry.file_name().to_string_lossy().starts_with(PREFIX);
        // A folder without a lock file is one that is being made right now.
        if let (true, Ok(lock)) = (ours, File::open(entry.path().join("lock")))
            && lock.try_lock().is_ok()
        {
            fs::remove_dir_all(entry.path())?;
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_abandoned_folders_are_removed() {
        let out = tempfile::tempdir().unwrap();
        let living = WorkDir::make(out.path()).unwrap();
        let abandoned = out.path().join(".huibao-crashed");
        fs::create_dir(&abandoned).unwrap();
        File::create(abandoned.join("lock")).unwrap();
        let another = WorkDir::make(out.path()).unwrap();
        assert!(living.folder.path().exists());
        assert!(!abandoned.exists());
        living.remove().unwrap();
        another.remove().unwrap();
        assert_eq!(fs::read_dir(out.path()).unwrap().count(), 0);
    }
}
