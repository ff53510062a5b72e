//! The OpenAPI document: what is served, and its snapshot, which is read by people and clients.

use std::path::Path;

use serde_json::Value;

use crate::harness::Harness;

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
    let document = harness.json("/api/openapi.json").await;
    let paths = document["paths"].as_object().unwrap();
    assert_eq!(paths.len(), 16);
    for (path, operations) in paths {
        for operation in operations.as_object().unwrap().values() {
            assert!(operation["summary"].is_string(), "{path} has no summary");
        }
    }
    let references = references(&document);
    for reference in references {
        let target = document.pointer(reference.trim_start_matches('#'));
        assert!(target.is_some(), "{reference} leads nowhere");
    }
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
