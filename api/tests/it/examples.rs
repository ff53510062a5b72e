//! Good examples: the author agrees, a reviewer publishes, the branch sees it, and nothing of the review.

use huibao_models::domain::audit::AuditAction;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use huibao_models::store::AuditFilter;
use reqwest::{Client, Method, Response};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, error_code};

struct Showcase {
    harness: Harness,
    reviewer: Client,
    id: ReportId,
}

impl Showcase {
    /// An accepted report.
    async fn new() -> Self {
        let harness = Harness::new().await;
        let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
        let id = harness.submit().await;
        for stage in Stage::ALL {
            harness.work(*stage).await;
        }
        let showcase = Self { harness, reviewer, id };
        showcase.decide("accept").await;
        showcase
    }

    async fn decide(&self, verdict: &str) {
        let body = json!({ "verdict": verdict, "reasons": "内部理由", "transcript_version": 2 });
        let answer = self.ask(&self.reviewer, Method::POST, "/decisions", body).await;
        assert_eq!(answer.status(), 201);
    }

    async fn ask(&self, who: &Client, method: Method, path: &str, body: Value) -> Response {
        let url = self.harness.url(&format!("/api/v1/reports/{}{path}", self.id));
        who.request(method, url).json(&body).send().await.unwrap()
    }

    async fn consent(&self, given: bool) -> Response {
        let body = json!({ "given": given });
        self.ask(&self.harness.client, Method::PUT, "/example-consent", body).await
    }

    async fn publish(&self) -> Response {
        self.ask(&self.reviewer, Method::PUT, "/example", Value::Null).await
    }

    async fn open(&self, who: &Client, path: &str) -> Response {
        let url = self.harness.url(&format!("/api/v1/examples/{}{path}", self.id));
        who.get(url).send().await.unwrap()
    }

    async fn listed(&self, who: &Client) -> usize {
        let url = self.harness.url("/api/v1/examples");
        let list: Value = who.get(url).send().await.unwrap().json().await.unwrap();
        list["examples"].as_array().unwrap().len()
    }
}

#[tokio::test]
async fn what_is_shown_is_seen_by_the_branch_and_has_nothing_of_the_review() {
    let showcase = Showcase::new().await;
    let (_, member) = showcase.harness.person("member", &[(Role::Activist, BRANCH)]).await;
    let (_, stranger) = showcase.harness.person("other", &[(Role::Activist, "/a/bb")]).await;
    let comment = json!({ "text": "内部留言" });
    showcase.ask(&showcase.reviewer, Method::POST, "/comments", comment).await;
    assert_eq!(error_code(showcase.publish().await).await.1, "no_example");
    assert_eq!(showcase.consent(true).await.status(), 204);
    assert_eq!(showcase.open(&member, "").await.status(), 404, "nobody shows it yet");
    assert_eq!(showcase.publish().await.status(), 204);

    let text = showcase.open(&member, "").await.text().await.unwrap();
    let example: Value = serde_json::from_str(&text).unwrap();
    assert!(!text.contains("内部"), "{text}");
    assert_eq!(example["transcript"]["segments"][0]["text"], "敬爱的党组织。");
    assert_eq!(example["written"], "敬爱的党组织：");
    assert_eq!(example["may_withdraw"], false);
    for (path, status) in
        [("/video", 200), ("/poster", 200), ("/transcript.vtt", 200), ("/pages/1", 404)]
    {
        assert_eq!(showcase.open(&member, path).await.status(), status, "{path}");
        assert_eq!(showcase.open(&stranger, path).await.status(), 404, "{path}");
    }
    assert_eq!(showcase.open(&stranger, "").await.status(), 404);
    assert_eq!((showcase.listed(&member).await, showcase.listed(&stranger).await), (1, 0));
    let url = showcase.harness.url(&format!("/api/v1/reports/{}", showcase.id));
    assert_eq!(member.get(url).send().await.unwrap().status(), 404, "the report itself is not");

    let filter = AuditFilter {
        action: Some(AuditAction::ReportViewed.to_string()),
        ..AuditFilter::default()
    };
    let mut snapshot = showcase.harness.store.snapshot().await.unwrap();
    let viewed = snapshot.audit().list(&filter, 9).await.unwrap();
    assert!(viewed[0].detail.contains("example"), "{viewed:?}");
}

#[tokio::test]
async fn author_and_reviewer_withdraw_it_at_once() {
    let showcase = Showcase::new().await;
    let (_, member) = showcase.harness.person("member", &[(Role::Activist, BRANCH)]).await;
    let author = showcase.harness.client.clone();
    showcase.consent(true).await;
    let gone = async || {
        assert_eq!(showcase.listed(&member).await, 0);
        for path in ["", "/video", "/poster", "/transcript.vtt"] {
            assert_eq!(showcase.open(&member, path).await.status(), 404, "{path}");
        }
    };
    for who in [&author, &showcase.reviewer] {
        assert_eq!(showcase.publish().await.status(), 204);
        assert_eq!(showcase.listed(&member).await, 1);
        let withdrawn = showcase.ask(who, Method::DELETE, "/example", Value::Null).await;
        assert_eq!(withdrawn.status(), 204);
        gone().await;
    }
    showcase.publish().await;
    assert_eq!(showcase.consent(false).await.status(), 204);
    gone().await;
    assert_eq!(error_code(showcase.publish().await).await.1, "no_example");
    showcase.consent(true).await;
    showcase.publish().await;
    showcase.decide("reopen").await;
    gone().await;
    assert_eq!(error_code(showcase.consent(true).await).await.1, "no_example");
}
