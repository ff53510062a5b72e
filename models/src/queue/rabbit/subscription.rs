//! Receives messages, over a connection that is opened again when it breaks.

use std::collections::VecDeque;
use std::time::Duration;

use async_trait::async_trait;
use futures::stream::{BoxStream, SelectAll, select_all};
use futures::{FutureExt, StreamExt};
use lapin::message::Delivery as Message;
use lapin::options::{BasicCancelOptions, BasicConsumeOptions, BasicNackOptions, BasicQosOptions};
use lapin::types::{FieldTable, ShortString};
use lapin::{Channel, Connection};
use tokio::task::JoinHandle;

use super::link::Link;
use super::message::decode;
use crate::domain::job::{JobMessage, Urgency};
use crate::queue::{Delivery, QueueError, Subscription};

/// The first pause before connecting again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long the end of a cancelled consumer is waited for.
const CANCEL: Duration = Duration::from_secs(5);

pub struct RabbitSubscription {
    link: Link,
    urgencies: Vec<Urgency>,
    prefetch: u16,
    live: Option<Live>,
    /// Runs to its end even if nobody waits: a consumer that was started and dropped would keep the
    /// messages that it received.
    opening: Option<JoinHandle<Result<Live, QueueError>>>,
    /// Received and not handed out: a list for each of `urgencies`.
    received: Vec<VecDeque<(JobMessage, Message)>>,
    pause: Duration,
}

struct Live {
    connection: Connection,
    channel: Channel,
    tags: Vec<ShortString>,
    messages: SelectAll<BoxStream<'static, (usize, Option<lapin::Result<Message>>)>>,
}

impl RabbitSubscription {
    pub fn new(link: Link, urgencies: Vec<Urgency>, prefetch: u16) -> Self {
        let received = urgencies.iter().map(|_| VecDeque::new()).collect();
        Self { link, urgencies, prefetch, live: None, opening: None, received, pause: FIRST_PAUSE }
    }

    /// Ensures that there are consumers; waits while the broker is unreachable.
    async fn consume(&mut self) -> &mut Live {
        loop {
            match self.try_consume().await {
                Ok(live) => {
                    if self.pause > FIRST_PAUSE {
                        tracing::info!(place = %self.link.place, "receiving from RabbitMQ again");
                    }
                    self.pause = FIRST_PAUSE;
                    return self.live.insert(live);
                }
                // Once per outage.
                Err(error) if self.pause == FIRST_PAUSE => {
                    tracing::error!(%error, "cannot receive from RabbitMQ; trying again");
                }
                Err(error) => tracing::debug!(%error, "still cannot receive from RabbitMQ"),
            }
            tokio::time::sleep(self.pause).await;
            self.pause = (self.pause * 2).min(LONGEST_PAUSE);
        }
    }

    async fn try_consume(&mut self) -> Result<Live, QueueError> {
        if let Some(live) = self.live.take_if(|live| !live.tags.is_empty()) {
            return Ok(live);
        }
        let opening = self.opening.get_or_insert_with(|| {
            let (link, urgencies) = (self.link.clone(), self.urgencies.clone());
            tokio::spawn(Live::open(self.live.take(), link, urgencies, self.prefetch))
        });
        let opened = opening.await;
        self.opening = None;
        opened.unwrap_or_else(|error| Err(QueueError::away(&self.link.place, error.to_string())))
    }

    /// Queues a message by its urgency. False if the connection is broken.
    fn take(&mut self, index: usize, message: Option<lapin::Result<Message>>) -> bool {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                tracing::warn!(%error, "lost the connection to RabbitMQ");
                return false;
            }
            None => return false,
        };
        match decode(&message.data, self.urgencies[index]) {
            Ok(decoded) => self.received[index].push_back((decoded, message)),
            Err(error) => refuse(message, &error),
        }
        true
    }

    /// Takes what has arrived, without waiting. False if the connection is broken.
    fn take_ready(&mut self) -> bool {
        while let Some(live) = &mut self.live {
            match live.messages.next().now_or_never() {
                Some(Some((index, message))) => {
                    if !self.take(index, message) {
                        return false;
                    }
                }
                Some(None) => return live.tags.is_empty(),
                None => return true,
            }
        }
        true
    }

    /// The connection is broken: what it delivered will be delivered again.
    fn lose(&mut self) {
        if let Some(live) = self.live.take() {
            tokio::spawn(live.close());
        }
        self.received.iter_mut().for_each(VecDeque::clear);
    }
}

