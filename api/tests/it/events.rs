//! Following a report, and stopping.

use std::time::Duration;

use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use huibao_models::domain::job::RetryPolicy;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use huibao_models::store::Store;
use reqwest::Response;
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, PATIENCE, segment};

/// Reads a stream of events, one at a time.
struct Events {
    response: Response,
    buffer: String,
}

impl Events {
    async fn follow(harness: &Harness, query: &str) -> Self {
        let id = harness.submit().await;
        let path = format!("/api/v1/reports/{id}/events{query}");
        let response = harness.get(&path).send().await.unwrap();
        assert_eq!(response.headers()["content-type"], "text/event-stream");
        Self { response, buffer: String::new() }
    }

    /// Name and data of the next event; none when the stream has ended.
    async fn next(&mut self) -> Option<(String, Value)> {
        tokio::time::timeout(PATIENCE, self.read()).await.unwrap()
    }

    async fn read(&mut self) -> Option<(String, Value)> {
        while !self.buffer.contains("\n\n") {
            let chunk = self.response.chunk().await.unwrap()?;
            self.buffer.push_str(std::str::from_utf8(&chunk).unwrap());
        }
        let (event, rest) = self.buffer.split_once("\n\n").unwrap();
        let field = |name: &str| event.lines().find_map(|line| line.strip_prefix(name)).unwrap();
        let read = (field("event: ").to_owned(), serde_json::from_str(field("data: ")).unwrap());
        self.buffer = rest.into();
        Some(read)
    }

    /// Reads on until a report looks as it should.
    async fn until(&mut self, wanted: impl Fn(&Value) -> bool) -> Value {
        loop {
            let (name, report) = self.next().await.unwrap();
            assert_eq!(name, "report");
            if wanted(&report) {
                return report;
            }
        }
    }
}

#[tokio::test]
async fn changes_are_seen_until_the_end() {
    let harness = Harness::new().await;
    let mut events = Events::follow(&harness, "").await;
    let (name, report) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &report["state"]), ("report", &Value::from("submitted")));

    harness.work(Stage::Ingest).await;
    events.until(|report| !report["media"].is_null()).await;
    let claim = harness.claim(Stage::Transcribe).await;
    harness.store.publish_partial(&claim, 0, &segment("敬爱的")).await.unwrap();
    let report = events.until(|report| !report["partial"][0].is_null()).await;
    assert_eq!(report["partial"][0]["text"], "敬爱的");
    harness.complete(&claim).await;
    events.until(|report| !report["transcript"].is_null()).await;
    harness.work(Stage::Transcode).await;
    harness.work(Stage::Archive).await;
    events.until(|report| report["state"] == "ready").await;
    assert_eq!(events.next().await.unwrap().0, "end");
    assert!(events.next().await.is_none());
}

#[tokio::test]
async fn a_dead_stage_does_not_hide_what_others_still_make() {
    let harness = Harness::new().await;
    let mut events = Events::follow(&harness, "?lang=en").await;
    harness.work(Stage::Ingest).await;
    let transcode = harness.claim(Stage::Transcode).await;
    let failure = Failure::new(FailureCode::UnsupportedCodec, "none");
    let now = chrono::Utc::now();
    harness.store.fail(&transcode, &failure, &RetryPolicy::default(), now).await.unwrap().unwrap();
    let report = events.until(|report| report["state"] == "failed").await;
    assert_eq!(report["failure"]["message"], FailureCode::UnsupportedCodec.message(Lang::En));
    harness.work(Stage::Transcribe).await;
    events.until(|report| !report["transcript"].is_null()).await;
    assert_eq!(events.next().await.unwrap().0, "end");
}

#[tokio::test]
async fn a_commit_is_seen_at_once() {
    let harness = Harness::new().await;
    let mut events = Events::follow(&harness, "").await;
    events.next().await.unwrap();
    harness.work(Stage::Ingest).await;
    let seen = events.until(|report| !report["media"].is_null());
    // Long before the report is looked at without an announcement.
    tokio::time::timeout(Duration::from_secs(3), seen).await.unwrap();
}

