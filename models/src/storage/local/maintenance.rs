//! Listing objects and removing leftovers.

use std::io;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use chrono::{DateTime, Utc};
use futures::{StreamExt, TryStreamExt, stream};
use tokio::fs;

use crate::storage::error::{StorageError, io_error};
use crate::storage::key::StorageKey;
use crate::storage::stored::{ObjectStream, StoredObject};

/// All objects whose key starts with `prefix`, in the order of the keys.
pub(super) fn list(root: PathBuf, prefix: String) -> ObjectStream<'static> {
    let walk = async move {
        let found = tokio::task::spawn_blocking(move || walk(&root, &prefix)).await;
        let mut found = found
            .map_err(io::Error::other)
            .flatten()
            .map_err(io_error("list the storage folder"))?;
        found.sort_unstable_by(|a, b| a.key.as_str().cmp(b.key.as_str()));
        Ok(stream::iter(found.into_iter().map(Ok::<_, StorageError>)))
    };
    stream::once(walk).try_flatten().boxed()
}

fn walk(root: &Path, prefix: &str) -> io::Result<Vec<StoredObject>> {
    let mut found = Vec::new();
    // Unfinished files are in other folders.
    let mut folders: Vec<_> =
        StorageKey::FOLDERS.map(|name| name.trim_end_matches('/').to_owned()).into();
    while let Some(folder) = folders.pop() {
        let entries = match std::fs::read_dir(root.join(&folder)) {
            // Removed meanwhile, or nothing was ever stored.
            Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
            entries => entries?,
        };
        for entry in entries {
            let entry = entry?;
            let Ok(name) = entry.file_name().into_string() else { continue };
            let key = format!("{folder}/{name}");
            let meta = match entry.metadata() {
                Err(e) if e.kind() == io::ErrorKind::NotFound => continue,
                meta => meta?,
            };
            let leads_there = key.starts_with(prefix) || prefix.starts_with(&key);
            if meta.is_dir() && leads_there {
                folders.push(key);
            } else if meta.is_file() && key.starts_with(prefix) {
                let Some(key) = StorageKey::parse(&key) else { continue };
                let modified = DateTime::<Utc>::from(meta.modified()?);
                found.push(StoredObject { key, size_bytes: meta.len(), modified });
            }
        }
    }
    Ok(found)
}

/// Removes files that nobody has written to for this long.
pub(super) async fn abort_leftovers(
    incoming: &Path,
    older_than: Duration,
) -> Result<usize, StorageError> {
    let failed = io_error("clean the incoming folder");
    // Before the clock's earliest time: nothing is that old.
    let Some(limit) = SystemTime::now().checked_sub(older_than) else { return Ok(0) };
    let mut entries = fs::read_dir(incoming).await.map_err(&failed)?;
    let mut removed = 0;
    while let Some(entry) = entries.next_entry().await.map_err(&failed)? {
        let done = async {
            let old = entry.metadata().await?.modified()? <= limit;
            if old {
                fs::remove_file(entry.path()).await?;
            }
            Ok::<_, io::Error>(usize::from(old))
        };
        removed += match done.await {
            // Finished meanwhile.
            Err(e) if e.kind() == io::ErrorKind::NotFound => 0,
            counted => counted.map_err(&failed)?,
        };
    }
    Ok(removed)
}