impl Live {
    /// Connects, unless there is a connection, and starts the consumers.
    async fn open(
        live: Option<Self>,
        link: Link,
        urgencies: Vec<Urgency>,
        prefetch: u16,
    ) -> Result<Self, QueueError> {
        let mut live = if let Some(live) = live {
            live
        } else {
            let (connection, channel) = link.connect("worker").await?;
            let messages = SelectAll::new();
            Self { connection, channel, tags: Vec::new(), messages }
        };
        match live.start(&link, &urgencies, prefetch).await {
            Ok(()) => Ok(live),
            Err(error) => {
                live.close().await;
                Err(QueueError::from_lapin(&link.place, &error))
            }
        }
    }

    /// Ends the connection, and with it the consumers.
    async fn close(self) {
        // If this fails, the broker notices the missing heartbeat.
        let _ = tokio::time::timeout(CANCEL, self.connection.close(200, "bye".into())).await;
    }

    async fn start(
        &mut self,
        link: &Link,
        urgencies: &[Urgency],
        prefetch: u16,
    ) -> lapin::Result<()> {
        self.channel.basic_qos(prefetch.max(1), BasicQosOptions::default()).await?;
        let mut streams = Vec::new();
        for (index, urgency) in urgencies.iter().enumerate() {
            let queue = ShortString::from(link.queue(*urgency));
            let options = BasicConsumeOptions::default();
            let consumer = self
                .channel
                .basic_consume(queue, "".into(), options, FieldTable::default())
                .await?;
            self.tags.push(consumer.tag());
            // The end of a stream is an event as well.
            let messages = consumer.map(Some).chain(futures::stream::once(async { None }));
            streams.push(messages.map(move |message| (index, message)).boxed());
        }
        self.messages = select_all(streams);
        Ok(())
    }

    async fn cancel(&mut self) -> lapin::Result<()> {
        for tag in std::mem::take(&mut self.tags) {
            self.channel.basic_cancel(tag, BasicCancelOptions::default()).await?;
        }
        Ok(())
    }
}

#[async_trait]
impl Subscription for RabbitSubscription {
    async fn next(&mut self) -> Delivery {
        loop {
            if !self.take_ready() {
                self.lose();
            }
            if let Some((message, receipt)) = self.received.iter_mut().find_map(VecDeque::pop_front)
            {
                return Delivery { message, receipt: Some(receipt) };
            }
            let live = self.consume().await;
            let next = live.messages.next().await;
            let good = next.is_some_and(|(index, message)| self.take(index, message));
            if !good {
                self.lose();
            }
        }
    }

    async fn pause(&mut self) {
        if let Some(opening) = &mut self.opening {
            let opened = opening.await;
            self.opening = None;
            self.live = opened.ok().and_then(Result::ok);
        }
        let Some(live) = &mut self.live else { return };
        let cancelled = tokio::time::timeout(CANCEL, live.cancel()).await;
        if !matches!(cancelled, Ok(Ok(()))) {
            return self.lose();
        }
        // What was in transit when the consumers ended.
        while let Some(live) = &mut self.live {
            match live.messages.next().now_or_never().flatten() {
                Some((_, None)) => {}
                Some((index, message)) => {
                    if !self.take(index, message) {
                        return self.lose();
                    }
                }
                None => break,
            }
        }
        let requeue = BasicNackOptions { requeue: true, ..BasicNackOptions::default() };
        for (_, receipt) in self.received.iter_mut().flat_map(|list| list.drain(..)) {
            // If this fails, the channel is broken and the broker requeues anyway.
            let _ = receipt.nack(requeue).await;
        }
    }
}

/// Rejects an unreadable message; the broker moves it to the dead-letter queue.
fn refuse(message: Message, reason: &str) {
    tracing::error!(reason, "unreadable message, moved to the dead-letter queue");
    tokio::spawn(async move {
        let _ = message.reject(lapin::options::BasicRejectOptions { requeue: false }).await;
    });
}
