//! The embedded queue: in memory, for one process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Delivery, Queue, QueueError, Subscription};
use crate::domain::job::{JobMessage, Stage};

/// Messages in memory. What a process that ends leaves behind is published again when the next one opens
/// the database.
#[derive(Debug, Default)]
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<[VecDeque<JobMessage>; Stage::ALL.len()]>,
    more: Notify,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, [VecDeque<JobMessage>; Stage::ALL.len()]> {
        // A queue of ids is consistent after each operation, so a poisoned lock is harmless.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pop(&self, stages: &[Stage]) -> Option<JobMessage> {
        let mut waiting = self.waiting();
        stages.iter().find_map(|stage| waiting[*stage as usize].pop_front())
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, messages: &[JobMessage]) -> Result<(), QueueError> {
        let mut waiting = self.shared.waiting();
        for message in messages {
            waiting[message.stage as usize].push_back(*message);
        }
        drop(waiting);
        self.shared.more.notify_waiters();
        Ok(())
    }

    async fn waiting(&self, stage: Stage) -> Result<u64, QueueError> {
        Ok(self.shared.waiting()[stage as usize].len() as u64)
    }

    async fn subscribe(
        &self,
        stages: &[Stage],
        _prefetch: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(EmbeddedSubscription { shared, stages: stages.to_vec() }))
    }

    async fn health(&self) -> Result<(), QueueError> {
        Ok(())
    }

    async fn close(&self) {}
}

struct EmbeddedSubscription {
    shared: Arc<Shared>,
    stages: Vec<Stage>,
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self) -> Delivery {
        loop {
            let mut more = std::pin::pin!(self.shared.more.notified());
            // Registered before the check, so that no notification is missed in between.
            more.as_mut().enable();
            if let Some(message) = self.shared.pop(&self.stages) {
                return Delivery { message, receipt: None };
            }
            more.await;
        }
    }

    /// A message stays in the queue until it is asked for.
    async fn pause(&mut self) {}
}
