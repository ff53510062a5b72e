//! Files that must not outlive a failed upload.

use std::sync::Arc;

use huibao_models::storage::{Storage, StorageKey};
use tokio::runtime::Handle;

/// Removes the files it knows when it is dropped, unless they were kept.
pub(crate) struct Leftovers {
    storage: Arc<dyn Storage>,
    keys: Vec<StorageKey>,
}

impl Leftovers {
    pub(super) fn new(storage: Arc<dyn Storage>) -> Self {
        Self { storage, keys: Vec::new() }
    }

    /// Adds a file. Called before it is written: the writing may be cut off after the file is
    /// there and before anybody is told.
    pub(super) fn add(&mut self, key: StorageKey) {
        self.keys.push(key);
    }

    /// The files are somebody's now.
    pub(crate) fn keep(mut self) {
        self.keys.clear();
    }
}

impl Drop for Leftovers {
    fn drop(&mut self) {
        let keys = std::mem::take(&mut self.keys);
        // Without a runtime the process is ending, and there is nobody to run the removal.
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
