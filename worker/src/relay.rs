//! The relay: publishes hints that are due. Usually whoever commits has published already; here
//! comes what went missing: the broker was away or its queues were purged, a process died between
//! commit and publish, a retry waited for its time, a lease ran out.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use huibao_models::keepers::Keepers;
use huibao_models::task::Hint;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the table is looked at. With the lease, this bounds how soon the task of a worker
/// that died runs again.
const INTERVAL: Duration = Duration::from_secs(1);

/// A hint that this process published is marked after so long. Most are answered by then and need no
/// mark; the others have it before they would be published again.
const MARK_AFTER: Duration = Duration::from_secs(15);

/// Publishes for a worker.
pub(crate) struct Relay {
    keepers: Keepers,
    /// What was published and is not marked yet.
    published: Mutex<VecDeque<(Instant, Hint)>>,
}

impl Relay {
    pub fn new(keepers: Keepers) -> Self {
        Self { keepers, published: Mutex::default() }
    }

    /// Publishes the hints of tasks that a commit made ready.
    pub async fn announce(&self, hints: Vec<Hint>) {
        if !hints.is_empty() && self.keepers.publish(&hints).await {
            let now = Instant::now();
            let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
            published.extend(hints.into_iter().map(|hint| (now, hint)));
        }
    }

    /// Runs until `stop`.
    pub async fn run(&self, stop: CancellationToken) {
        let mut tick = tokio::time::interval(INTERVAL);
        tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
        let mut failing = false;
        loop {
            tokio::select! {
                () = stop.cancelled() => return,
                _ = tick.tick() => {}
            }
            self.mark().await;
            match self.keepers.publish_due(self.keepers.db.now()).await {
                Ok(()) => failing = false,
                // Once an outage, not once a second.
                Err(_) if failing => {}
                Err(error) => {
                    tracing::error!(%error, "cannot look for hints that are due; trying again");
                    failing = true;
                }
            }
        }
    }

    /// Marks what was published a while ago.
    async fn mark(&self) {
        let hints = self.to_mark();
        if !hints.is_empty() {
            self.keepers.mark_published(&hints).await;
        }
    }

    fn to_mark(&self) -> Vec<Hint> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let old = published.partition_point(|(at, _)| at.elapsed() >= MARK_AFTER);
        published.drain(..old).map(|(_, hint)| hint).collect()
    }
}
