//! The three backends together: what a commit made ready, and what went missing, is published.

use std::sync::Arc;

use chrono::{DateTime, Utc};

use crate::domain::job::{JobMessage, Urgency};
use crate::metrics::MESSAGES;
use crate::queue::Queue;
use crate::storage::Storage;
use crate::store::{Store, StoreError, Unanswered, UnitOfWork};

/// Rows, files and wake-ups of one installation. Cheap to clone.
#[derive(Clone)]
pub struct Backends {
    /// Rows: the truth.
    pub store: Store,
    /// Files.
    pub storage: Arc<dyn Storage>,
    /// Wake-ups.
    pub queue: Arc<dyn Queue>,
}

/// Messages taken from the database at once.
const BATCH: u32 = 200;

impl Backends {
    /// Commits a unit of work, and publishes the messages of the jobs that it made ready.
    pub async fn commit(&self, unit: UnitOfWork) -> Result<(), StoreError> {
        let messages = unit.commit().await?;
        self.announce(messages).await;
        Ok(())
    }

    /// Publishes the messages of jobs that a commit made ready, and marks them as published.
    pub async fn announce(&self, messages: Vec<JobMessage>) {
        if !messages.is_empty() && self.publish(&messages).await {
            self.mark_published(&messages).await;
        }
    }

    /// Publishes messages, and returns whether the queue took them. What it does not take now is marked
    /// in the database, and the relay publishes it once the queue is back. If even that fails, the
    /// messages are due in a while anyway.
    pub async fn publish(&self, messages: &[JobMessage]) -> bool {
        let published = self.queue.publish(messages).await;
        let outcome = if published.is_ok() { "taken" } else { "refused" };
        metrics::counter!(MESSAGES, "outcome" => outcome).increment(messages.len() as u64);
        let Err(error) = published else { return true };
        tracing::warn!(%error, count = messages.len(), "cannot publish messages; they are kept");
        if let Err(error) = self.store.publish_soon(messages, self.store.now()).await {
            tracing::warn!(%error, "cannot mark messages as due; they will be in a while");
        }
        false
    }

    /// Says in the database that messages were published.
    pub async fn mark_published(&self, messages: &[JobMessage]) {
        if let Err(error) = self.store.messages_published(messages, self.store.now()).await {
            tracing::debug!(%error, "cannot mark messages as published; they will be once more");
        }
    }

    /// Publishes the messages that are due: those that never were, and those that seem to be lost. Stops
    /// where the queue takes no more.
    pub async fn publish_due(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        loop {
            let messages = self.store.due_messages(BATCH, now).await?;
            if !self.publish_batch(&messages).await {
                break;
            }
        }
        let unanswered = self.store.unanswered(now).await?;
        for urgency in Urgency::ALL {
            let due: Vec<_> = unanswered.iter().filter(|due| due.urgency == *urgency).collect();
            if due.is_empty() {
                continue;
            }
            // Asked once: what is published now would change the answer.
            let waiting = self.queue.waiting(*urgency).await.ok();
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
    ) -> Result<(), StoreError> {
        if due.since > lost_since {
            return Ok(());
        }
        loop {
            let messages = self.store.lost_messages(due, lost_since, BATCH, now).await?;
            if !self.publish_batch(&messages).await {
                return Ok(());
            }
        }
    }

    /// Whether it was published and there may be more.
    async fn publish_batch(&self, messages: &[JobMessage]) -> bool {
        if messages.is_empty() {
            return false;
        }
        tracing::debug!(count = messages.len(), "messages are due");
        self.publish(messages).await && messages.len() == BATCH as usize
    }
}
