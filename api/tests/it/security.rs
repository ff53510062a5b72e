//! Who is let in, and what every answer says to browsers.

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use huibao_api::{Check, Readiness, serve};
use huibao_models::backends::Backends;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::time::timeout;

use crate::harness::{Harness, PATIENCE, config, error_code, stranger};

#[tokio::test]
async fn nothing_but_probes_pages_and_the_door_is_open() {
    let harness = Harness::new().await;
    let get = |path: &str| stranger().get(harness.url(path)).send();
    for open in ["/healthz", "/readyz", "/", "/api/v1/info", "/api/v1/openapi.json"] {
        assert_eq!(get(open).await.unwrap().status(), 200, "{open}");
    }
    for closed in ["/api/v1/reports", "/api/v1/me", "/api/v1/nothing", "/api/nothing"] {
        let refused = get(closed).await.unwrap();
        assert_eq!(refused.headers()["www-authenticate"], r#"Bearer realm="Huibao""#);
        assert_eq!(error_code(refused).await, (401, "unauthorized".into()), "{closed}");
    }
}

#[tokio::test]
async fn a_probe_without_a_host_is_answered() {
    let harness = Harness::new().await;
    let mut socket = TcpStream::connect(harness.address).await.unwrap();
    socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}

#[tokio::test]
async fn other_sites_cannot_change_anything() {
    let harness = Harness::new().await;
    for (name, value) in [
        ("origin", "https://example.org"),
        ("origin", "null"),
        ("sec-fetch-site", "cross-site"),
        ("sec-fetch-site", "same-site"),
    ] {
        let request = harness.post("/api/v1/reports").header(name, value).json(&json!({}));
        let refused = request.send().await.unwrap();
        assert_eq!(error_code(refused).await, (403, "cross_site".into()), "{name}: {value}");
        let read = harness.get("/api/v1/info").header(name, value).send().await.unwrap();
        assert_eq!(read.status(), 200);
    }
    let own = harness.post("/api/v1/reports").header("origin", harness.url(""));
    let own = own.header("sec-fetch-site", "same-origin").json(&json!({})).send().await.unwrap();
    assert_eq!(own.status(), 201);
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let harness = Harness::new().await;
    for path in ["/", "/api/v1/info", "/api/v1/nothing", "/healthz"] {
        let response = harness.get(path).send().await.unwrap();
        let header = |name| response.headers()[name].to_str().unwrap().to_owned();
        assert_eq!(header("x-content-type-options"), "nosniff");
        assert_eq!(header("referrer-policy"), "no-referrer");
        assert_eq!(header("cross-origin-resource-policy"), "same-origin");
        assert!(header("content-security-policy").contains("frame-ancestors 'none'"));
        let cache = if path == "/" { "no-cache" } else { "no-store" };
        assert_eq!(header("cache-control"), cache);
    }
}

struct NoModel;

#[async_trait]
impl Readiness for NoModel {
    async fn checks(&self) -> Vec<Check> {
        vec![Check { name: "model".into(), ok: false, detail: "model_missing".into() }]
    }
}

#[tokio::test]
async fn readiness_is_truthful() {
    let harness = Harness::new().await;
    assert_eq!(harness.json("/healthz").await, json!({ "status": "ok" }));
    assert_eq!(harness.json("/readyz").await["ready"], true);
    std::fs::remove_dir_all(harness.folder.path().join("files")).unwrap();
    harness.store.close().await;
    let response = harness.get("/readyz").send().await.unwrap();
    assert_eq!(response.status(), 503);
    let text = response.text().await.unwrap();
    assert!(!text.contains(harness.folder.path().to_str().unwrap()));
    let body: Value = serde_json::from_str(&text).unwrap();
    for check in body["checks"].as_array().unwrap() {
        // The queue of this harness is in memory, which nothing takes away.
        assert_eq!(check["ok"], check["name"] == "queue", "{check}");
    }
    assert_eq!(harness.json("/healthz").await["status"], "ok");
    let broken = harness.get("/api/v1/reports").send().await.unwrap();
    assert_eq!(error_code(broken).await, (503, "backend_unavailable".into()));

    let harness = Harness::with(config(), Arc::new(NoModel)).await;
    let response = harness.get("/readyz").send().await.unwrap();
    assert_eq!(response.status(), 503);
    let body: Value = response.json().await.unwrap();
    assert_eq!(
        body["checks"][3],
        json!({ "name": "model", "ok": false, "detail": "model_missing" })
    );
}

/// Reads until the other side closes the connection, or an answer is there.
async fn what_comes(stream: &mut TcpStream) -> String {
    let mut answer = Vec::new();
    let mut buffer = [0; 1024];
    while let Ok(read @ 1..) = stream.read(&mut buffer).await {
        answer.extend_from_slice(&buffer[..read]);
    }
    String::from_utf8(answer).unwrap()
}

#[tokio::test]
async fn who_says_nothing_is_not_waited_for() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    let harness = Harness::new().await;
    let backends = Backends {
        store: harness.store.clone(),
        storage: harness.storage.clone(),
        queue: harness.queue.clone(),
    };
    let router = huibao_api::router(backends, config(), Arc::new(()));
    let patience = Duration::from_millis(300);
    let serving = tokio::spawn(serve(listener, router, patience, harness.shutdown.clone()));
    let connect = async |said: &str| {
        let mut stream = TcpStream::connect(address).await.unwrap();
        stream.write_all(said.as_bytes()).await.unwrap();
        stream
    };
    let mut slow = Vec::new();
    for said in ["", "GET /api/v1/info HT", "GET / HTTP/1.1\r\nhost: a\r\nx: "] {
        slow.push(connect(said).await);
    }
    let id = harness.submit().await;
    let follow = format!(
        "GET /api/v1/reports/{id}/events HTTP/1.1\r\nhost: a\r\nauthorization: {}\r\n\r\n",
        harness.bearer
    );
    let mut following = connect(&follow).await;
    // All are closed, although none of them has said anything wrong.
    for mut stream in slow {
        let said = timeout(PATIENCE, what_comes(&mut stream)).await.unwrap();
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 408"), "{said}");
    }
    // Whoever waits for an answer does not have to say anything.
    let still_there = timeout(patience * 3, what_comes(&mut following)).await;
    assert!(still_there.is_err(), "{still_there:?}");
    harness.shutdown.cancel();
    assert!(what_comes(&mut following).await.contains("0\r\n\r\n"), "the stream was not ended");
    timeout(PATIENCE, serving).await.unwrap().unwrap().unwrap();
}
