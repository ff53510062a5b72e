//! The relay: publishes hints that are due. Usually whoever commits has published already; here
//! comes what went missing: the broker was away or its queues were purged, a process died between
//! commit and publish, a retry waited for its time, a lease ran out.

use std::time::Duration;

use huibao_models::db::DbError;
use huibao_models::keepers::Keepers;
use tokio_util::sync::CancellationToken;

/// How often the table is looked at. With the lease, this bounds how soon the task of a worker
/// that died runs again.
const INTERVAL: Duration = Duration::from_secs(1);

/// Hints taken at once.
const BATCH: u32 = 200;

/// Runs until `stop`.
pub async fn run(keepers: Keepers, stop: CancellationToken) {
    let mut tick = tokio::time::interval(INTERVAL);
    tick.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    let mut failing = false;
    loop {
        tokio::select! {
            () = stop.cancelled() => return,
            _ = tick.tick() => {}
        }
        match publish_due(&keepers).await {
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

async fn publish_due(keepers: &Keepers) -> Result<(), DbError> {
    loop {
        let hints = keepers.db.due_hints(BATCH, keepers.db.now()).await?;
        let last = hints.len() < BATCH as usize;
        if !hints.is_empty() {
            tracing::debug!(count = hints.len(), "hints are due");
            keepers.announce(hints).await;
        }
        if last {
            return Ok(());
        }
    }
}
