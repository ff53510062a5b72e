//! Publishes with confirms, over a connection that is opened again when it breaks.

use std::time::Duration;

use lapin::options::{BasicPublishOptions, QueueDeclareOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{BasicProperties, Channel, Confirmation, Connection};
use tokio::sync::Mutex;

use super::link::Link;
use super::message::encode;
use crate::domain::job::{JobMessage, Urgency};
use crate::queue::QueueError;

/// A broker that is blocked by an alarm reads nothing: waiting longer for its confirms would hold
/// up whoever publishes, and the messages are in the database anyway.
const CONFIRM: Duration = Duration::from_secs(5);

/// Survives a restart of the broker.
const PERSISTENT: u8 = 2;

pub struct Publisher {
    link: Link,
    open: Mutex<Option<Open>>,
}

struct Open {
    connection: Connection,
    channel: Channel,
}

impl Publisher {
    pub fn new(link: Link) -> Self {
        Self { link, open: Mutex::new(None) }
    }

    pub async fn publish(&self, messages: &[JobMessage]) -> Result<(), QueueError> {
        let channel = self.channel().await?;
        let confirmed = tokio::time::timeout(CONFIRM, self.send(&channel, messages)).await;
        confirmed.map_err(|_| QueueError::away(&self.link.place, "messages are not confirmed"))?
    }

    async fn send(&self, channel: &Channel, messages: &[JobMessage]) -> Result<(), QueueError> {
        let failed = |error: lapin::Error| QueueError::from_lapin(&self.link.place, &error);
        let options = BasicPublishOptions { mandatory: true, ..BasicPublishOptions::default() };
        let mut confirms = Vec::with_capacity(messages.len());
        for message in messages {
            let queue = ShortString::from(self.link.queue(message.urgency));
            let body = encode(message);
            // Through the default exchange, which knows every queue by its name.
            let sent = channel.basic_publish("".into(), queue, options, &body, properties(message));
            confirms.push(sent.await.map_err(failed)?);
        }
        for confirm in confirms {
            match confirm.await.map_err(failed)? {
                Confirmation::Ack(None) => {}
                Confirmation::Ack(Some(_)) => {
                    return Err(QueueError::away(&self.link.place, "a queue is gone"));
                }
                Confirmation::Nack(_) | Confirmation::NotRequested => {
                    return Err(QueueError::away(&self.link.place, "a message was not taken"));
                }
            }
        }
        Ok(())
    }

    /// An open channel; a new one if the last one broke.
    async fn channel(&self) -> Result<Channel, QueueError> {
        let mut open = self.open.lock().await;
        if let Some(open) = open.as_ref().filter(|open| open.is_usable()) {
            return Ok(open.channel.clone());
        }
        *open = None;
        let (connection, channel) = self.link.connect("publisher").await?;
        *open = Some(Open { connection, channel: channel.clone() });
        Ok(channel)
    }

    /// How many messages are ready in the queue of this urgency. An answer shows as well that the broker is
    /// reachable.
    pub async fn waiting(&self, urgency: Urgency) -> Result<u64, QueueError> {
        let channel = self.channel().await?;
        let name = ShortString::from(self.link.queue(urgency));
        let passive = QueueDeclareOptions { passive: true, ..QueueDeclareOptions::default() };
        let asked = channel.queue_declare(name, passive, FieldTable::default());
        match tokio::time::timeout(CONFIRM, asked).await {
            Ok(answered) => answered
                .map(|queue| u64::from(queue.message_count()))
                .map_err(|error| QueueError::from_lapin(&self.link.place, &error)),
            Err(_) => Err(QueueError::away(&self.link.place, "no answer")),
        }
    }

    pub async fn close(&self) {
        if let Some(open) = self.open.lock().await.take() {
            let closed = open.connection.close(200, "bye".into());
            // Even if this fails, the connection ends with the process.
            let _ = tokio::time::timeout(CONFIRM, closed).await;
        }
    }
}

impl Open {
    fn is_usable(&self) -> bool {
        self.connection.status().connected() && self.channel.status().connected()
    }
}

fn properties(message: &JobMessage) -> BasicProperties {
    BasicProperties::default()
        .with_delivery_mode(PERSISTENT)
        .with_content_type("application/json".into())
        .with_message_id(format!("{}:{}", message.job_id, message.token).into())
}
