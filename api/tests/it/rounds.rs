//! Rounds: opened by reviewers, seen by those who take part, and what they do to reports.

use huibao_models::domain::person::Role;
use reqwest::{Client, Response};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, VIDEO, error_code};

fn round(fields: &Value) -> Value {
    let mut round = json!({
        "branch": BRANCH, "title": "第四季度", "period": "2026Q4", "deadline": "2099-01-01T00:00:00Z",
    });
    for (name, value) in fields.as_object().unwrap() {
        round[name] = value.clone();
    }
    round
}

async fn open(harness: &Harness, reviewer: &Client, fields: &Value) -> String {
    let answer =
        reviewer.post(harness.url("/api/v1/rounds")).json(&round(fields)).send().await.unwrap();
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().await.unwrap();
    body["round"]["id"].as_str().unwrap().to_owned()
}

async fn get(harness: &Harness, client: &Client, path: &str) -> Value {
    client.get(harness.url(path)).send().await.unwrap().json().await.unwrap()
}

async fn begin(harness: &Harness, fields: Value) -> Response {
    harness.post("/api/v1/reports").json(&fields).send().await.unwrap()
}

#[tokio::test]
async fn a_report_for_a_round_takes_its_branch_and_period_and_counts_once() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, "/a")]).await;
    let id = open(&harness, &reviewer, &json!({ "kinds": ["study"] })).await;
    let mine = get(&harness, &harness.client, "/api/v1/rounds").await;
    assert_eq!(mine["rounds"][0]["own"]["standing"], "due");

    let wrong = begin(&harness, json!({ "round": id, "kind": "oath" })).await;
    assert_eq!(error_code(wrong).await, (422, "not_for_round".into()));
    let report = begin(&harness, json!({ "round": id, "kind": "study" })).await;
    assert_eq!(report.status(), 201);
    let report: Value = report.json().await.unwrap();
    assert_eq!(report["report"]["period"], "2026Q4");
    assert_eq!(report["report"]["branch"], BRANCH);
    assert_eq!(report["report"]["round"], json!(id));
    let twice = begin(&harness, json!({ "round": id, "kind": "study" })).await;
    assert_eq!(error_code(twice).await, (409, "round_taken".into()));

    let report = report["id"].as_str().unwrap().parse().unwrap();
    harness.upload(report, "video", "v.mp4", VIDEO).await;
    assert_eq!(harness.hand_in(report).await.status(), 202);
    let seen = get(&harness, &reviewer, &format!("/api/v1/rounds/{id}")).await;
    assert_eq!(seen["standings"]["done"], 1);
    assert_eq!(seen["round"]["own"], Value::Null);
    let list =
        get(&harness, &reviewer, &format!("/api/v1/rounds/{id}/participants?standing=done")).await;
    assert_eq!(list["participants"][0]["report"], json!(report));
    let none =
        get(&harness, &reviewer, &format!("/api/v1/rounds/{id}/participants?standing=due")).await;
    assert_eq!(none["participants"], json!([]));
}

#[tokio::test]
async fn nothing_is_handed_in_for_a_round_that_is_closed() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let id = open(&harness, &reviewer, &json!({})).await;
    let report: Value = begin(&harness, json!({ "round": id })).await.json().await.unwrap();
    let report = report["id"].as_str().unwrap().parse().unwrap();
    harness.upload(report, "video", "v.mp4", VIDEO).await;
    for _ in 0..2 {
        let url = harness.url(&format!("/api/v1/rounds/{id}/close"));
        assert_eq!(reviewer.post(url).send().await.unwrap().status(), 200);
    }
    assert_eq!(error_code(harness.hand_in(report).await).await, (409, "round_closed".into()));
    let late = begin(&harness, json!({ "round": id })).await;
    assert_eq!(error_code(late).await, (409, "round_closed".into()));
    let url = harness.url(&format!("/api/v1/rounds/{id}"));
    let tag = reviewer.get(&url).send().await.unwrap().headers()["etag"].clone();
    let change = reviewer.patch(&url).header("if-match", tag).json(&json!({ "title": "x" }));
    assert_eq!(error_code(change.send().await.unwrap()).await, (409, "round_closed".into()));
}

#[tokio::test]
async fn a_change_names_what_it_is_based_on() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let id = open(&harness, &reviewer, &json!({ "max_seconds": 300 })).await;
    let url = harness.url(&format!("/api/v1/rounds/{id}"));
    let change = |tag: &str, body: Value| {
        reviewer.patch(&url).header("if-match", tag.to_owned()).json(&body).send()
    };
    let blind = reviewer.patch(&url).json(&json!({ "title": "x" })).send().await.unwrap();
    assert_eq!(error_code(blind).await, (428, "precondition_required".into()));
    let changed = change("\"r1\"", json!({ "title": "改", "max_seconds": 0 })).await.unwrap();
    assert_eq!(changed.headers()["etag"], "\"r2\"");
    let changed: Value = changed.json().await.unwrap();
    assert_eq!(changed["round"]["title"], "改");
    assert_eq!(changed["round"]["max_seconds"], Value::Null);
    assert_eq!(changed["round"]["period"], "2026Q4", "what is not given stays");
    let outdated = change("\"r1\"", json!({ "title": "x" })).await.unwrap();
    assert_eq!(error_code(outdated).await, (412, "outdated".into()));
}

