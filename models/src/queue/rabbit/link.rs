//! Connects to the broker and declares the queues.

use std::sync::Arc;
use std::time::Duration;

use futures::StreamExt;
use lapin::options::{ConfirmSelectOptions, QueueDeclareOptions};
use lapin::types::{AMQPValue, FieldTable};
use lapin::uri::AMQPUri;
use lapin::{Channel, Connection, ConnectionProperties, Event};

use crate::domain::job::Urgency;
use crate::queue::QueueError;

/// Timeout for the handshake.
const CONNECT: Duration = Duration::from_secs(10);

/// A connection without traffic for twice as many seconds is broken, whatever TCP says.
const HEARTBEAT_SECONDS: u16 = 10;

/// The largest frame in bytes. A message has about a hundred, and the library keeps room for 64 frames
/// for each connection: with the broker's default, that would be 8 MiB. Less is not to be had:
/// RabbitMQ 4.3 ends such a connection without a word.
const LARGEST_FRAME: u32 = 8192;

/// Returns before a queue gives a message up. Attempts are counted in the database; this only
/// keeps RabbitMQ 4's default of 20 from dropping messages that busy workers gave back.
const DELIVERY_LIMIT: i32 = 100_000;

/// The broker's address and the names of the queues. Cheap to clone.
#[derive(Clone)]
pub struct Link {
    uri: AMQPUri,
    /// Host and port, for messages.
    pub place: Arc<str>,
    prefix: Arc<str>,
}

impl Link {
    /// Reads a URL.
    pub fn new(url: &str) -> Result<Self, QueueError> {
        let mut uri: AMQPUri = url.parse().map_err(QueueError::Url)?;
        uri.query.heartbeat = uri.query.heartbeat.or(Some(HEARTBEAT_SECONDS));
        uri.query.frame_max = Some(uri.query.frame_max.unwrap_or_default().max(LARGEST_FRAME));
        let place = format!("{}:{}", uri.authority.host, uri.authority.port).into();
        let query = url.split_once('?').map_or("", |(_, query)| query);
        let prefix = query.split('&').find_map(|pair| pair.strip_prefix("prefix="));
        Ok(Self { uri, place, prefix: prefix.unwrap_or("huibao").into() })
    }

    /// Name of an urgency's queue.
    pub fn queue(&self, urgency: Urgency) -> String {
        format!("{}.{urgency}", self.prefix)
    }

    /// Name of the dead-letter queue, for unreadable messages.
    fn dead(&self) -> String {
        format!("{}.dead", self.prefix)
    }

    /// Connects, opens a channel with publisher confirms, and declares the queues.
    pub async fn connect(&self, purpose: &str) -> Result<(Connection, Channel), QueueError> {
        let (link, name) = (self.clone(), format!("huibao {purpose}"));
        // In a task of its own: a connection whose future is dropped half-way would stay open.
        let opening = tokio::spawn(async move { link.open(name).await });
        match tokio::time::timeout(CONNECT, opening).await {
            Ok(Ok(opened)) => opened.map_err(|error| QueueError::from_lapin(&self.place, &error)),
            Ok(Err(error)) => Err(QueueError::away(&self.place, error.to_string())),
            Err(_) => Err(QueueError::away(&self.place, "no answer while connecting")),
        }
    }

    async fn open(&self, name: String) -> lapin::Result<(Connection, Channel)> {
        let properties = ConnectionProperties::default().with_connection_name(name.into());
        let connection = Connection::connect_uri(self.uri.clone(), properties).await?;
        self.log_blocking(&connection);
        let channel = connection.create_channel().await?;
        channel.confirm_select(ConfirmSelectOptions::default()).await?;
        self.declare(&channel).await?;
        Ok((connection, channel))
    }

    /// Logs that the broker blocks the connection, because it is short of memory or disk.
    fn log_blocking(&self, connection: &Connection) {
        let (mut events, place) = (Box::pin(connection.events_listener()), Arc::clone(&self.place));
        tokio::spawn(async move {
            while let Some(event) = events.next().await {
                match event {
                    Event::ConnectionBlocked(reason) => {
                        tracing::warn!(%place, reason, "RabbitMQ takes no messages now");
                    }
                    Event::ConnectionUnblocked => {
                        tracing::info!(%place, "RabbitMQ takes messages again");
                    }
                    Event::Error(_) => return,
                    _ => {}
                }
            }
        });
    }

    /// Declaring an existing queue changes nothing, and fails if its arguments differ.
    async fn declare(&self, channel: &Channel) -> lapin::Result<()> {
        let mut arguments = FieldTable::default();
        arguments.insert("x-queue-type".into(), AMQPValue::LongString("quorum".into()));
        let options = QueueDeclareOptions { durable: true, ..QueueDeclareOptions::default() };
        channel.queue_declare(self.dead().into(), options, arguments.clone()).await?;
        arguments.insert("x-delivery-limit".into(), AMQPValue::LongInt(DELIVERY_LIMIT));
        arguments.insert("x-dead-letter-exchange".into(), AMQPValue::LongString("".into()));
        let dead = AMQPValue::LongString(self.dead().into());
        arguments.insert("x-dead-letter-routing-key".into(), dead);
        for urgency in Urgency::ALL.iter().copied() {
            channel.queue_declare(self.queue(urgency).into(), options, arguments.clone()).await?;
        }
        Ok(())
    }
}
