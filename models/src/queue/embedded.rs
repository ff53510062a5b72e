//! The embedded queue: in memory, for one process.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use async_trait::async_trait;
use tokio::sync::Notify;

use super::{Delivery, Queue, QueueError, Subscription};
use crate::domain::job::{JobMessage, Urgency};

/// Messages in memory. What a process that ends leaves behind is published again when the next one opens
/// the database.
#[derive(Debug, Default)]
pub struct EmbeddedQueue {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<[VecDeque<JobMessage>; Urgency::ALL.len()]>,
    more: Notify,
}

impl Shared {
    fn waiting(&self) -> MutexGuard<'_, [VecDeque<JobMessage>; Urgency::ALL.len()]> {
        // A queue of ids is consistent after each operation, so a poisoned lock is harmless.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn pop(&self, urgencies: &[Urgency]) -> Option<JobMessage> {
        let mut waiting = self.waiting();
        urgencies.iter().find_map(|urgency| waiting[*urgency as usize].pop_front())
    }
}

#[async_trait]
impl Queue for EmbeddedQueue {
    async fn publish(&self, messages: &[JobMessage]) -> Result<(), QueueError> {
        let mut waiting = self.shared.waiting();
        for message in messages {
            waiting[message.urgency as usize].push_back(*message);
        }
        drop(waiting);
        self.shared.more.notify_waiters();
        Ok(())
    }

    async fn waiting(&self, urgency: Urgency) -> Result<u64, QueueError> {
        Ok(self.shared.waiting()[urgency as usize].len() as u64)
    }

    async fn subscribe(
        &self,
        urgencies: &[Urgency],
        _prefetch: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        let shared = Arc::clone(&self.shared);
        Ok(Box::new(EmbeddedSubscription { shared, urgencies: urgencies.to_vec() }))
    }

    async fn health(&self) -> Result<(), QueueError> {
        Ok(())
    }

    async fn close(&self) {}
}

struct EmbeddedSubscription {
    shared: Arc<Shared>,
    urgencies: Vec<Urgency>,
}

#[async_trait]
impl Subscription for EmbeddedSubscription {
    async fn next(&mut self) -> Delivery {
        loop {
            let mut more = std::pin::pin!(self.shared.more.notified());
            // Registered before the check, so that no notification is missed in between.
            more.as_mut().enable();
            if let Some(message) = self.shared.pop(&self.urgencies) {
                return Delivery { message, receipt: None };
            }
            more.await;
        }
    }

    /// A message stays in the queue until it is asked for.
    async fn pause(&mut self) {}
}
