//! Reviewing: corrections, comments and decisions, as a reviewer's and an author's programs see them.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::comparison::{
    Agreement, Comparison, SaidPassage, SaidSentence, WrittenPassage,
};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use reqwest::{Client, Method};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, error_code};

/// A report that can be read, with a reviewer of its branch.
struct Review {
    harness: Harness,
    reviewer: Client,
    id: ReportId,
}

impl Review {
    async fn new() -> Self {
        let harness = Harness::new().await;
        let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
        let id = harness.submit().await;
        for stage in Stage::ALL {
            harness.work(*stage).await;
        }
        Self { harness, reviewer, id }
    }

    async fn ask(
        &self,
        who: &Client,
        method: Method,
        path: &str,
        body: Value,
    ) -> reqwest::Response {
        let url = self.harness.url(&format!("/api/v1/reports/{}{path}", self.id));
        who.request(method, url).json(&body).send().await.unwrap()
    }

    async fn post(&self, path: &str, body: Value) -> reqwest::Response {
        self.ask(&self.reviewer, Method::POST, path, body).await
    }

    async fn correct(&self, read: &str, by: &[&str]) -> reqwest::Response {
        let body = json!({ "replaced": [{ "id": 1, "text": read }], "by": by });
        self.post("/corrections", body).await
    }

    /// The report as somebody sees it.
    async fn seen_by(&self, who: &Client) -> Value {
        let answer = self.ask(who, Method::GET, "", Value::Null).await;
        answer.json::<Value>().await.unwrap()["report"].take()
    }

    /// The comparison that is kept with a version of the transcript.
    async fn kept(&self, version: u32) -> Option<Comparison> {
        let mut snapshot = self.harness.store.snapshot().await.unwrap();
        let overview = snapshot.reports().overview(self.id).await.unwrap().unwrap();
        let submission = overview.submission.unwrap().id;
        let versions = snapshot.transcripts().versions(submission).await.unwrap();
        let id = versions.iter().find(|it| it.version == version).unwrap().id;
        snapshot.transcripts().comparison(id).await.unwrap()
    }

    /// Keeps a comparison with the version that readers see.
    async fn keep(&self, comparison: &Comparison) {
        let mut unit =
            self.harness.store.begin(Actor::System, self.harness.store.now()).await.unwrap();
        let overview = unit.reports().overview(self.id).await.unwrap().unwrap();
        let current = overview.submission.unwrap().current_transcript.unwrap();
        unit.transcripts().keep_comparison(current, comparison).await.unwrap();
        unit.commit().await.unwrap();
    }

    async fn report(&self) -> Value {
        self.seen_by(&self.reviewer).await
    }

    async fn comment(&self, who: &Client, body: Value) -> Value {
        let answer = self.ask(who, Method::POST, "/comments", body).await;
        assert_eq!(answer.status(), 201);
        answer.json().await.unwrap()
    }
}

#[tokio::test]
async fn a_sentence_is_corrected_split_and_taken_back() {
    let review = Review::new().await;
    let made: Value =
        review.correct("敬爱的党组织。", &["敬爱的党组织：", "您好！"]).await.json().await.unwrap();
    assert_eq!(
        (&made["version"], &made["changes"][0]["after"]["text"]),
        (&json!(3), &json!("敬爱的党组织："))
    );
    assert_eq!(
        (&made["changes"][1]["id"], &made["changes"][1]["before"]),
        (&json!(2), &Value::Null)
    );
    let report = review.report().await;
    assert_eq!((&report["state"], &report["may_review"]), (&json!("in_review"), &json!(true)));
    assert_eq!(
        (&report["transcript"]["version"], &report["transcript"]["text"]),
        (&json!(3), &json!("敬爱的党组织：\n您好！"))
    );
    let segment = &report["transcript"]["segments"][0];
    assert_eq!((&segment["flags"], segment["words"].as_array().unwrap().len()), (&json!([]), 6));

    // Somebody who has not seen that changes nothing.
    let stale = review.correct("敬爱的党组织。", &["别的"]).await;
    assert_eq!(error_code(stale).await, (412, "outdated".into()));
    let history =
        review.ask(&review.harness.client, Method::GET, "/corrections", Value::Null).await;
    let history: Value = history.json().await.unwrap();
    let correction = &history["corrections"][0];
    assert_eq!((&correction["person"], &correction["own"]), (&json!("reviewer"), &json!(false)));
    assert_eq!(correction["changes"][0]["before"]["text"], "敬爱的党组织。");
    assert_eq!(history["next"], Value::Null);

    let undone = review.post("/corrections/3/undo", Value::Null).await;
    assert_eq!(undone.status(), 200);
    assert_eq!(review.report().await["transcript"]["text"], "敬爱的党组织。");
    assert_eq!(review.post("/corrections/3/undo", Value::Null).await.status(), 412);
    for none in ["2", "99", "x"] {
        let path = format!("/corrections/{none}/undo");
        assert_eq!(review.post(&path, Value::Null).await.status(), 404, "{none}");
    }
}