#[tokio::test]
async fn a_round_is_the_business_of_some() {
    let harness = Harness::new().await;
    let (_, opener) = harness.person("opener", &[(Role::Reviewer, "/a")]).await;
    let id = open(&harness, &opener, &json!({})).await;
    for (role, branch, sees, lists, manages) in [
        (Role::Activist, BRANCH, true, false, false),
        (Role::Activist, "/a/b/c", true, false, false),
        (Role::Activist, "/a", false, false, false),
        (Role::Reviewer, BRANCH, true, true, true),
        (Role::Reviewer, "/a/b/c", true, true, false),
        (Role::Reviewer, "/b", false, false, false),
        (Role::Operator, "/", true, false, false),
    ] {
        let name = format!("{role}-{}", branch.replace('/', "-"));
        let (_, client) = harness.person(&name, &[(role, branch)]).await;
        let path = format!("/api/v1/rounds/{id}");
        let who = format!("{role} of {branch}");
        let status = |sub: &str| client.get(harness.url(&format!("{path}{sub}"))).send();
        let refused = if sees { 403 } else { 404 };
        assert_eq!(status("").await.unwrap().status(), if sees { 200 } else { 404 }, "{who}");
        let listed = status("/participants").await.unwrap().status();
        assert_eq!(listed, if lists { 200 } else { refused }, "{who}");
        let change = client.patch(harness.url(&path)).header("if-match", "\"r9\"").json(&json!({}));
        let change = change.send().await.unwrap().status();
        assert_eq!(change, if manages { 412 } else { refused }, "{who}");
        // Their exception: of somebody in the round's own branch.
        let url = harness.url(&format!("{path}/participants/{}", harness.activist));
        let excuse = client.put(url).json(&json!({ "excused": true })).send().await.unwrap();
        assert_eq!(excuse.status(), if manages { 204 } else { refused }, "{who}");
    }
    let stranger = uuid_of_nobody();
    let url = harness.url(&format!("/api/v1/rounds/{id}/participants/{stranger}"));
    let none = opener.put(url).json(&json!({ "excused": true })).send().await.unwrap();
    assert_eq!(none.status(), 404);
    let mine = get(&harness, &harness.client, "/api/v1/rounds").await;
    assert_eq!(mine["rounds"][0]["own"]["standing"], "excused");
}

fn uuid_of_nobody() -> String {
    huibao_models::domain::ids::PersonId::new().to_string()
}

#[tokio::test]
async fn those_who_owe_a_report_are_reminded_once_in_a_while() {
    let harness = Harness::new().await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, "/a")]).await;
    let (_, below) = harness.person("below", &[(Role::Reviewer, "/a/c")]).await;
    let (_, stranger) = harness.person("stranger", &[(Role::Reviewer, "/d")]).await;
    let (_, other) = harness.person("other", &[(Role::Activist, "/a/c")]).await;
    let id = open(&harness, &reviewer, &json!({ "branch": "/a" })).await;
    let remind = async |who: &Client| {
        who.post(harness.url(&format!("/api/v1/rounds/{id}/remind"))).send().await.unwrap()
    };
    let counts = async |who: &Client| remind(who).await.json::<Value>().await.unwrap();
    assert_eq!(remind(&harness.client).await.status(), 403, "activists remind nobody");
    assert_eq!(remind(&stranger).await.status(), 404);
    // Who reviews a part of it reminds those there.
    assert_eq!(counts(&below).await, json!({ "reminded": 1, "lately": 0 }));
    let notices = get(&harness, &other, "/api/v1/me/notices").await;
    assert_eq!(notices["notices"][0]["event"], "reminded");
    assert!(notices["notices"][0]["subject"].as_str().unwrap().contains("第四季度"), "{notices}");
    assert_eq!(counts(&reviewer).await, json!({ "reminded": 1, "lately": 1 }));

    let (_, root) = harness.person("root", &[(Role::Operator, "/")]).await;
    let audit = get(&harness, &root, "/api/v1/audit?action=round_reminded").await;
    let told = audit["entries"].as_array().unwrap().iter().map(|entry| &entry["detail"]);
    assert_eq!(told.collect::<Vec<_>>(), [&json!({ "reminded": 1 }), &json!({ "reminded": 1 })]);

    // Who has handed in owes nothing.
    let report = begin(&harness, json!({ "round": id })).await.json::<Value>().await.unwrap();
    let report = report["id"].as_str().unwrap().parse().unwrap();
    harness.upload(report, "video", "v.mp4", VIDEO).await;
    assert_eq!(harness.hand_in(report).await.status(), 202);
    assert_eq!(counts(&reviewer).await, json!({ "reminded": 0, "lately": 1 }));

    reviewer.post(harness.url(&format!("/api/v1/rounds/{id}/close"))).send().await.unwrap();
    assert_eq!(error_code(remind(&reviewer).await).await, (409, "round_closed".into()));
}
