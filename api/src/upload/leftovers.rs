//! Removal of the files of a failed upload.

use std::sync::Arc;

use huibao_models::storage::{Storage, StorageKey};
use tokio::runtime::Handle;

/// Removes its files when it is dropped, unless they are kept.
pub(crate) struct Leftovers {
    storage: Arc<dyn Storage>,
    keys: Vec<StorageKey>,
}

impl Leftovers {
    pub(super) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, keys: Vec::new() }
    }

    /// Adds a file. Called before it is written: the request may be cancelled after the file exists
    /// and before its writer returns.
    pub(super) fn add(&mut self, key: StorageKey) {
        self.keys.push(key);
    }

    /// Keeps the files: a report refers to them now.
    pub(crate) fn keep(mut self) {
        self.keys.clear();
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        // Without a runtime the process is ending, and the collector will remove the files.
        let Ok(runtime) = Handle::try_current() else { return };
        if !keys.is_empty() {
            runtime.spawn(remove(self.storage.clone(), keys));
        }
    }
}

async fn remove(storage: Arc<dyn Storage>, keys: Vec<StorageKey>) {
    for key in keys {
        if let Err(error) = storage.delete(&key).await {
            tracing::warn!(%key, %error, "a file of a failed upload was left behind");
        }
    }
}
