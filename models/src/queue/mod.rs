//! The queue backend: tells workers which jobs may be ready. The jobs table is the source of truth, so a
//! message that is lost, duplicated, delayed or out of order costs time and nothing else.

mod embedded;
mod error;
mod rabbit;

use std::sync::Arc;

use async_trait::async_trait;

pub use embedded::EmbeddedQueue;
pub use error::QueueError;
pub use rabbit::RabbitQueue;

use crate::domain::job::{JobMessage, Urgency};

/// Carries messages from the process that makes a job ready to a worker that can run it.
#[async_trait]
pub trait Queue: Send + Sync {
    /// Publishes messages; returns once the queue has taken responsibility for all of them. After an
    /// error, some may have been published.
    async fn publish(&self, messages: &[JobMessage]) -> Result<(), QueueError>;

    /// How many messages of this urgency wait, not counting those that a receiver holds.
    async fn waiting(&self, urgency: Urgency) -> Result<u64, QueueError>;

    /// Starts to receive messages of these urgencies, the most urgent first in the slice. `prefetch` is
    /// how many jobs the receiver can start now.
    async fn subscribe(
        &self,
        urgencies: &[Urgency],
        prefetch: u16,
    ) -> Result<Box<dyn Subscription>, QueueError>;

    /// Whether messages can be published now.
    async fn health(&self) -> Result<(), QueueError>;

    /// Closes connections in an orderly way.
    async fn close(&self);
}

/// A receiver of messages.
#[async_trait]
pub trait Subscription: Send {
    /// The next message, of the first urgency that has one. While the queue is unreachable, this waits
    /// and connects again. Dropping the future loses no message.
    async fn next(&mut self) -> Delivery;

    /// Stops receiving, and gives back what was received and not handed out, so that somebody else
    /// gets it. The next call of [`Self::next`] starts again.
    async fn pause(&mut self);
}

/// A message that was received.
#[derive(Debug)]
pub struct Delivery {
    /// Its content.
    pub message: JobMessage,
    /// RabbitMQ's own message, by which it is acknowledged.
    receipt: Option<lapin::message::Delivery>,
}

impl Delivery {
    /// Acknowledges the message. If this fails, the message is delivered again, which is harmless.
    pub async fn ack(self) {
        if let Some(receipt) = self.receipt
            && let Err(error) = receipt.ack(lapin::options::BasicAckOptions::default()).await
        {
            tracing::debug!(%error, "a message could not be acknowledged and will come again");
        }
    }
}

/// Opens the queue that a URL names: empty or `embedded`, or `amqp://…`, `amqps://…`. The only
/// place that looks at the scheme.
pub async fn open(url: &str) -> Result<Arc<dyn Queue>, QueueError> {
    match url.split_once("://") {
        None if matches!(url, "" | "embedded") => Ok(Arc::new(EmbeddedQueue::default())),
        Some(("amqp" | "amqps", _)) => Ok(Arc::new(RabbitQueue::open(url).await?)),
        _ => Err(QueueError::Url("use amqp://user:password@host:port/vhost, or embedded".into())),
    }
}
