//! The console: jobs and workers, for operators of everything.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::RetryPolicy;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::worker::WorkerInfo;
use reqwest::Client;
use serde_json::{Value, json};

use crate::harness::{Harness, error_code};

async fn operator(harness: &Harness) -> Client {
    harness.person("operator", &[(Role::Operator, "/")]).await.1
}

async fn get(harness: &Harness, client: &Client, path: &str) -> Value {
    client.get(harness.url(path)).send().await.unwrap().json().await.unwrap()
}

async fn post(harness: &Harness, client: &Client, path: &str, body: Value) -> reqwest::Response {
    client.post(harness.url(path)).json(&body).send().await.unwrap()
}

async fn die(harness: &Harness, code: FailureCode) {
    let claim = harness.claim(Stage::Ingest).await;
    let (failure, policy) = (Failure::new(code, "the cause"), RetryPolicy::default());
    harness.store.fail(&claim, &failure, &policy, harness.store.now()).await.unwrap().unwrap();
}

#[tokio::test]
async fn failures_are_seen_by_cause_and_tried_again() {
    let harness = Harness::new().await;
    let operator = operator(&harness).await;
    let mut reports = Vec::new();
    for code in [FailureCode::NotMedia, FailureCode::NotMedia, FailureCode::ModelMissing] {
        reports.push(harness.submit().await);
        die(&harness, code).await;
    }
    harness.submit().await;
    let summary = get(&harness, &operator, "/api/v1/jobs/summary?lang=en").await;
    let ingest = summary["kinds"].as_array().unwrap().iter().find(|kind| kind["kind"] == "ingest");
    let ingest = ingest.unwrap();
    assert_eq!((&ingest["dead"], &ingest["queued"]), (&json!(3), &json!(1)));
    assert!(ingest["oldest"].is_string());
    assert_eq!(summary["drained_in_seconds"], Value::Null, "nobody works");
    let group = &summary["failures"][0];
    assert_eq!(
        (&group["kind"], &group["code"], &group["jobs"]),
        (&json!("ingest"), &json!("not_media"), &json!(2))
    );
    assert!(group["message"].as_str().unwrap().contains("video"), "{group}");

    let list = get(&harness, &operator, "/api/v1/jobs?state=dead&code=not_media").await;
    assert_eq!(list["jobs"].as_array().unwrap().len(), 2);
    let job = &list["jobs"][0];
    assert_eq!(
        (&job["report"], &job["error"]["detail"]),
        (&json!(reports[1]), &json!("the cause"))
    );
    let first = get(&harness, &operator, "/api/v1/jobs?limit=1").await;
    let next = first["next"].as_str().unwrap();
    let second = get(&harness, &operator, &format!("/api/v1/jobs?limit=1&before={next}")).await;
    assert_ne!(first["jobs"][0]["id"], second["jobs"][0]["id"]);

    let retried =
        post(&harness, &operator, "/api/v1/jobs/retry", json!({ "code": "not_media" })).await;
    assert_eq!(retried.json::<Value>().await.unwrap(), json!({ "jobs": 2 }));
    let left = get(&harness, &operator, "/api/v1/jobs?state=dead").await["jobs"].take();
    let ids = json!({ "ids": [left[0]["id"], job["id"]] });
    let discarded = post(&harness, &operator, "/api/v1/jobs/discard", ids).await;
    assert_eq!(
        discarded.json::<Value>().await.unwrap(),
        json!({ "jobs": 1 }),
        "the other one is queued"
    );
    let summary = get(&harness, &operator, "/api/v1/jobs/summary").await;
    assert_eq!(summary["failures"], json!([]));
    let audited = get(&harness, &operator, "/api/v1/audit?action=job_retried").await;
    assert_eq!(audited["entries"].as_array().unwrap().len(), 2);
    let many = json!({ "ids": vec![job["id"].clone(); 201] });
    let (_, code) = error_code(post(&harness, &operator, "/api/v1/jobs/retry", many).await).await;
    assert_eq!(code, "bad_request");
}

#[tokio::test]
async fn workers_are_seen_with_what_they_do_and_told_to_pause() {
    let harness = Harness::new().await;
    let operator = operator(&harness).await;
    harness.submit().await;
    // The harness's claims are this worker's.
    harness.claim(Stage::Ingest).await;
    let now = harness.store.now();
    let info = WorkerInfo {
        name: "test".into(),
        version: "1.0.0".into(),
        cores: 3,
        kinds: vec!["ingest".into()],
        model: "base".into(),
    };
    harness.store.worker_seen(&info, now, now).await.unwrap();
    let list = get(&harness, &operator, "/api/v1/workers").await;
    let worker = &list["workers"][0];
    assert_eq!(
        (&worker["name"], &worker["cores"], &worker["paused"]),
        (&json!("test"), &json!(3), &json!(false))
    );
    assert_eq!(
        (&worker["jobs"][0]["kind"], &worker["jobs"][0]["state"]),
        (&json!("ingest"), &json!("running"))
    );
    assert_eq!(get(&harness, &operator, "/api/v1/jobs/summary").await["cores"], 3);

    let pause = json!({ "name": "test", "paused": true });
    assert_eq!(post(&harness, &operator, "/api/v1/workers/pause", pause).await.status(), 204);
    assert!(harness.store.worker_seen(&info, now, now).await.unwrap());
    assert_eq!(get(&harness, &operator, "/api/v1/jobs/summary").await["cores"], 0);
    let none = json!({ "name": "nobody", "paused": true });
    assert_eq!(post(&harness, &operator, "/api/v1/workers/pause", none).await.status(), 404);
}

#[tokio::test]
async fn plots_are_made_of_samples() {
    let harness = Harness::new().await;
    let operator = operator(&harness).await;
    let empty = get(&harness, &operator, "/api/v1/jobs/samples").await;
    assert_eq!(empty["points"], json!([]));
    harness.submit().await;
    for done in [false, true] {
        if done {
            harness.work(Stage::Ingest).await;
        }
        let mut unit = harness.store.begin(Actor::System, harness.store.now()).await.unwrap();
        unit.samples().take().await.unwrap();
        unit.commit().await.unwrap();
    }
    for (over, step) in [("hour", 300), ("day", 1800), ("month", 43_200)] {
        let plot = get(&harness, &operator, &format!("/api/v1/jobs/samples?over={over}")).await;
        assert_eq!(plot["step_seconds"], step);
        let point = &plot["points"][0];
        assert_eq!((&point["done"], &point["failed"]), (&json!(1), &json!(0)), "{plot}");
        assert!(point["storage_bytes"].as_u64().unwrap() > 0);
    }
    let url = harness.url("/api/v1/jobs/samples?over=year");
    assert_eq!(error_code(operator.get(url).send().await.unwrap()).await.1, "bad_request");
}
