//! The relay: publishes messages that are due. Usually whoever commits has published already; here
//! comes what went missing: the broker was away or its queues were purged, a process died between
//! commit and publish, a retry waited for its time, a lease ran out.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::domain::job::JobMessage;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

/// How often the table is looked at. With the lease, this bounds how soon the job of a worker
/// that died runs again.
const INTERVAL: Duration = Duration::from_secs(1);

/// A message that this process published is marked after so long. Most are answered by then and need no
/// mark; the others have it before they would be published again.
const MARK_AFTER: Duration = Duration::from_secs(15);

/// Publishes for a worker.
pub(crate) struct Relay {
    backends: Backends,
    /// What was published and is not marked yet.
    published: Mutex<VecDeque<(Instant, JobMessage)>>,
}

impl Relay {
    pub fn new(backends: Backends) -> Self {
        Self { backends, published: Mutex::default() }
    }

    /// Publishes the messages of jobs that a commit made ready.
    pub async fn announce(&self, messages: Vec<JobMessage>) {
        if !messages.is_empty() && self.backends.publish(&messages).await {
            let now = Instant::now();
            let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
            published.extend(messages.into_iter().map(|message| (now, message)));
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
            match self.backends.publish_due(self.backends.store.now()).await {
                Ok(()) => failing = false,
                // Once an outage, not once a second.
                Err(_) if failing => {}
                Err(error) => {
                    tracing::error!(%error, "cannot look for messages that are due; trying again");
                    failing = true;
                }
            }
        }
    }

    /// Marks what was published a while ago.
    async fn mark(&self) {
        let messages = self.to_mark();
        if !messages.is_empty() {
            self.backends.mark_published(&messages).await;
        }
    }

    fn to_mark(&self) -> Vec<JobMessage> {
        let mut published = self.published.lock().unwrap_or_else(PoisonError::into_inner);
        let old = published.partition_point(|(at, _)| at.elapsed() >= MARK_AFTER);
        published.drain(..old).map(|(_, message)| message).collect()
    }
}