#[tokio::test]
async fn what_nobody_announces_is_not_polled_for_and_seen_in_the_end() {
    let mut harness = Harness::new().await;
    let mut events = Events::follow(&harness, "").await;
    events.next().await.unwrap();
    // Announces to its own followers, as another process with the same file would.
    harness.store = Store::open_sqlite(&harness.folder.path().join("test.db")).await.unwrap();
    harness.work(Stage::Ingest).await;
    let early = tokio::time::timeout(Duration::from_secs(2), events.next()).await;
    assert!(early.is_err(), "{early:?}");
    events.until(|report| !report["media"].is_null()).await;
}

#[tokio::test]
async fn shutdown_ends_streams_at_once() {
    let harness = Harness::new().await;
    let mut events = Events::follow(&harness, "").await;
    assert!(events.next().await.is_some());
    let started = std::time::Instant::now();
    harness.shutdown.cancel();
    assert!(events.next().await.is_none());
    drop(events);
    tokio::time::timeout(PATIENCE, harness.server).await.unwrap().unwrap().unwrap();
    assert!(started.elapsed().as_secs() < 4, "it did not wait for its bound");
}

#[tokio::test]
async fn shutdown_does_not_wait_for_a_stalled_request() {
    use tokio::io::AsyncWriteExt;
    let harness = Harness::new().await;
    let mut socket = tokio::net::TcpStream::connect(harness.address).await.unwrap();
    let head = format!("GET /healthz HTTP/1.1\r\nHost: {}\r\n", harness.address);
    socket.write_all(head.as_bytes()).await.unwrap();
    harness.get("/healthz").send().await.unwrap();
    harness.shutdown.cancel();
    tokio::time::timeout(PATIENCE, harness.server).await.unwrap().unwrap().unwrap();
}

#[tokio::test]
async fn whoever_follows_is_told_only_what_is_other() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let id = harness.submit().await;
    for stage in Stage::ALL {
        harness.work(*stage).await;
    }
    let submission = harness.submission(id).await;
    let follow = async |query: &str| {
        let path = format!("/api/v1/reports/{id}/events?follow=true{query}");
        let response = harness.get(&path).send().await.unwrap();
        Events { response, buffer: String::new() }
    };
    let mut events = follow("").await;
    let (name, report) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &report["transcript"]["version"]), ("report", &json!(2)));

    let segment = json!({ "id": 1, "text": "敬爱的党组织。" });
    let body = json!({ "replaced": [segment], "by": ["敬爱的党组织：", "您好！"] });
    let url = harness.url(&format!("/api/v1/reports/{id}/corrections"));
    assert_eq!(reviewer.post(url).json(&body).send().await.unwrap().status(), 200);
    let (name, update) = events.next().await.unwrap();
    assert_eq!((name.as_str(), &update["fields"]["state"]), ("update", &json!("in_review")));
    assert!(update["fields"]["title"].is_null(), "it is as it was: {update}");
    let transcript = &update["transcript"];
    assert_eq!((&transcript["version"], &transcript["removed"]), (&json!(3), &json!([])));
    let texts: Vec<_> = transcript["changed"].as_array().unwrap().iter().collect();
    assert_eq!(
        (&texts[0]["text"], &texts[1]["text"]),
        (&json!("敬爱的党组织："), &json!("您好！"))
    );

    // Whoever has read the text is not sent it again; of another version, they have read nothing.
    let known = format!("&submission={submission}&transcript=");
    let (name, update) = follow(&format!("{known}3")).await.next().await.unwrap();
    assert_eq!((name.as_str(), &update["transcript"]), ("update", &Value::Null));
    assert_eq!(update["fields"]["state"], "in_review");
    for other in [format!("{known}2"), format!("&submission={id}&transcript=3")] {
        assert_eq!(follow(&other).await.next().await.unwrap().0, "report", "{other}");
    }
}
