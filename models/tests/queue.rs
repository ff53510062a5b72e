//! What the queue promises, on both backends; and what RabbitMQ does to us, which we survive.

#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "a test may stop where something is missing"
)]

#[path = "common/rabbitmq.rs"]
mod broker;

use std::sync::Arc;
use std::time::Duration;

use huibao_models::domain::ids::JobId;
use huibao_models::domain::job::{JobMessage, Urgency};
use huibao_models::queue::{self, Delivery, Queue, QueueError, Subscription};
use uuid::Uuid;

/// Longest wait for what must come.
const PATIENCE: Duration = Duration::from_mins(1);
/// How long nothing must come.
const QUIET: Duration = Duration::from_millis(300);

/// Every promise, on every backend.
macro_rules! on_every_backend {
    ($($promise:ident)*) => {
        mod embedded {
            $(#[tokio::test] async fn $promise() {
                super::$promise(huibao_models::queue::open("embedded").await.unwrap()).await;
            })*
        }
        mod rabbitmq {
            $(#[tokio::test] async fn $promise() {
                super::$promise(super::rabbit().await).await;
            })*
        }
    };
}

on_every_backend! {
    what_is_published_arrives_once
    it_tells_how_many_wait
    the_most_urgent_comes_first
    two_receivers_share
    a_paused_receiver_leaves_the_rest_to_others
    waiting_can_be_given_up
}

/// RabbitMQ with queues of its own.
async fn rabbit() -> Arc<dyn Queue> {
    queue::open(&rabbit_url()).await.unwrap()
}

fn rabbit_url() -> String {
    let url = broker::queue_url();
    let mark = if url.contains('?') { '&' } else { '?' };
    format!("{url}{mark}prefix=test-{}", Uuid::now_v7().simple())
}

fn message(urgency: Urgency, token: i64) -> JobMessage {
    JobMessage { job_id: JobId::new(), urgency, token }
}

async fn subscribe(queue: &Arc<dyn Queue>) -> Box<dyn Subscription> {
    queue.subscribe(Urgency::ALL, 2).await.unwrap()
}

async fn next(receiver: &mut Box<dyn Subscription>) -> Delivery {
    tokio::time::timeout(PATIENCE, receiver.next()).await.unwrap()
}

async fn take(receiver: &mut Box<dyn Subscription>) -> JobMessage {
    let delivery = next(receiver).await;
    let message = delivery.message;
    delivery.ack().await;
    message
}

async fn assert_quiet(receiver: &mut Box<dyn Subscription>) {
    let more = tokio::time::timeout(QUIET, receiver.next()).await;
    assert!(more.is_err(), "unexpected {:?}", more.map(|delivery| delivery.message));
}

async fn what_is_published_arrives_once(queue: Arc<dyn Queue>) {
    queue.health().await.unwrap();
    let messages: Vec<JobMessage> = (0..20).map(|token| message(Urgency::Highest, token)).collect();
    queue.publish(&messages).await.unwrap();
    let mut receiver = subscribe(&queue).await;
    for expected in &messages {
        assert_eq!(take(&mut receiver).await, *expected);
    }
    assert_quiet(&mut receiver).await;
    queue.publish(&messages[..1]).await.unwrap();
    assert_eq!(take(&mut receiver).await, messages[0], "a duplicate is passed on");
    queue.close().await;
}

async fn it_tells_how_many_wait(queue: Arc<dyn Queue>) {
    let waiting = async |urgency| queue.waiting(urgency).await.unwrap();
    assert_eq!(waiting(Urgency::Low).await, 0);
    let messages: Vec<JobMessage> = (0..5).map(|token| message(Urgency::Low, token)).collect();
    queue.publish(&messages).await.unwrap();
    assert_eq!((waiting(Urgency::Low).await, waiting(Urgency::Highest).await), (5, 0));
    let mut receiver = subscribe(&queue).await;
    for _ in &messages {
        take(&mut receiver).await;
    }
    assert_eq!(waiting(Urgency::Low).await, 0);
}