#[tokio::test]
async fn what_is_no_correction_is_refused() {
    let review = Review::new().await;
    let segment = json!({ "id": 1, "text": "敬爱的党组织。" });
    for (body, code) in [
        (json!({ "replaced": [], "by": ["一"] }), "bad_request"),
        (json!({ "replaced": vec![segment.clone(); 51], "by": [] }), "bad_request"),
        (json!({ "replaced": [segment], "by": vec!["一"; 51] }), "bad_request"),
        (json!({ "replaced": [segment], "by": ["一".repeat(2001)] }), "text_too_long"),
        (json!({ "by": ["一"] }), "bad_request"),
    ] {
        let (_, found) = error_code(review.post("/corrections", body).await).await;
        assert_eq!(found, code);
    }
    // What would turn the rest of a line around, or end it, says nothing.
    review.correct("敬爱的党组织。", &["一\u{202e}二\r\n三\0"]).await;
    assert_eq!(review.report().await["transcript"]["segments"][0]["text"], "一二三");
}

#[tokio::test]
async fn a_decision_names_what_was_read_and_reaches_the_author() {
    let review = Review::new().await;
    let decide = async |verdict: &str, reasons: &str, version: u32| {
        let body = json!({ "verdict": verdict, "reasons": reasons, "transcript_version": version });
        review.post("/decisions", body).await
    };
    assert_eq!(error_code(decide("return", " ", 2).await).await, (422, "missing_reasons".into()));
    assert_eq!(error_code(decide("accept", "", 1).await).await, (412, "outdated".into()));
    assert_eq!(error_code(decide("reopen", "", 2).await).await, (409, "not_reviewable".into()));
    assert_eq!(error_code(decide("reject", "", 2).await).await, (400, "bad_request".into()));
    assert_eq!(review.report().await["state"], "ready", "nothing is half done");

    assert_eq!(decide("return", "请补充日期。\n谢谢", 2).await.status(), 201);
    let seen = review.seen_by(&review.harness.client).await;
    let decision = &seen["decisions"][0];
    assert_eq!((&seen["state"], &seen["open"]), (&json!("returned"), &json!(true)));
    assert_eq!(
        (&decision["verdict"], &decision["reasons"]),
        (&json!("return"), &json!("请补充日期。\n谢谢"))
    );
    assert_eq!((&decision["person"], &decision["stale"]), (&json!("reviewer"), &json!(false)));
    let notices = review.harness.json("/api/v1/me/notices").await;
    assert_eq!(notices["notices"][0]["event"], "returned");
    // The archive is made again, with the decision.
    assert!(review.harness.was_published().await);
    review.harness.work(Stage::Archive).await;

    // Handed in again, it is reviewed anew; the earlier decision stays to be read.
    let harness = &review.harness;
    harness.upload(review.id, "video", "again.mp4", crate::harness::VIDEO).await;
    assert_eq!(harness.hand_in(review.id).await.status(), 202);
    assert_eq!(error_code(decide("accept", "", 2).await).await, (409, "not_reviewable".into()));
    for stage in Stage::ALL {
        harness.work(*stage).await;
    }
    assert_eq!(decide("accept", "", 2).await.status(), 201);
    assert_eq!(review.correct("敬爱的党组织。", &["党组织。"]).await.status(), 200);
    let report = review.report().await;
    let told: Vec<_> = report["decisions"]
        .as_array()
        .unwrap()
        .iter()
        .map(|it| {
            (
                it["verdict"].as_str().unwrap(),
                it["submission_version"].as_u64().unwrap(),
                it["stale"] == true,
            )
        })
        .collect();
    assert_eq!(told, [("accept", 2, true), ("return", 1, false)]);
    assert_eq!(report["state"], "accepted");
}

