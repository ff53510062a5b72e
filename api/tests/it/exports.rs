//! Exports: asked for, followed, fetched; and by whom. What a worker makes of them is tested with the binary.

use chrono::Utc;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::export::ExportFile;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::{ExportId, PersonId, ReportId};
use huibao_models::domain::job::{JobState, RetryPolicy};
use huibao_models::domain::person::{Grant, Role};
use huibao_models::domain::pipeline::Stage;
use huibao_models::storage::{Storage, StorageKey};
use huibao_models::store::{AuditFilter, Claim, Claimant, EXPORT_JOB, ExportResult, JobFilter};
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, PATIENCE, error_code};
use crate::schema::differences;

const BYTES: &[u8] = b"PK the bytes of a document";

async fn ready(harness: &Harness) -> ReportId {
    let id = harness.submit().await;
    for stage in Stage::ALL {
        harness.work(*stage).await;
    }
    id
}

async fn ask(harness: &Harness, client: &Client, of: &str, format: &str) -> Response {
    let url = harness.url(&format!("/api/v1/{of}/exports"));
    client.post(url).json(&json!({ "format": format })).send().await.unwrap()
}

async fn get(harness: &Harness, client: &Client, path: &str) -> Response {
    client.get(harness.url(path)).send().await.unwrap()
}

async fn claim(harness: &Harness) -> Claim {
    let queued = JobFilter {
        kind: Some(EXPORT_JOB.into()),
        state: Some(JobState::Queued),
        ..JobFilter::default()
    };
    let mut snapshot = harness.store.snapshot().await.unwrap();
    let message = snapshot.jobs().list(&queued, 1).await.unwrap()[0].message();
    drop(snapshot);
    let claimant = Claimant { worker: "test", lease: PATIENCE };
    let policy = RetryPolicy::default();
    harness.store.claim(&message, &claimant, &policy, Utc::now()).await.unwrap().unwrap()
}

/// Does what a worker does.
async fn make(harness: &Harness, export: &Value, person: PersonId, reports: Vec<ReportId>) {
    let (id, claim) = (export["id"].as_str().unwrap(), claim(harness).await);
    let export: ExportId = id.parse().unwrap();
    let key = StorageKey::export(export, claim.token, "docx");
    let stored = harness.storage.put(&key, Box::pin(BYTES), 1000).await.unwrap();
    let file = ExportFile {
        key: key.to_string(),
        name: "汇报.docx".into(),
        size_bytes: stored.size_bytes,
        sha256: stored.sha256,
    };
    let made = ExportResult { export, person, file, reports };
    harness.store.complete(&claim, &made, 1, None, Utc::now()).await.unwrap().unwrap();
}

async fn revoke(harness: &Harness, person: PersonId, branch: &str) {
    let grant = Grant { role: Role::Reviewer, branch: branch.parse().unwrap() };
    let mut unit = harness.store.begin(Actor::System, Utc::now()).await.unwrap();
    assert!(unit.people().revoke(person, &grant).await.unwrap());
    unit.commit().await.unwrap();
}

async fn audited(harness: &Harness, subject: &str) -> Vec<String> {
    let filter = AuditFilter { subject: Some(subject.into()), ..AuditFilter::default() };
    let mut snapshot = harness.store.snapshot().await.unwrap();
    let entries = snapshot.audit().list(&filter, 100).await.unwrap();
    entries.into_iter().map(|entry| entry.action).collect()
}

