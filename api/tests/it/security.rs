//! Who is let in, and what every answer says to browsers.

use std::sync::Arc;

use async_trait::async_trait;
use huibao_api::{ApiConfig, Check, Readiness};
use reqwest::multipart::Form;
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt, AsyncWriteExt};

use crate::harness::{Harness, VIDEO, config, error_code, file};

#[tokio::test]
async fn a_token_opens_everything_but_probes() {
    let harness = Harness::with_token("口令 s3cret").await;
    for open in ["/healthz", "/readyz"] {
        assert_eq!(harness.get(open).send().await.unwrap().status(), 200, "{open}");
    }
    for closed in ["/", "/api/info", "/api/openapi.json", "/assets/x.js", "/nothing"] {
        let refused = harness.get(closed).send().await.unwrap();
        let challenge = refused.headers()["www-authenticate"].to_str().unwrap().to_owned();
        assert_eq!(challenge, r#"Basic realm="Huibao", charset="UTF-8""#);
        assert_eq!(error_code(refused).await, (401, "unauthorized".into()), "{closed}");
    }
    let basic = |password| harness.get("/api/info").basic_auth("anyone", Some(password)).send();
    assert_eq!(basic("口令 s3cret").await.unwrap().status(), 200);
    assert_eq!(basic("口令 s3cre").await.unwrap().status(), 401);
    assert_eq!(basic("").await.unwrap().status(), 401);
    let named = harness.get("/").header("host", "huibao.example.org");
    let named = named.basic_auth("", Some("口令 s3cret")).send().await.unwrap();
    assert_eq!(named.status(), 200, "a token is enough under any name");
}

#[tokio::test]
async fn a_token_may_be_a_bearer_token() {
    let harness = Harness::with_token("s3cret").await;
    let bearer = |token| harness.get("/api/info").bearer_auth(token).send();
    assert_eq!(bearer("s3cret").await.unwrap().status(), 200);
    assert_eq!(bearer("other").await.unwrap().status(), 401);
}

#[tokio::test]
async fn a_probe_without_a_host_is_answered_where_a_token_guards() {
    let harness = Harness::with_token("s3cret").await;
    let mut socket = tokio::net::TcpStream::connect(harness.address).await.unwrap();
    socket.write_all(b"GET /healthz HTTP/1.0\r\n\r\n").await.unwrap();
    let mut answer = String::new();
    socket.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.0 200"), "{answer}");
}

#[test]
fn a_token_is_not_printed() {
    let config = ApiConfig { token: Some("s3cret".to_owned().into()), ..config() };
    assert!(!format!("{config:?}").contains("s3cret"));
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
        let form = Form::new().part("video", file("a.mp4", VIDEO));
        let request = harness.post("/api/reports").header(name, value).multipart(form);
        let refused = request.send().await.unwrap();
        assert_eq!(error_code(refused).await, (403, "cross_site".into()), "{name}: {value}");
        let read = harness.get("/api/info").header(name, value).send().await.unwrap();
        assert_eq!(read.status(), 200);
    }
    let form = Form::new().part("video", file("a.mp4", VIDEO));
    let own = harness.post("/api/reports").header("origin", format!("http://{}", harness.address));
    let own = own.header("sec-fetch-site", "same-origin").multipart(form).send().await.unwrap();
    assert_eq!(own.status(), 201);
}

#[tokio::test]
async fn other_names_are_refused_without_a_token() {
    let config = ApiConfig { allowed_hosts: vec!["192.168.7.7".into()], ..config() };
    let harness = Harness::with(config, Arc::new(())).await;
    for (host, status) in [
        ("localhost", 200),
        ("localhost:1234", 200),
        ("[::1]:80", 200),
        ("192.168.7.7:8080", 200),
        ("rebound.example.org", 403),
        ("127.0.0.1.example.org:80", 403),
    ] {
        let response = harness.get("/api/info").header("host", host).send().await.unwrap();
        assert_eq!(response.status(), status, "{host}");
    }
    let refused = harness.get("/").header("host", "example.org").send().await.unwrap();
    assert_eq!(error_code(refused).await, (403, "bad_host".into()));
}

#[tokio::test]
async fn every_answer_tells_browsers_to_be_careful() {
    let harness = Harness::new().await;
    for path in ["/", "/api/info", "/api/nothing", "/healthz"] {
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
    let broken = harness.get("/api/reports").send().await.unwrap();
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