async fn the_most_urgent_comes_first(queue: Arc<dyn Queue>) {
    let mut receiver = subscribe(&queue).await;
    // The receiver's own order decides, not that of publishing, once all have arrived.
    let first = message(Urgency::Highest, 0);
    queue.publish(&[first]).await.unwrap();
    assert_eq!(take(&mut receiver).await, first);
    let published = Urgency::ALL.iter().rev().map(|urgency| message(*urgency, 1));
    queue.publish(&published.collect::<Vec<_>>()).await.unwrap();
    tokio::time::sleep(QUIET).await;
    for urgency in Urgency::ALL {
        assert_eq!(take(&mut receiver).await.urgency, *urgency);
    }
}

async fn two_receivers_share(queue: Arc<dyn Queue>) {
    let mut receivers = [subscribe(&queue).await, subscribe(&queue).await];
    let messages: Vec<JobMessage> = (0..40).map(|token| message(Urgency::Normal, token)).collect();
    queue.publish(&messages).await.unwrap();
    let mut got = Vec::new();
    for turn in 0..messages.len() {
        let [one, other] = &mut receivers;
        let turn = turn.is_multiple_of(2);
        let (one, other) = if turn { (one, other) } else { (other, one) };
        let delivery = tokio::select! {
            biased;
            delivery = one.next() => delivery,
            delivery = other.next() => delivery,
        };
        got.push(delivery.message.token);
        delivery.ack().await;
    }
    got.sort_unstable();
    assert_eq!(got, (0..40).collect::<Vec<_>>());
}

async fn a_paused_receiver_leaves_the_rest_to_others(queue: Arc<dyn Queue>) {
    let mut busy = subscribe(&queue).await;
    let messages: Vec<JobMessage> = (0..3).map(|token| message(Urgency::Low, token)).collect();
    queue.publish(&messages).await.unwrap();
    let working_on = take(&mut busy).await;
    busy.pause().await;
    let mut idle = subscribe(&queue).await;
    let mut rest = vec![take(&mut idle).await.token, take(&mut idle).await.token];
    rest.push(working_on.token);
    rest.sort_unstable();
    assert_eq!(rest, [0, 1, 2]);
    idle.pause().await;
    queue.publish(&messages[..1]).await.unwrap();
    assert_eq!(take(&mut busy).await, messages[0], "it can go on");
}

async fn waiting_can_be_given_up(queue: Arc<dyn Queue>) {
    let mut receiver = subscribe(&queue).await;
    assert_quiet(&mut receiver).await;
    let late = message(Urgency::High, 1);
    queue.publish(&[late]).await.unwrap();
    assert_eq!(take(&mut receiver).await, late);
}

#[tokio::test]
async fn what_was_not_acknowledged_comes_again() {
    let queue = rabbit().await;
    let mut receiver = subscribe(&queue).await;
    let published = message(Urgency::Highest, 1);
    queue.publish(&[published]).await.unwrap();
    let unacknowledged = next(&mut receiver).await;
    drop(receiver);
    drop(unacknowledged);
    let mut receiver = subscribe(&queue).await;
    assert_eq!(take(&mut receiver).await, published);
}

#[tokio::test]
async fn what_was_given_back_often_is_not_dropped() {
    let queue = rabbit().await;
    let published = message(Urgency::Highest, 1);
    queue.publish(&[published]).await.unwrap();
    // More often than a quorum queue of RabbitMQ 4 bears unless told otherwise.
    for _ in 0..25 {
        let mut receiver = subscribe(&queue).await;
        let unacknowledged = next(&mut receiver).await;
        drop(receiver);
        drop(unacknowledged);
    }
    let mut receiver = subscribe(&queue).await;
    assert_eq!(take(&mut receiver).await, published);
}

