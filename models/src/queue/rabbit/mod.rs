//! RabbitMQ: a durable quorum queue for each stage, publisher confirms, manual acknowledgements.
//!
//! Runs with RabbitMQ 3.10 (Debian 12) and later. What differs between versions, and why it does
//! not matter here:
//! - *Delivery limit*: from 4.0 on, a quorum queue drops a message after 20 returns unless told
//!   otherwise. It is set high, and attempts are counted in the database anyway.
//! - *Consumer timeout*: a delivery that is not acknowledged within 30 minutes closes the channel;
//!   3.10 can only set that for the whole server. A worker acknowledges as soon as its claim is
//!   committed, so no delivery gets that old.
//! - *Global prefetch*: quorum queues have none, so it is set for each consumer.

mod link;
mod message;
mod publisher;
mod subscription;

use async_trait::async_trait;

use self::link::Link;
use self::publisher::Publisher;
use self::subscription::RabbitSubscription;
use super::{Queue, QueueError, Subscription};
use crate::task::{Hint, Stage};

/// Hints in RabbitMQ.
pub struct RabbitQueue {
    link: Link,
    publisher: Publisher,
}

impl RabbitQueue {
    /// Connects and declares the queues. `?prefix=` in the URL changes their names from
    /// `huibao.<stage>`.
    pub async fn open(url: &str) -> Result<Self, QueueError> {
        let link = Link::new(url)?;
        let publisher = Publisher::new(link.clone());
        publisher.waiting(Stage::Ingest).await?;
        Ok(Self { link, publisher })
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn publish(&self, hints: &[Hint]) -> Result<(), QueueError> {
        self.publisher.publish(hints).await
    }

    async fn waiting(&self, stage: Stage) -> Result<u64, QueueError> {
        self.publisher.waiting(stage).await
    }

    async fn subscribe(
        &self,
        stages: &[Stage],
        prefetch: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        Ok(Box::new(RabbitSubscription::new(self.link.clone(), stages.to_vec(), prefetch)))
    }

    async fn health(&self) -> Result<(), QueueError> {
        self.waiting(Stage::Ingest).await.map(drop)
    }

    async fn close(&self) {
        self.publisher.close().await;
    }
}
