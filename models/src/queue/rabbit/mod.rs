//! RabbitMQ: a durable quorum queue for each urgency, publisher confirms, manual acknowledgements.
//!
//! Runs with RabbitMQ 3.10 (Debian 12) and later; tried with 3.10.8, 4.0.5 (Debian 13) and 4.3.6.
//! What differs between versions, and why it does not matter here:
//! - *Delivery limit*: from 4.0 on, a quorum queue drops a message after 20 returns unless told
//!   otherwise (4.3 does not count `basic.nack`, but lost connections). It is set high, and attempts
//!   are counted in the database anyway. A policy with a lower `delivery-limit` wins over it.
//! - *Consumer timeout*: a delivery that is not acknowledged within 30 minutes, which takes a
//!   database that is away for as long, closes the channel; 4.3 takes the message back and cancels
//!   that queue's consumer instead. Either way the worker connects again.
//! - *Largest frame*: 4.3 ends connections that ask for less than 8192 bytes, which is what we ask
//!   for; so does `?frame_max=` in the URL if it is lower.
//! - *Global prefetch*: 3.10 and 4.0 refuse it on quorum queues, so it is set for each consumer.

mod link;
mod message;
mod publisher;
mod subscription;

use async_trait::async_trait;

use self::link::Link;
use self::publisher::Publisher;
use self::subscription::RabbitSubscription;
use super::{Queue, QueueError, Subscription};
use crate::domain::job::{JobMessage, Urgency};

/// Messages in RabbitMQ.
pub struct RabbitQueue {
    link: Link,
    publisher: Publisher,
}

impl RabbitQueue {
    /// Connects and declares the queues. `?prefix=` in the URL changes their names from
    /// `huibao.<urgency>`.
    pub async fn open(url: &str) -> Result<Self, QueueError> {
        let link = Link::new(url)?;
        let publisher = Publisher::new(link.clone());
        publisher.waiting(Urgency::Highest).await?;
        Ok(Self { link, publisher })
    }
}

#[async_trait]
impl Queue for RabbitQueue {
    async fn publish(&self, messages: &[JobMessage]) -> Result<(), QueueError> {
        self.publisher.publish(messages).await
    }

    async fn waiting(&self, urgency: Urgency) -> Result<u64, QueueError> {
        self.publisher.waiting(urgency).await
    }

    async fn subscribe(
        &self,
        urgencies: &[Urgency],
        prefetch: u16,
    ) -> Result<Box<dyn Subscription>, QueueError> {
        Ok(Box::new(RabbitSubscription::new(self.link.clone(), urgencies.to_vec(), prefetch)))
    }

    async fn health(&self) -> Result<(), QueueError> {
        self.waiting(Urgency::Highest).await.map(drop)
    }

    async fn close(&self) {
        self.publisher.close().await;
    }
}
