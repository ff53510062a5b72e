//! An embedded installation: a data folder that one process owns.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use huibao_models::db::Database;
use huibao_models::failure::Failure;
use huibao_models::queue::EmbeddedQueue;
use huibao_models::storage::LocalStorage;
use huibao_worker::Keepers;

use crate::exit::CommandError;
use crate::settings::Settings;

/// The keepers of an installation, and the lock on its folder.
pub struct Installation {
    /// Rows, files and wake-ups.
    pub keepers: Keepers,
    /// Files in the making.
    pub scratch: PathBuf,
    /// Held as long as the process lives; the system lets go of it even after a crash.
    _lock: File,
}

impl Installation {
    /// Opens the folder, making it if needed. Only one process may have it open.
    pub async fn open(settings: &Settings) -> Result<Self, CommandError> {
        let folder = &settings.data_dir;
        make_private(folder)?;
        let lock = lock(folder)?;
        let scratch = folder.join("tmp");
        // What an earlier process left unfinished; the lock says it is gone.
        if scratch.exists() {
            fs::remove_dir_all(&scratch).map_err(Failure::from)?;
        }
        make_private(&scratch)?;
        let db = Database::open_sqlite(&settings.database_path()).await.map_err(Failure::from)?;
        let storage = LocalStorage::open(settings.storage_path()).await.map_err(Failure::from)?;
        let queue = Arc::new(EmbeddedQueue::default());
        Ok(Self {
            keepers: Keepers { db, storage: Arc::new(storage), queue },
            scratch,
            _lock: lock,
        })
    }
}

/// Makes a folder that other users of the machine cannot look into.
fn make_private(folder: &Path) -> Result<(), Failure> {
    Ok(fs::DirBuilder::new().recursive(true).mode(0o700).create(folder)?)
}

fn lock(folder: &Path) -> Result<File, CommandError> {
    let file = File::create(folder.join("lock")).map_err(Failure::from)?;
    match file.try_lock() {
        Ok(()) => Ok(file),
        Err(TryLockError::WouldBlock) => {
            let place = folder.display();
            Err(CommandError::Usage {
                zh: format!(
                    "另一个 huibao 正在使用数据目录 {place}。请先停止它，或用 --data-dir 指定别的目录。"
                ),
                en: format!(
                    "another huibao is using the data folder {place}; stop it, or name another with --data-dir"
                ),
            })
        }
        Err(TryLockError::Error(error)) => Err(Failure::from(error).into()),
    }
}
