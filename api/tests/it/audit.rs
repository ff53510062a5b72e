//! What the audit log tells of requests.

use std::time::Duration;

use huibao_models::domain::person::Role;
use reqwest::Client;
use serde_json::Value;

use crate::harness::{BRANCH, Harness, PATIENCE};

async fn entries(harness: &Harness, operator: &Client, query: &str) -> Vec<Value> {
    let url = harness.url(&format!("/api/v1/audit?{query}"));
    let body: Value = operator.get(url).send().await.unwrap().json().await.unwrap();
    body["entries"].as_array().unwrap().clone()
}

/// What is refused is written down in the background.
async fn wait_for(harness: &Harness, operator: &Client, query: &str) -> Vec<Value> {
    let found = async {
        loop {
            let found = entries(harness, operator, query).await;
            if !found.is_empty() {
                return found;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
    };
    tokio::time::timeout(PATIENCE, found).await.unwrap()
}

#[tokio::test]
async fn who_looks_at_a_report_is_written_down_once_a_while_and_authors_are_not() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/")]).await;
    let (reviewer_id, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let id = harness.submit().await;
    for client in [&harness.client, &reviewer, &reviewer] {
        for path in ["", "/original"] {
            let url = harness.url(&format!("/api/v1/reports/{id}{path}"));
            assert_eq!(client.get(url).send().await.unwrap().status(), 200);
        }
    }
    let viewed =
        entries(&harness, &operator, &format!("subject=report:{id}&action=report_viewed")).await;
    assert_eq!(viewed.len(), 1, "{viewed:?}");
    assert_eq!(viewed[0]["person"], reviewer_id.to_string());
    assert_eq!(viewed[0]["address"], "127.0.0.1");
    let fetched =
        entries(&harness, &operator, &format!("subject=report:{id}&action=file_fetched")).await;
    assert_eq!(fetched.len(), 1);
    assert_eq!(fetched[0]["detail"]["file"], "original");
    let all = entries(&harness, &operator, &format!("subject=report:{id}")).await;
    let actions: Vec<_> = all.iter().rev().map(|entry| entry["action"].as_str().unwrap()).collect();
    assert_eq!(actions, ["report_created", "report_handed_in", "report_viewed", "file_fetched"]);
    let made = &all[all.len() - 1];
    assert_eq!(made["person"], harness.activist.to_string());
    assert!(made["actor"].as_str().unwrap().starts_with("token:"));
}

#[tokio::test]
async fn what_is_refused_is_written_down() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/")]).await;
    let (other_id, other) = harness.person("other", &[(Role::Activist, BRANCH)]).await;
    let id = harness.submit().await;
    let url = harness.url(&format!("/api/v1/reports/{id}"));
    assert_eq!(other.get(url).send().await.unwrap().status(), 404);
    assert_eq!(other.get(harness.url("/api/v1/audit")).send().await.unwrap().status(), 403);
    for (subject, wanted) in [(format!("report:{id}"), "read"), ("system".into(), "manage_system")]
    {
        let found =
            wait_for(&harness, &operator, &format!("action=refused&subject={subject}")).await;
        assert_eq!(found[0]["person"], other_id.to_string());
        assert_eq!(found[0]["detail"]["wanted"], wanted);
    }
}

#[tokio::test]
async fn a_failed_sign_in_is_written_down_without_what_was_typed() {
    let harness = Harness::new().await;
    let (_, operator) = harness.person("operator", &[(Role::Operator, "/")]).await;
    for name in ["act", "hunter2-typed-into-the-name"] {
        let body = serde_json::json!({ "name": name, "password": "hunter3-wrong" });
        let url = harness.url("/api/v1/session");
        let answer = crate::harness::stranger().post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 401);
    }
    let failed = entries(&harness, &operator, "action=sign_in_failed").await;
    assert_eq!(failed.len(), 1, "a name that is not known is none of the log's business");
    assert_eq!(failed[0]["subject"], format!("person:{}", harness.activist));
    assert!(!format!("{:?}", entries(&harness, &operator, "limit=500").await).contains("hunter"));
}

#[tokio::test]
async fn a_token_reaches_as_far_as_its_scopes() {
    let harness = Harness::new().await;
    for (scopes, reads, writes) in
        [("read", 200, 403), ("write", 403, 201), ("read write", 200, 201)]
    {
        let client = harness.token(scopes).await;
        let read = client.get(harness.url("/api/v1/reports")).send().await.unwrap();
        assert_eq!(read.status(), reads, "{scopes}");
        let write = client.post(harness.url("/api/v1/reports")).json(&serde_json::json!({}));
        assert_eq!(write.send().await.unwrap().status(), writes, "{scopes}");
    }
}
