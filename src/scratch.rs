//! Folders that live as long as a process, and go with it even if it crashes.

use std::fs::{self, File};
use std::io;
use std::path::Path;

use tempfile::TempDir;

/// A folder that belongs to this process alone.
pub struct Scratch {
    folder: TempDir,
    /// Tells later processes that this one lives. The system lets go of it even after a crash.
    _lock: File,
}

impl Scratch {
    /// Makes a folder inside `parent` whose name begins with `prefix`, and removes those that
    /// crashed processes left there.
    pub fn make(parent: &Path, prefix: &str) -> io::Result<Self> {
        fs::create_dir_all(parent)?;
        remove_abandoned(parent, prefix)?;
        let folder = tempfile::Builder::new().prefix(prefix).tempdir_in(parent)?;
        let lock = File::create(folder.path().join("lock"))?;
        lock.lock()?;
        Ok(Self { folder, _lock: lock })
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        self.folder.path()
    }

    /// Removes it. Dropping does so too, but tells nobody if it fails.
    pub fn remove(self) -> io::Result<()> {
        self.folder.close()
    }
}

fn remove_abandoned(parent: &Path, prefix: &str) -> io::Result<()> {
    for entry in fs::read_dir(parent)?.filter_map(Result::ok) {
        let ours = entry.file_name().to_string_lossy().starts_with(prefix);
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
        let parent = tempfile::tempdir().unwrap();
        let living = Scratch::make(parent.path(), "x-").unwrap();
        let abandoned = parent.path().join("x-crashed");
        fs::create_dir(&abandoned).unwrap();
        File::create(abandoned.join("lock")).unwrap();
        let another = Scratch::make(parent.path(), "x-").unwrap();
        assert!(living.path().exists());
        assert!(!abandoned.exists());
        living.remove().unwrap();
        another.remove().unwrap();
        assert_eq!(fs::read_dir(parent.path()).unwrap().count(), 0);
    }
}
