//! The three keepers together.

use std::sync::Arc;

use crate::db::Database;
use crate::queue::Queue;
use crate::storage::Storage;
use crate::task::Hint;

/// Rows, files and wake-ups of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Keepers {
    /// Rows: the truth.
    pub db: Database,
    /// Files.
    pub storage: Arc<dyn Storage>,
    /// Wake-ups.
    pub queue: Arc<dyn Queue>,
}

impl Keepers {
    /// Publishes the hints of tasks that a commit made ready. What the queue does not take now is
    /// marked in the database, and the relay publishes it once the queue is back. If even that
    /// fails, the hints are due in a while anyway.
    pub async fn announce(&self, hints: Vec<Hint>) {
        if hints.is_empty() {
            return;
        }
        if let Err(error) = self.queue.publish(&hints).await {
            tracing::warn!(%error, count = hints.len(), "cannot publish hints; they are kept");
            if let Err(error) = self.db.hint_soon(&hints, self.db.now()).await {
                tracing::warn!(%error, "cannot mark hints as due; they will be in a while");
            }
        }
    }
}