#[tokio::test]
async fn comments_are_seen_by_those_whom_they_are_for() {
    let review = Review::new().await;
    let author = &review.harness.client;
    let (_, colleague) = review.harness.person("colleague", &[(Role::Reviewer, "/a")]).await;
    let private = json!({ "text": "电话核实", "anchor": { "kind": "written", "quote": "敬爱" } });
    let private = review.comment(&review.reviewer, private).await;
    let at = json!({ "kind": "segment", "segment": 1, "at": 0.25, "quote": "敬爱的" });
    let shared = json!({ "text": "哪一天？", "shared": true, "anchor": at });
    let shared = review.comment(&review.reviewer, shared).await;
    assert_eq!(
        (&shared["anchor"], &shared["own"], &shared["by_author"]),
        (&at, &json!(true), &json!(false))
    );
    assert_eq!(review.report().await["state"], "ready", "words are no review");

    // An answer is where and for whom its comment is, whatever it says itself.
    let answer = json!({ "text": "十月一日", "parent": shared["id"], "shared": false });
    let answer = review.comment(author, answer).await;
    assert_eq!(
        (&answer["anchor"], &answer["shared"], &answer["by_author"]),
        (&at, &json!(true), &json!(true))
    );
    for parent in [&private["id"], &answer["id"], &json!(ReportId::new())] {
        let body = json!({ "text": "好", "parent": parent });
        assert_eq!(review.ask(author, Method::POST, "/comments", body).await.status(), 404);
    }
    let ids = |report: &Value| {
        report["comments"].as_array().unwrap().iter().map(|it| it["id"].clone()).collect::<Vec<_>>()
    };
    let (a, b, c) = (&private["id"], &shared["id"], &answer["id"]);
    assert_eq!(ids(&review.seen_by(author).await), [b.clone(), c.clone()]);
    assert_eq!(ids(&review.seen_by(&colleague).await), [a.clone(), b.clone(), c.clone()]);

    // Lists tell when somebody else has last said something, and of which text.
    for (who, last) in [(author, &shared), (&review.reviewer, &answer), (&colleague, &answer)] {
        let list = who.get(review.harness.url("/api/v1/reports")).send().await.unwrap();
        let summary = list.json::<Value>().await.unwrap()["reports"][0].clone();
        assert_eq!(summary["commented_at"], last["created_at"]);
        let report = review.seen_by(who).await;
        assert_eq!(summary["commented_at"], report["commented_at"]);
        assert_eq!(summary["transcript_version"], report["transcript"]["version"]);
    }

    let path = |id: &Value| format!("/comments/{}", id.as_str().unwrap());
    for (who, id, body, status) in [
        (author, a, json!({ "resolved": true }), 404),
        (author, b, json!({ "resolved": true }), 403),
        (author, b, json!({ "text": "x" }), 403),
        (&colleague, b, json!({ "text": "x" }), 403),
        (&colleague, b, json!({ "resolved": true }), 200),
        (&review.reviewer, b, json!({ "text": " " }), 422),
        (&review.reviewer, b, json!({ "text": "哪一年？" }), 200),
        (author, b, json!({}), 200),
        (author, c, json!({ "text": "十月二日" }), 200),
    ] {
        let answer = review.ask(who, Method::PATCH, &path(id), body.clone()).await;
        assert_eq!(answer.status(), status, "{body}");
    }
    for (who, id, status) in
        [(author, b, 403), (author, a, 404), (&review.reviewer, b, 204), (&review.reviewer, b, 404)]
    {
        assert_eq!(review.ask(who, Method::DELETE, &path(id), Value::Null).await.status(), status);
    }
    let seen = review.seen_by(author).await;
    assert_eq!(
        (&seen["comments"][0]["text"], &seen["comments"][1]["text"]),
        (&json!(""), &json!("十月二日"))
    );
    assert!(seen["comments"][0]["removed_at"].is_string());
}

#[tokio::test]
async fn what_is_no_comment_is_refused() {
    let review = Review::new().await;
    for (body, code) in [
        (json!({}), "bad_request"),
        (json!({ "text": " \n" }), "missing_text"),
        (json!({ "text": "字".repeat(5001) }), "text_too_long"),
        (json!({ "text": "一", "anchor": { "kind": "time", "at": -1 } }), "bad_request"),
        (json!({ "text": "一", "anchor": { "kind": "time", "at": 1e9 } }), "bad_request"),
        (json!({ "text": "一", "anchor": { "kind": "time" } }), "bad_request"),
        (
            json!({ "text": "一", "anchor": { "kind": "written", "quote": "字".repeat(2001) } }),
            "text_too_long",
        ),
    ] {
        let (_, found) = error_code(review.post("/comments", body.clone()).await).await;
        assert_eq!(found, code, "{body}");
    }
    // What is not handed in has no readers to talk to.
    let draft = review.harness.draft(json!({})).await;
    let path = format!("/api/v1/reports/{draft}/comments");
    let answer = review.harness.post(&path).json(&json!({ "text": "一" })).send().await.unwrap();
    assert_eq!(answer.status(), 404);
}