#[tokio::test]
async fn urls_that_cannot_be_and_brokers_that_refuse_say_why() {
    let url = broker::queue_url();
    let password = url.split([':', '@']).nth(2).unwrap().to_owned();
    let wrong = queue::open(&url.replace(&password, "wrong")).await.err().unwrap();
    assert!(matches!(wrong, QueueError::Refused { .. }), "{wrong}");
    let vhost = format!("{}/nowhere", url.rsplit_once('/').unwrap().0);
    let nowhere = queue::open(&vhost).await.err().unwrap();
    assert!(matches!(nowhere, QueueError::Refused { .. }), "{nowhere}");
    let nobody = queue::open("amqp://a:b@127.0.0.1:1/%2f").await.err().unwrap();
    assert!(nobody.is_passing() && nobody.to_string().contains("127.0.0.1:1"), "{nobody}");
    assert!(matches!(queue::open("kafka://x").await.err().unwrap(), QueueError::Url(_)));
    for error in [wrong, nowhere, nobody] {
        assert!(!error.to_string().contains(&password));
    }
}

/// Tests that stop or choke the whole broker. One test, so that it disturbs no other.
#[tokio::test]
async fn the_broker_breaks_in_every_way() {
    let services = broker::Services::start().await;
    let queue = queue::open(&services.env("HUIBAO_QUEUE_URL")).await.unwrap();
    let mut receiver = subscribe(&queue).await;
    let works = async |receiver: &mut Box<dyn Subscription>, token| {
        let published = message(Urgency::Normal, token);
        let publish = async {
            while queue.publish(&[published]).await.is_err() {
                tokio::time::sleep(QUIET).await;
            }
        };
        tokio::time::timeout(PATIENCE, publish).await.unwrap();
        while take(receiver).await.token != token {}
    };
    works(&mut receiver, 1).await;

    // It closes every connection.
    services.rabbitmqctl(&["close_all_connections", "test"]).await;
    works(&mut receiver, 2).await;

    // It is stopped, and started again: what was published stays.
    let kept = message(Urgency::High, 3);
    queue.publish(&[kept]).await.unwrap();
    services.run(&["stop", "rabbitmq"]).await;
    assert!(queue.publish(&[message(Urgency::Highest, 4)]).await.unwrap_err().is_passing());
    assert!(queue.health().await.is_err());
    services.run(&["start", "rabbitmq"]).await;
    while take(&mut receiver).await != kept {}
    works(&mut receiver, 5).await;

    // Its queues are purged.
    receiver.pause().await;
    queue.publish(&[message(Urgency::Highest, 6)]).await.unwrap();
    services.rabbitmqctl(&["purge_queue", "huibao.highest"]).await;
    works(&mut receiver, 7).await;

    // It is short of memory and reads nothing.
    services.rabbitmqctl(&["set_vm_memory_high_watermark", "0.00001"]).await;
    let blocked = async {
        while queue.publish(&[message(Urgency::Highest, 8)]).await.is_ok() {
            tokio::time::sleep(QUIET).await;
        }
    };
    tokio::time::timeout(PATIENCE, blocked).await.unwrap();
    services.rabbitmqctl(&["set_vm_memory_high_watermark", "0.4"]).await;
    works(&mut receiver, 9).await;

    // Somebody else's message is set aside, and does not circulate.
    publish_rubbish(&services.env("HUIBAO_QUEUE_URL")).await;
    works(&mut receiver, 10).await;
    let count = async || {
        let listed = services.rabbitmqctl(&["list_queues", "name", "messages"]).await;
        let line = listed.lines().find(|line| line.starts_with("huibao.dead"));
        line.and_then(|line| line.split_whitespace().nth(1)).map(str::to_owned)
    };
    let set_aside = async {
        while count().await.as_deref() != Some("1") {
            tokio::time::sleep(QUIET).await;
        }
    };
    tokio::time::timeout(PATIENCE, set_aside).await.unwrap();
    assert_quiet(&mut receiver).await;
}

async fn publish_rubbish(url: &str) {
    let properties = lapin::ConnectionProperties::default();
    let connection = lapin::Connection::connect(url, properties).await.unwrap();
    let channel = connection.create_channel().await.unwrap();
    // Confirmed, or the end of the connection might be quicker than the message.
    channel.confirm_select(lapin::options::ConfirmSelectOptions::default()).await.unwrap();
    let (queue, options) =
        ("huibao.highest".into(), lapin::options::BasicPublishOptions::default());
    let properties = lapin::BasicProperties::default();
    channel
        .basic_publish("".into(), queue, options, b"hello", properties)
        .await
        .unwrap()
        .await
        .unwrap();
}
