//! Rubrics: branches ask, reviewers answer with evidence, authors see it once it is decided.

use huibao_models::domain::ids::ReportId;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use reqwest::header::{ETAG, IF_MATCH};
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, error_code};

/// A report that can be read, with a reviewer of its branch.
struct Desk {
    harness: Harness,
    reviewer: Client,
    id: ReportId,
}

impl Desk {
    async fn new() -> Self {
        let harness = Harness::new().await;
        let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, "/a")]).await;
        let id = harness.submit().await;
        for stage in Stage::ALL {
            harness.work(*stage).await;
        }
        Self { harness, reviewer, id }
    }

    async fn put(&self, who: &Client, path: &str, etag: &str, body: Value) -> Response {
        let request = who.request(Method::PUT, self.harness.url(path)).json(&body);
        request.header(IF_MATCH, etag).send().await.unwrap()
    }

    async fn ask(&self, branch: &str, questions: &[&str], etag: &str) -> Response {
        let body = json!({ "branch": branch, "kind": "other", "questions": questions });
        self.put(&self.reviewer, "/api/v1/rubrics", etag, body).await
    }

    async fn answer(&self, question: &Value, etag: &str, body: Value) -> Response {
        let question = question.as_str().unwrap();
        let path = format!("/api/v1/reports/{}/answers/{question}", self.id);
        self.put(&self.reviewer, &path, etag, body).await
    }

    async fn decide(&self, verdict: &str) -> Value {
        let url = self.harness.url(&format!("/api/v1/reports/{}/decisions", self.id));
        let body = json!({ "verdict": verdict, "transcript_version": 2 });
        let answer = self.reviewer.post(url).json(&body).send().await.unwrap();
        assert_eq!(answer.status(), 201);
        answer.json::<Value>().await.unwrap()["report"].take()
    }

    async fn seen_by(&self, who: &Client) -> Value {
        let url = self.harness.url(&format!("/api/v1/reports/{}", self.id));
        who.get(url).send().await.unwrap().json::<Value>().await.unwrap()["report"].take()
    }
}

fn evidence() -> Value {
    json!([{ "kind": "time", "at": 1.5 }, { "kind": "written", "quote": "敬爱的党组织" }])
}

#[tokio::test]
async fn a_branch_asks_and_those_below_are_asked() {
    let desk = Desk::new().await;
    let set = desk.ask("/a", &["举例了吗？", " 谈到不足了吗？ "], "\"r0\"").await;
    assert_eq!((set.status().as_u16(), &set.headers()[ETAG]), (200, &"\"r1\"".parse().unwrap()));
    let rubric: Value = set.json().await.unwrap();
    assert_eq!(rubric["questions"][1]["text"], "谈到不足了吗？");
    assert_eq!(error_code(desk.ask("/a", &["一？"], "\"r0\"").await).await.1, "outdated");
    for (questions, code) in [
        (vec!["一？", "一？"], "bad_request"),
        (vec![""], "bad_request"),
        (vec!["长".repeat(501).leak() as &str], "text_too_long"),
        (vec!["一？"; 31], "bad_request"),
    ] {
        assert_eq!(error_code(desk.ask("/a", &questions, "\"r1\"").await).await.1, code);
    }
    assert_eq!(desk.ask("/b", &["一？"], "\"r0\"").await.status(), 403);

    let (_, below) = desk.harness.person("below", &[(Role::Reviewer, BRANCH)]).await;
    let url = desk.harness.url("/api/v1/rubrics");
    let list: Value = below.get(url).send().await.unwrap().json().await.unwrap();
    assert_eq!(list["rubrics"].as_array().unwrap().len(), 1);
    assert_eq!(list["rubrics"][0]["may_change"], false, "it is of the branch above");
    let asked = desk.seen_by(&below).await["questions"].take();
    assert_eq!(asked.as_array().unwrap().len(), 2);
    assert_eq!((&asked[0]["current"], &asked[0]["open"]), (&json!(true), &json!(true)));
    assert_eq!(asked[0]["id"], rubric["questions"][0]["id"]);
}

#[tokio::test]
async fn answers_have_evidence_and_reach_the_author_with_the_decision() {
    let desk = Desk::new().await;
    let author = &desk.harness.client;
    let set: Value = desk.ask(BRANCH, &["一？", "二？"], "\"r0\"").await.json().await.unwrap();
    let (first, second) = (&set["questions"][0]["id"], &set["questions"][1]["id"]);
    let begun = desk.answer(first, "\"a0\"", json!({ "text": "有" })).await;
    assert_eq!(
        (begun.status().as_u16(), &begun.headers()[ETAG]),
        (200, &"\"a1\"".parse().unwrap())
    );
    let report = desk.seen_by(&desk.reviewer).await;
    assert_eq!(report["state"], "in_review");
    assert_eq!(report["questions"][0]["open"], true, "it shows nothing yet");
    let body = json!({ "text": "有两处", "evidence": evidence() });
    assert_eq!(error_code(desk.answer(first, "\"a0\"", body.clone()).await).await.1, "outdated");
    assert_eq!(desk.answer(first, "\"a1\"", body).await.status(), 200);
    let whole = json!({ "text": "有", "evidence": [{ "kind": "report" }] });
    assert_eq!(error_code(desk.answer(second, "\"a0\"", whole).await).await.1, "bad_request");
    let asked = desk.seen_by(&desk.reviewer).await["questions"].take();
    assert_eq!(asked[0]["open"], false);
    assert_eq!(asked[0]["answers"][0]["evidence"], evidence());
    assert_eq!(asked[0]["answers"][0]["own"], true);
    let seen = desk.seen_by(author).await;
    assert_eq!(seen["questions"], json!([]), "nothing is decided");
    assert_eq!(desk.answer(&json!(desk.id.to_string()), "\"a0\"", json!({})).await.status(), 404);

    let decided = desk.decide("accept").await;
    assert_eq!(decided["decisions"][0]["open_questions"], json!(["二？"]));
    let late = desk.answer(second, "\"a0\"", json!({ "text": "有" })).await;
    assert_eq!(error_code(late).await.1, "not_reviewable");
    // Whatever is asked now, the answers are to what was asked.
    assert_eq!(desk.ask(BRANCH, &["三？"], "\"r1\"").await.status(), 200);
    let seen = desk.seen_by(author).await;
    assert_eq!(seen["questions"].as_array().unwrap().len(), 1);
    assert_eq!(seen["questions"][0]["text"], "一？");
    assert_eq!(seen["questions"][0]["answers"][0]["text"], "有两处");
    desk.decide("reopen").await;
    assert_eq!(desk.seen_by(author).await["questions"], json!([]), "it is not decided any more");
}
