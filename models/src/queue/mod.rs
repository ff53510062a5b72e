//! The queue keeper: wakes workers. A message is only a hint; the task table is the truth.

mod embedded;

use async_trait::async_trait;

pub use embedded::EmbeddedQueue;

use crate::task::Stage;

/// Tells workers that there may be something to claim.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Hints that a task of this stage may be ready. Losing a hint costs time, never work.
    async fn hint(&self, stage: Stage);

    /// Returns once a hint has come since the last call. Callers add a timeout of their own.
    async fn wait(&self);
}