#[tokio::test]
async fn what_was_said_is_compared_with_what_was_written() {
    let review = Review::new().await;
    let compared = async || {
        let answer = review.ask(&review.reviewer, Method::GET, "/comparison", Value::Null).await;
        answer.json::<Value>().await.unwrap()
    };
    // The harness's written report: 敬爱的党组织：
    let same = compared().await;
    assert_eq!((&same["transcript_version"], &same["said"]), (&json!(2), &json!([])));
    let whole =
        json!([{ "agreement": "same", "text": "敬爱的党组织：", "start": 0.25, "end": 1.9 }]);
    assert_eq!(same["written"], whole);
    review.correct("敬爱的党组织。", &["敬爱的党组织，您好。"]).await;
    let other = compared().await;
    assert_eq!(other["said"][0]["segment"], 1);
    let only = json!({ "agreement": "only", "text": "您好。", "written": null });
    assert_eq!(other["said"][0]["passages"][1], only);
    // Once for each version.
    assert_eq!(compared().await, other);
    assert_eq!(review.kept(3).await.map(|kept| kept.said.len()), Some(1));
    assert_eq!(review.kept(2).await.map(|kept| kept.said.len()), Some(0));
    // What is kept is not made again.
    review.correct("敬爱的党组织，您好。", &["敬爱的党组织。"]).await;
    let passage =
        |text: &str, said| WrittenPassage { agreement: Agreement::Moved, text: text.into(), said };
    let moved =
        SaidPassage { agreement: Agreement::Moved, text: "敬爱的".into(), written: Some(1) };
    let comparison = Comparison {
        written: vec![passage("党组织", Some((800, 1600))), passage("敬爱的", Some((0, 800)))],
        said: vec![SaidSentence { segment: 1, passages: vec![moved] }],
    };
    review.keep(&comparison).await;
    let moved = compared().await;
    let passage = json!({ "agreement": "moved", "text": "敬爱的", "start": 0.0, "end": 0.8 });
    assert_eq!((&moved["transcript_version"], &moved["written"][1]), (&json!(4), &passage));
    let passage = json!({ "agreement": "moved", "text": "敬爱的", "written": 1 });
    assert_eq!(moved["said"][0]["passages"][0], passage);
    // Nothing is there to compare yet.
    let fresh = review.harness.submit().await;
    let path = format!("/api/v1/reports/{fresh}/comparison");
    assert_eq!(
        error_code(review.harness.get(&path).send().await.unwrap()).await,
        (404, "not_ready".into())
    );
}

#[tokio::test]
async fn a_token_reviews_only_if_it_is_for_that() {
    let review = Review::new().await;
    let body = json!({ "text": "一" });
    let write = review.harness.token("read write").await;
    assert_eq!(review.ask(&write, Method::POST, "/comments", body.clone()).await.status(), 201);
    let read = review.harness.token("read review").await;
    assert_eq!(review.ask(&read, Method::POST, "/comments", body).await.status(), 403);
    // Its owner's own report, whatever it is for.
    let decision = json!({ "verdict": "accept", "transcript_version": 2 });
    assert_eq!(review.ask(&read, Method::POST, "/decisions", decision).await.status(), 403);
}

#[tokio::test]
async fn a_desk_follows_what_others_do() {
    let review = Review::new().await;
    let url = review.harness.url(&format!("/api/v1/reports/{}/events?follow=true", review.id));
    let mut events = review.reviewer.get(url).send().await.unwrap();
    let mut seen = String::new();
    let mut until = async |text: &str| {
        let read = async {
            while !seen.contains(text) {
                seen.push_str(&String::from_utf8_lossy(&events.chunk().await.unwrap().unwrap()));
            }
        };
        tokio::time::timeout(crate::harness::PATIENCE, read).await.unwrap();
    };
    until("敬爱的党组织").await;
    review.correct("敬爱的党组织。", &["改正了"]).await;
    until("改正了").await;
    review.comment(&review.harness.client, json!({ "text": "我没有这样说" })).await;
    until("我没有这样说").await;
    assert!(!seen.contains("event: end"));
}
