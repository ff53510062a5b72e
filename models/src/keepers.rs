//! The three keepers together: what a commit made ready, and what went missing, is published.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::db::{Database, DbError, Unanswered};
use crate::queue::Queue;
use crate::storage::Storage;
use crate::task::{Hint, Stage};

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

/// Hints taken from the database at once.
const BATCH: u32 = 200;

impl Keepers {
    /// Publishes the hints of tasks that a commit made ready, and marks them as published.
    pub async fn announce(&self, hints: Vec<Hint>) {
        if !hints.is_empty() && self.publish(&hints).await {
            self.mark_published(&hints).await;
        }
    }

    /// Publishes hints, and returns whether the queue took them. What it does not take now is marked
    /// in the database, and the relay publishes it once the queue is back. If even that fails, the
    /// hints are due in a while anyway.
    pub async fn publish(&self, hints: &[Hint]) -> bool {
        let Err(error) = self.queue.publish(hints).await else { return true };
        tracing::warn!(%error, count = hints.len(), "cannot publish hints; they are kept");
        if let Err(error) = self.db.hint_soon(hints, self.db.now()).await {
            tracing::warn!(%error, "cannot mark hints as due; they will be in a while");
        }
        false
    }

    /// Says in the database that hints were published.
    pub async fn mark_published(&self, hints: &[Hint]) {
        if let Err(error) = self.db.hints_published(hints, self.db.now()).await {
            tracing::debug!(%error, "cannot mark hints as published; they will be once more");
        }
    }

    /// Publishes the hints that are due: those that never were, and those that seem to be lost. Stops
    /// where the queue takes no more.
    pub async fn publish_due(&self, now: DateTime<Utc>) -> Result<(), DbError> {
        loop {
            let hints = self.db.due_hints(BATCH, now).await?;
            if !self.publish_batch(&hints).await {
                break;
            }
        }
        let unanswered = self.db.unanswered(now).await?;
        for stage in Stage::ALL {
            let due: Vec<_> = unanswered.iter().filter(|due| due.stage == stage).collect();
            if due.is_empty() {
                continue;
            }
            // Asked once: what is published now would change the answer.
            let waiting = self.queue.waiting(stage).await.ok();
            for due in due {
                self.publish_lost(due, due.lost_since(waiting, now), now).await?;
            }
        }
        Ok(())
    }

    async fn publish_lost(
        &self,
        due: &Unanswered,
        lost_since: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<(), DbError> {
        if due.since > lost_since {
            return Ok(());
        }
        loop {
            let hints = self.db.lost_hints(due, lost_since, BATCH, now).await?;
            if !self.publish_batch(&hints).await {
                return Ok(());
            }
        }
    }

    /// Whether it was published and there may be more.
    async fn publish_batch(&self, hints: &[Hint]) -> bool {
        if hints.is_empty() {
            return false;
        }
        tracing::debug!(count = hints.len(), "hints are due");
        self.publish(hints).await && hints.len() == BATCH as usize
    }
}
