//! The embedded queue: one process, one wake-up.

use async_trait::async_trait;
use tokio::sync::Notify;

use super::Queue;
use crate::task::Stage;

/// Wakes the worker in this process.
#[derive(Debug, Default)]
pub struct EmbeddedQueue {
    wake: Notify,
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn hint(&self, _stage: Stage) {
        // `notify_one` keeps a permit, so a hint sent while nobody waits is not lost.
        self.wake.notify_one();
    }

    async fn wait(&self) {
        self.wake.notified().await;
    }
}