#[tokio::test]
async fn a_report_is_exported_by_those_who_read_it() {
    let harness = Harness::new().await;
    let document = harness.json("/api/v1/openapi.json").await;
    let (person, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let (_, other) = harness.person("other", &[(Role::Reviewer, "/b")]).await;
    let id = ready(&harness).await;
    let waiting = format!("reports/{}", harness.submit().await);
    let early = ask(&harness, &reviewer, &waiting, "docx").await;
    assert_eq!(error_code(early).await, (404, "not_ready".into()));

    let of = format!("reports/{id}");
    assert_eq!(error_code(ask(&harness, &other, &of, "docx").await).await.0, 404);
    let wrong = ask(&harness, &reviewer, &of, "table").await;
    assert_eq!(error_code(wrong).await, (400, "bad_request".into()));

    let asked = ask(&harness, &reviewer, &of, "docx").await;
    assert_eq!(asked.status(), 202);
    let asked: Value = asked.json().await.unwrap();
    assert_eq!((&asked["state"], &asked["file"]), (&json!("queued"), &Value::Null));
    let again: Value = ask(&harness, &reviewer, &of, "docx").await.json().await.unwrap();
    assert_eq!(again["id"], asked["id"], "it is not made twice");
    let path = format!("/api/v1/exports/{}", asked["id"].as_str().unwrap());
    let unmade = get(&harness, &reviewer, &format!("{path}/file")).await;
    assert_eq!(error_code(unmade).await, (404, "not_ready".into()));

    make(&harness, &asked, person, vec![id]).await;
    let done: Value = get(&harness, &reviewer, &path).await.json().await.unwrap();
    assert_eq!(differences(&document, "/api/v1/exports/{id}", 200, &done), [""; 0]);
    assert_eq!((&done["state"], &done["progress"]), (&json!("done"), &json!(1.0)));
    let url = done["file"]["url"].as_str().unwrap();
    let file = get(&harness, &reviewer, url).await;
    assert_eq!(file.status(), 200);
    let named = file.headers()["content-disposition"].to_str().unwrap();
    assert_eq!(named, "attachment; filename*=UTF-8''%E6%B1%87%E6%8A%A5.docx");
    assert_eq!(file.bytes().await.unwrap(), BYTES);

    for hidden in [&other, &harness.client] {
        assert_eq!(get(&harness, hidden, &path).await.status(), 404, "it is somebody else's");
        assert_eq!(get(&harness, hidden, url).await.status(), 404);
    }
    let log = audited(&harness, &format!("report:{id}")).await;
    for action in ["export_requested", "report_exported", "export_fetched"] {
        assert!(log.iter().any(|entry| entry == action), "{action}: {log:?}");
    }
    revoke(&harness, person, BRANCH).await;
    assert_eq!(get(&harness, &reviewer, url).await.status(), 404, "it is no longer theirs to read");
}

#[tokio::test]
async fn authors_export_their_own_reports_and_hear_why_it_failed() {
    let harness = Harness::new().await;
    let id = ready(&harness).await;
    let asked = ask(&harness, &harness.client, &format!("reports/{id}"), "pdf").await;
    assert_eq!(asked.status(), 202);
    let claim = claim(&harness).await;
    let failure = Failure::new(FailureCode::PdfFontMissing, "none");
    let policy = RetryPolicy::default();
    harness.store.fail(&claim, &failure, &policy, Utc::now()).await.unwrap().unwrap();
    let list = harness.json(&format!("/api/v1/exports?report={id}&lang=en")).await;
    let failed = &list["exports"][0];
    assert_eq!(failed["state"], "dead");
    assert_eq!(failed["error"]["code"], "pdf_font_missing");
    assert!(failed["error"]["message"].as_str().unwrap().contains("fonts-noto-cjk"));
    let again: Value =
        ask(&harness, &harness.client, &format!("reports/{id}"), "pdf").await.json().await.unwrap();
    assert_ne!(again["id"], failed["id"]);
    let document = harness.json("/api/v1/openapi.json").await;
    let page = harness.json("/api/v1/exports?limit=1").await;
    assert_eq!(differences(&document, "/api/v1/exports", 200, &page), [""; 0]);
    assert_eq!((&page["exports"][0]["id"], &page["next"]), (&again["id"], &again["id"]));
    let none = harness.json(&format!("/api/v1/exports?round={id}")).await;
    assert_eq!(none["exports"], json!([]));
}

#[tokio::test]
async fn a_round_is_exported_by_those_who_review_it() {
    let harness = Harness::new().await;
    let (person, reviewer) =
        harness.person("reviewer", &[(Role::Reviewer, BRANCH), (Role::Reviewer, "/a/c")]).await;
    let round = json!({ "branch": BRANCH, "title": "一", "deadline": "2099-01-01T00:00:00Z" });
    let opened = reviewer.post(harness.url("/api/v1/rounds")).json(&round).send().await.unwrap();
    let opened: Value = opened.json().await.unwrap();
    let of = format!("rounds/{}", opened["round"]["id"].as_str().unwrap());
    for (role, branch, status) in [
        (Role::Activist, BRANCH, 403),
        (Role::Activist, "/b", 404),
        (Role::Reviewer, "/b", 404),
        (Role::Operator, "/", 403),
        (Role::Reviewer, "/a/b/c", 202),
        (Role::Reviewer, "/", 202),
    ] {
        let name = format!("{role}-{}", branch.replace('/', "-"));
        let (_, client) = harness.person(&name, &[(role, branch)]).await;
        for format in ["table", "archive"] {
            let asked = ask(&harness, &client, &of, format).await.status();
            assert_eq!(asked, status, "{role} of {branch}: {format}");
        }
    }
    let wrong = ask(&harness, &reviewer, &of, "pdf").await;
    assert_eq!(error_code(wrong).await, (400, "bad_request".into()));

    let asked: Value = ask(&harness, &reviewer, &of, "archive").await.json().await.unwrap();
    make(&harness, &asked, person, vec![]).await;
    let url = format!("/api/v1/exports/{}/file", asked["id"].as_str().unwrap());
    assert_eq!(get(&harness, &reviewer, &url).await.status(), 200);
    revoke(&harness, person, BRANCH).await;
    assert_eq!(
        get(&harness, &reviewer, &url).await.status(),
        404,
        "the round is not theirs any more"
    );
}
