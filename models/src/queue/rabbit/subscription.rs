//! Receiving messages, over a connection that is made again when it breaks.

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

use super::QueueError;
use super::link::Link;
use super::message::decode;
use crate::domain::job::{JobMessage, Stage};
use crate::queue::{Delivery, Subscription};

/// The first pause before connecting again; it doubles up to the longest.
const FIRST_PAUSE: Duration = Duration::from_millis(250);
const LONGEST_PAUSE: Duration = Duration::from_secs(10);

/// How long the end of a cancelled consumer is waited for.
const CANCEL: Duration = Duration::from_secs(5);

pub struct RabbitSubscription {
    link: Link,
    stages: Vec<Stage>,
    prefetch: u16,
    live: Option<Live>,
    /// Runs to its end whoever waits: a consumer that was begun and forgotten would keep the
    /// messages it was sent.
    opening: Option<JoinHandle<Result<Live, QueueError>>>,
    /// Received and not handed out: a list for each of `stages`.
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
    pub fn new(link: Link, stages: Vec<Stage>, prefetch: u16) -> Self {
        let received = stages.iter().map(|_| VecDeque::new()).collect();
        Self { link, stages, prefetch, live: None, opening: None, received, pause: FIRST_PAUSE }
    }

    /// Makes sure that there are consumers; waits while the broker is away.
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
                // Once an outage.
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
            let (link, stages) = (self.link.clone(), self.stages.clone());
            tokio::spawn(Live::open(self.live.take(), link, stages, self.prefetch))
        });
        let opened = opening.await;
        self.opening = None;
        opened.unwrap_or_else(|error| Err(QueueError::away(&self.link.place, error.to_string())))
    }

    /// Puts a message where its stage is. False if the connection is no good any more.
    fn take(&mut self, index: usize, message: Option<lapin::Result<Message>>) -> bool {
        let message = match message {
            Some(Ok(message)) => message,
            Some(Err(error)) => {
                tracing::warn!(%error, "lost the connection to RabbitMQ");
                return false;
            }
            None => return false,
        };
        match decode(&message.data) {
            Ok(decoded) => self.received[index].push_back((decoded, message)),
            Err(error) => refuse(message, &error),
        }
        true
    }

    /// Takes what has come already, without waiting. False if the connection is no good any more.
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

    /// The connection broke: what it delivered will come again.
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
        stages: Vec<Stage>,
        prefetch: u16,
    ) -> Result<Self, QueueError> {
        let mut live = if let Some(live) = live {
            live
        } else {
            let (connection, channel) = link.connect("worker").await?;
            let messages = SelectAll::new();
            Self { connection, channel, tags: Vec::new(), messages }
        };
        match live.start(&link, &stages, prefetch).await {
            Ok(()) => Ok(live),
            Err(error) => {
                live.close().await;
                Err(QueueError::from_lapin(&link.place, &error))
            }
        }
    }

    /// Ends the connection, and with it the consumers.
    async fn close(self) {
        // A broker that does not hear this finds out by the missing heartbeat.
        let _ = tokio::time::timeout(CANCEL, self.connection.close(200, "bye".into())).await;
    }

    async fn start(&mut self, link: &Link, stages: &[Stage], prefetch: u16) -> lapin::Result<()> {
        self.channel.basic_qos(prefetch.max(1), BasicQosOptions::default()).await?;
        let mut streams = Vec::new();
        for (index, stage) in stages.iter().enumerate() {
            let queue = ShortString::from(link.queue(*stage));
            let options = BasicConsumeOptions::default();
            let consumer = self
                .channel
                .basic_consume(queue, "".into(), options, FieldTable::default())
                .await?;
            self.tags.push(consumer.tag());
            // The end of a stream is news as well.
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
        // What was on its way when the consumers ended.
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
            // If this does not get through, the channel is broken and the broker requeues anyway.
            let _ = receipt.nack(requeue).await;
        }
    }
}

/// Rejects a message that nobody can read; the broker moves it to the dead queue.
fn refuse(message: Message, reason: &str) {
    tracing::error!(reason, "a message is none of ours; it goes to the dead queue");
    tokio::spawn(async move {
        let _ = message.reject(lapin::options::BasicRejectOptions { requeue: false }).await;
    });
}
