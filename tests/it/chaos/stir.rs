//! Messages that come twice and in another order.

use lapin::message::BasicGetMessage;
use lapin::options::{BasicAckOptions, BasicGetOptions, BasicPublishOptions};
use lapin::{Channel, Connection, ConnectionProperties};

/// Takes what waits in the queues and puts it back twice, the last first.
pub fn stir(url: &str, queues: &[String]) {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    runtime.block_on(async {
        let connection = Connection::connect(url, ConnectionProperties::default()).await.unwrap();
        let channel = connection.create_channel().await.unwrap();
        for queue in queues {
            stir_one(&channel, queue).await;
        }
        connection.close(200, "bye".into()).await.unwrap();
    });
}

async fn stir_one(channel: &Channel, queue: &str) {
    let mut taken: Vec<BasicGetMessage> = Vec::new();
    while let Some(message) =
        channel.basic_get(queue.into(), BasicGetOptions::default()).await.unwrap()
    {
        taken.push(message);
    }
    for message in taken.iter().rev().flat_map(|message| [message, message]) {
        let options = BasicPublishOptions::default();
        let properties = message.properties.clone();
        let sent =
            channel.basic_publish("".into(), queue.into(), options, &message.data, properties);
        sent.await.unwrap();
    }
    for message in taken {
        message.ack(BasicAckOptions::default()).await.unwrap();
    }
}
