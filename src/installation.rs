//! What a long-running process works with: the backends, a scratch folder, and, where the data
//! folder is a whole installation, a lock on it.

use std::fs::{self, File, TryLockError};
use std::os::unix::fs::DirBuilderExt;
use std::path::{Path, PathBuf};

use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use tokio::task::JoinSet;

use crate::connect;
use crate::exit::CommandError;
use crate::scratch::Scratch;
use crate::settings::Settings;

/// An opened installation.
pub struct Installation {
    /// Rows, files and wake-ups.
    pub backends: Backends,
    scratch: Scratch,
    /// What goes on beside the work as long as this is open.
    tasks: JoinSet<()>,
    /// Held as long as the process lives; the system lets go of it even after a crash.
    _lock: Option<File>,
}

impl Installation {
    /// Opens the data folder, making it if needed, for `huibao up`: only one process may have it
    /// open.
    pub async fn open(settings: &Settings) -> Result<Self, CommandError> {
        make_private(&settings.data_dir)?;
        let lock = lock(&settings.data_dir)?;
        let backends = connect::backends(settings).await?;
        if settings.is_embedded() {
            backends.store.recover(backends.store.now()).await.map_err(Failure::from)?;
        }
        Self::with(settings, backends, Some(lock))
    }

    /// Opens the backends that all processes of a distributed installation share.
    pub async fn join(settings: &Settings) -> Result<Self, CommandError> {
        settings.check_distributed()?;
        make_private(&settings.data_dir)?;
        Self::with(settings, connect::backends(settings).await?, None)
    }

    fn with(
        settings: &Settings,
        backends: Backends,
        lock: Option<File>,
    ) -> Result<Self, CommandError> {
        let parent = settings.data_dir.join("tmp");
        make_private(&parent)?;
        let scratch = Scratch::make(&parent, "work-").map_err(Failure::from)?;
        let mut tasks = JoinSet::new();
        let store = backends.store.clone();
        tasks.spawn(async move { store.keep_clock().await });
        let store = backends.store.clone();
        tasks.spawn(async move { store.share_changes().await });
        Ok(Self { backends, scratch, tasks, _lock: lock })
    }

    /// Lets followers in this process know of what other processes change.
    pub fn receive_changes(&mut self) {
        let store = self.backends.store.clone();
        self.tasks.spawn(async move { store.receive_changes().await });
    }

    /// Where files in the making go.
    pub fn scratch(&self) -> PathBuf {
        self.scratch.path().to_owned()
    }

    /// Closes what is open.
    pub async fn close(mut self) {
        // Closing the database waits for the connections that they hold.
        self.tasks.shutdown().await;
        self.backends.queue.close().await;
        self.backends.store.close().await;
    }
}

/// A lock on the installation that a database belongs to, as `huibao up` takes it: a SQLite file's
/// folder. `None` for a server, and for a folder that is not there.
pub fn lock_of(database_url: &str) -> Result<Option<File>, CommandError> {
    folder_of(database_url).filter(|folder| folder.is_dir()).map(lock).transpose()
}

/// Like [`lock_of`], and makes the folder if needed.
pub fn lock_target(database_url: &str) -> Result<Option<File>, CommandError> {
    if let Some(folder) = folder_of(database_url) {
        make_private(folder)?;
    }
    lock_of(database_url)
}

fn folder_of(database_url: &str) -> Option<&Path> {
    Path::new(database_url.strip_prefix("sqlite://")?).parent()
}

/// Makes the data folder, if a command's database may be in it.
pub fn prepare_folder(settings: &Settings) -> Result<(), CommandError> {
    if let Some(folder) = folder_of(&settings.database_url()) {
        make_private(folder)?;
    }
    Ok(())
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
