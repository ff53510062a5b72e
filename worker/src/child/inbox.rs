//! What a child that serves many requests may read: a folder with the files of those that run now.

use std::io;
use std::path::{Path, PathBuf};

use tempfile::{TempDir, TempPath};

/// A folder of one child; removed when dropped.
pub struct Inbox(TempDir);

impl Inbox {
    /// Makes a folder below `parent`.
    pub fn make(parent: &Path) -> io::Result<Self> {
        std::fs::create_dir_all(parent)?;
        Ok(Self(tempfile::Builder::new().prefix("inbox-").tempdir_in(parent)?))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.0.path()
    }

    /// Puts a file into it, without a copy where that is possible, until what is returned is dropped.
    pub async fn put(&self, file: &Path, name: &str) -> io::Result<TempPath> {
        let place: PathBuf = self.path().join(name);
        if tokio::fs::hard_link(file, &place).await.is_err() {
            // It is on another file system, or belongs to somebody else.
            tokio::fs::copy(file, &place).await?;
        }
        TempPath::try_from_path(place)
    }
}
