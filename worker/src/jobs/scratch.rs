//! The folder of an attempt, for files on their way.

use std::io;
use std::path::{Path, PathBuf};

use tokio::sync::OnceCell;

/// A folder that is made when it is first asked for.
pub(super) struct Scratch {
    path: PathBuf,
    made: OnceCell<()>,
}

impl Scratch {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, made: OnceCell::new() }
    }

    /// Where it is. It is there.
    pub(super) async fn path(&self) -> io::Result<&Path> {
        self.made.get_or_try_init(|| tokio::fs::create_dir_all(&self.path)).await?;
        Ok(&self.path)
    }

    /// Removes it with what is in it, if it was ever made.
    pub(super) async fn remove(&self) {
        if !self.made.initialized() {
            return;
        }
        if let Err(error) = tokio::fs::remove_dir_all(&self.path).await {
            tracing::warn!(%error, folder = %self.path.display(), "a scratch folder stays behind");
        }
    }
}
