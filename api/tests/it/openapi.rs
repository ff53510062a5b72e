//! The OpenAPI document: what is served, and its snapshot, which is read by people and clients.

use std::path::Path;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::RetryPolicy;
use huibao_models::domain::pipeline::Stage;
use serde_json::{Value, json};

use crate::harness::{Harness, VIDEO, segment};
use crate::schema::differences;

const UPDATE: &str = "HUIBAO_UPDATE_SNAPSHOTS=1 cargo test --release -p huibao-api openapi";

#[test]
fn the_snapshot_is_up_to_date() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("openapi.json");
    let made = huibao_api::openapi().to_pretty_json().unwrap() + "\n";
    if std::env::var_os("HUIBAO_UPDATE_SNAPSHOTS").is_some() {
        std::fs::write(&path, &made).unwrap();
    }
    let kept = std::fs::read_to_string(&path).unwrap_or_default();
    assert!(made == kept, "api/openapi.json is stale. If the change is meant, run: {UPDATE}");
}

#[tokio::test]
async fn the_document_is_served_and_describes_every_route() {
    let harness = Harness::new().await;
    let document = harness.json("/api/v1/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert!(paths.len() > 20, "{}", paths.len());
    for (path, operations) in paths {
        for operation in operations.as_object().unwrap().values() {
            assert!(operation["summary"].is_string(), "{path} has no summary");
            let default = &operation["responses"]["default"];
            assert!(default["content"].is_object(), "{path} has no body of errors");
        }
    }
    let references = references(&document);
    for reference in references {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some(), "{reference} leads nowhere");
    }
}

/// Fetches `path` and compares the answer with the document.
async fn assert_described(harness: &Harness, document: &Value, route: &str, path: &str) -> Value {
    let response = harness.get(path).send().await.unwrap();
    let status = response.status().as_u16();
    let value: Value = response.json().await.unwrap();
    assert_eq!(differences(document, route, status, &value), [""; 0], "{path}: {value}");
    value
}

#[tokio::test]
async fn answers_are_as_the_document_says() {
    let harness = Harness::new().await;
    let document = harness.json("/api/v1/openapi.json").await;
    let check = async |route: &str, path: &str| {
        assert_described(&harness, &document, route, path).await;
    };
    for path in [
        "/healthz",
        "/readyz",
        "/api/v1/info",
        "/api/v1/reports",
        "/api/v1/me",
        "/api/v1/me/sessions",
        "/api/v1/me/tokens",
    ] {
        check(path, path).await;
    }
    check("/api/v1/reports", "/api/v1/reports?limit=none").await;
    let draft = harness.draft(json!({ "written_text": "敬爱的党组织：" })).await;
    harness.upload(draft, "video", "汇报.mp4", VIDEO).await;
    check("/api/v1/reports/{id}", &format!("/api/v1/reports/{draft}")).await;
    let id = harness.submit().await;
    let show = format!("/api/v1/reports/{id}");
    let of_report = |name: &str| (format!("/api/v1/reports/{{id}}{name}"), format!("{show}{name}"));
    check("/api/v1/reports/{id}", &show).await;
    check("/api/v1/reports/{id}", &format!("/api/v1/reports/{}", uuid::Uuid::nil())).await;
    let (route, path) = of_report("/transcript.json");
    check(&route, &path).await;

    harness.work(Stage::Ingest).await;
    let claim = harness.claim(Stage::Transcribe).await;
    harness.store.publish_partial(&claim, 0, &segment("敬爱的")).await.unwrap();
    check("/api/v1/reports/{id}", &show).await;
    harness.complete(&claim).await;
    check(&route, &path).await;
    let (route, path) = of_report("/transcripts");
    check(&route, &path).await;
    let transcode = harness.claim(Stage::Transcode).await;
    let failure = Failure::new(FailureCode::UnsupportedCodec, "none");
    let now = chrono::Utc::now();
    harness.store.fail(&transcode, &failure, &RetryPolicy::default(), now).await.unwrap().unwrap();
    check("/api/v1/reports/{id}", &show).await;
    check("/api/v1/reports", "/api/v1/reports").await;

    let report = harness.json(&show).await["report"].take();
    for event in
        [json!({ "event": "report", "data": report }), json!({ "event": "end", "data": {} })]
    {
        let route = "/api/v1/reports/{id}/events";
        assert_eq!(differences(&document, route, 200, &event), [""; 0], "{event}");
    }
}

#[test]
fn an_undescribed_or_missing_field_is_a_difference() {
    let schema = json!({ "type": "object", "required": ["a"], "properties": { "a": {} } });
    let content = json!({ "application/json": { "schema": schema } });
    let responses = json!({ "200": { "content": content } });
    let document = json!({ "paths": { "/": { "get": { "responses": responses } } } });
    let found = differences(&document, "/", 200, &json!({ "b": 1 }));
    assert_eq!(found, ["$.a is missing", "$.b is not described"]);
}

fn references(value: &Value) -> Vec<String> {
    match value {
        Value::Object(map) => map
            .iter()
            .flat_map(|(key, value)| match value {
                Value::String(text) if key == "$ref" => vec![text.clone()],
                other => references(other),
            })
            .collect(),
        Value::Array(items) => items.iter().flat_map(references).collect(),
        _ => Vec::new(),
    }
}
