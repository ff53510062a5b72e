//! Reading: one report as it grows, and the list.

use chrono::Utc;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use huibao_models::domain::job::RetryPolicy;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::transcript::{Segment, Word};
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, VIDEO, error_code, segment};

#[tokio::test]
async fn a_report_grows_as_stages_finish() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let path = format!("/api/v1/reports/{id}");
    harness.work(Stage::Ingest).await;
    let claim = harness.claim(Stage::Transcribe).await;
    let word = Word {
        start_ms: 250,
        end_ms: 700,
        text: "敬".into(),
        confidence: 0.25,
        heard: None,
        scores: None,
    };
    let said = Segment { words: vec![word], ..segment("敬爱的") };
    harness.store.publish_partial(&claim, 0, &said).await.unwrap();

    let report = harness.json(&path).await["report"].take();
    assert_eq!(report["state"], "processing");
    assert_eq!(
        report["media"],
        json!({ "duration_seconds": 61.5, "width": 720, "height": 1280, "video_codec": "hevc",
            "audio_codec": "aac", "rotation_degrees": 90, "lost_seconds": 0.0, "remuxed": null })
    );
    assert_eq!(
        report["partial"],
        json!([{ "id": 0, "start": 0.25, "end": 1.9, "text": "敬爱的", "confidence": 0.5,
            "words": [{ "start": 0.25, "end": 0.7, "text": "敬", "confidence": 0.25 }],
            "flags": ["repetition"] }])
    );
    assert_eq!(report["stages"][0]["work_seconds"], 1.5);
    assert_eq!(report["transcript"], Value::Null);
    assert_eq!(report["links"]["vtt"], Value::Null);
    assert_eq!(report["poster_url"], format!("{path}/poster"));

    harness.complete(&claim).await;
    harness.work(Stage::Transcode).await;
    harness.work(Stage::Archive).await;
    let report = harness.json(&path).await["report"].take();
    assert_eq!(report["state"], "ready");
    assert_eq!(report["partial"], json!([]));
    assert_eq!(report["transcript"]["text"], "敬爱的党组织。");
    assert_eq!(report["transcript"]["model"], "ggml-test");
    assert_eq!(report["media"]["remuxed"], true);
    assert_eq!(report["links"]["video"], format!("{path}/video"));
    assert_eq!(report["failure"], Value::Null);
}

#[tokio::test]
async fn a_report_that_is_recognized_again_shows_what_it_has_and_keeps_every_version() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let path = format!("/api/v1/reports/{id}");
    assert_eq!(harness.json(&format!("{path}/transcripts")).await, json!({ "versions": [] }));
    for stage in Stage::ALL {
        harness.work(*stage).await;
    }
    let submission = harness.submission(id).await;
    let mut unit = harness.store.begin(Actor::System, Utc::now()).await.unwrap();
    assert!(unit.jobs().recognize_again(submission, "small").await.unwrap());
    unit.commit().await.unwrap();
    let claim = harness.claim(Stage::Transcribe).await;
    harness.store.publish_partial(&claim, 0, &segment("什么")).await.unwrap();
    let report = harness.json(&path).await["report"].take();
    assert_eq!((&report["state"], &report["failure"]), (&json!("ready"), &Value::Null));
    assert_eq!(
        (&report["partial"], &report["stages"][2]["state"]),
        (&json!([]), &json!("running"))
    );
    assert_eq!(report["transcript"]["text"], "敬爱的党组织。");

    harness.complete(&claim).await;
    let list = harness.json(&format!("{path}/transcripts")).await["versions"].take();
    let list = list.as_array().unwrap();
    let numbers: Vec<_> = list.iter().map(|version| version["version"].as_u64().unwrap()).collect();
    assert_eq!(numbers, [1, 2, 3, 4]);
    assert_eq!(
        (&list[2]["origin"], &list[3]["origin"], &list[3]["model"]),
        (&json!("raw"), &json!("recognition"), &json!("ggml-test"))
    );
    let current: Vec<_> = list.iter().map(|version| &version["current"]).collect();
    assert_eq!(current, [false, false, false, true]);
    let parents: Vec<_> = list.iter().map(|version| version["parent"].clone()).collect();
    assert_eq!(json!(parents), json!([null, 1, null, 3]));
    assert_eq!(list[3]["author"], "worker:test");
    assert!(list[3]["created_at"].is_string() && list[3]["engine"].is_string(), "{list:?}");
    for (query, status) in [
        ("", 200),
        ("?version=1", 200),
        ("?version=4", 200),
        ("?version=5", 404),
        ("?version=x", 400),
    ] {
        let response = harness.get(&format!("{path}/transcript.txt{query}")).send().await.unwrap();
        assert_eq!(response.status(), status, "{query}");
    }
    let nobody = harness.get(&format!("/api/v1/reports/{}/transcripts", uuid::Uuid::now_v7()));
    assert_eq!(nobody.send().await.unwrap().status(), 404);
}

#[tokio::test]
async fn a_report_is_never_shown_as_failed_without_its_reason() {
    let harness = Harness::new().await;
    for _ in 0..30 {
        let path = format!("/api/v1/reports/{}", harness.submit().await);
        let claim = harness.claim(Stage::Ingest).await;
        let store = harness.store.clone();
        // Commits somewhere between the reads of the requests below.
        let failing = tokio::spawn(async move {
            let failure = Failure::new(FailureCode::NotMedia, "none");
            let policy = RetryPolicy::default();
            store.fail(&claim, &failure, &policy, Utc::now()).await.unwrap().unwrap();
        });
        loop {
            let report = harness.json(&path).await["report"].take();
            let stage = &report["stages"][0];
            let failed = report["state"] == "failed";
            assert_eq!(report["failure"].is_object(), failed, "{report}");
            assert_eq!((stage["state"] == "dead", stage["error"].is_object()), (failed, failed));
            if failed {
                break;
            }
        }
        failing.await.unwrap();
    }
}

#[tokio::test]
async fn a_correction_stays_what_readers_see_when_the_report_is_recognized_again() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let path = format!("/api/v1/reports/{id}");
    for stage in Stage::ALL {
        harness.work(*stage).await;
    }
    let submission = harness.submission(id).await;
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let correction = json!({ "replaced": [{ "id": 1, "text": "敬爱的党组织。" }], "by": ["改正"] });
    let corrected = reviewer.post(harness.url(&format!("{path}/corrections"))).json(&correction);
    assert_eq!(corrected.send().await.unwrap().status(), 200);
    let mut unit = harness.store.begin(Actor::System, Utc::now()).await.unwrap();
    assert!(unit.jobs().recognize_again(submission, "small").await.unwrap());
    unit.commit().await.unwrap();
    harness.work(Stage::Transcribe).await;

    let report = harness.json(&path).await["report"].take();
    assert_eq!(report["submission"], json!({ "id": submission, "version": 1 }));
    assert_eq!(report["transcript"]["text"], "改正");
    assert_eq!(report["transcript"]["segments"][0]["id"], 1);
    for (query, text) in [("", "改正\n"), ("?version=5", "敬爱的党组织。\n")] {
        let file = harness.get(&format!("{path}/transcript.txt{query}")).send().await.unwrap();
        assert_eq!(file.text().await.unwrap(), text, "{query}");
    }
    let list = harness.json(&format!("{path}/transcripts")).await["versions"].take();
    assert_eq!((&list[2]["current"], &list[2]["parent"]), (&json!(true), &json!(2)));
    assert_eq!((&list[2]["person"], &list[4]["current"]), (&json!("reviewer"), &json!(false)));
}

#[tokio::test]
async fn failures_speak_the_readers_language_and_hide_their_cause() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let claim = harness.claim(Stage::Ingest).await;
    let failure = Failure::new(FailureCode::NotMedia, "/secret/path");
    let policy = RetryPolicy::default();
    harness.store.fail(&claim, &failure, &policy, Utc::now()).await.unwrap().unwrap();
    for (query, header, message) in [
        ("?lang=en", "zh", FailureCode::NotMedia.message(Lang::En)),
        ("?lang=zh", "en", FailureCode::NotMedia.message(Lang::Zh)),
        ("", "en-GB,zh;q=0.5", FailureCode::NotMedia.message(Lang::En)),
    ] {
        let request = harness.get(&format!("/api/v1/reports/{id}{query}"));
        let response = request.header("accept-language", header).send().await.unwrap();
        let text = response.text().await.unwrap();
        assert!(!text.contains("secret"));
        let body: Value = serde_json::from_str(&text).unwrap();
        assert_eq!(body["report"]["failure"], json!({ "code": "not_media", "message": message }));
        assert_eq!(body["report"]["stages"][0]["error"]["message"], message);
    }
}

#[tokio::test]
async fn the_list_is_newest_first_and_paged() {
    let harness = Harness::new().await;
    let mut ids = Vec::new();
    for _ in 0..3 {
        ids.push(harness.submit().await.to_string());
    }
    ids.reverse();
    harness.work(Stage::Ingest).await;
    let first = harness.json("/api/v1/reports?limit=2").await;
    assert_eq!(first["reports"][0]["id"], ids[0]);
    assert_eq!(first["reports"][0]["duration_seconds"], Value::Null);
    assert_eq!(first["next"], ids[1]);
    let second = harness.json(&format!("/api/v1/reports?limit=2&before={}", ids[1])).await;
    assert_eq!(second["reports"].as_array().unwrap().len(), 1);
    assert_eq!(second["reports"][0]["poster_url"], format!("/api/v1/reports/{}/poster", ids[2]));
    assert_eq!(second["next"], Value::Null);
    assert_eq!(second["reports"][0]["duration_seconds"], 61.5);
}

#[tokio::test]
async fn errors_have_stable_codes_and_two_languages() {
    let harness = Harness::new().await;
    let cases = [
        ("/api/v1/reports/x", 404, "not_found"),
        ("/api/v1/reports/00000000-0000-7000-8000-000000000000", 404, "not_found"),
        ("/api/v1/reports/00000000-0000-7000-8000-000000000000/events", 404, "not_found"),
        ("/api/v1/reports/00000000-0000-7000-8000-000000000000/video", 404, "not_found"),
        ("/api/v1/nothing", 404, "not_found"),
        ("/api/v1/reports?limit=x", 400, "bad_request"),
    ];
    for (path, status, code) in cases {
        let answer = error_code(harness.get(path).send().await.unwrap()).await;
        assert_eq!(answer, (status, code.to_owned()), "{path}");
    }
    let wrong = harness.post("/api/v1/info").send().await.unwrap();
    assert_eq!(error_code(wrong).await, (405, "method_not_allowed".into()));
    let zh = harness.json("/api/v1/nothing?lang=zh").await;
    let en = harness.json("/api/v1/nothing?lang=en").await;
    assert_eq!(zh["detail"], "没有找到请求的内容。");
    assert_eq!(en["detail"], "The requested resource does not exist.");
}

#[tokio::test]
async fn a_request_that_comes_again_with_its_key_does_nothing_twice() {
    let harness = Harness::new().await;
    let create = |key: &'static str, title: &'static str| {
        let request = harness.post("/api/v1/reports").header("idempotency-key", key);
        request.json(&serde_json::json!({ "title": title })).send()
    };
    let first = create("k1", "一").await.unwrap();
    let location = first.headers()["location"].clone();
    assert!(!first.headers().contains_key("idempotent-replayed"));
    let body = first.text().await.unwrap();
    let again = create("k1", "一").await.unwrap();
    assert_eq!((again.status().as_u16(), &again.headers()["location"]), (201, &location));
    assert_eq!(again.headers()["idempotent-replayed"], "true");
    assert_eq!(again.headers()["content-type"], "application/json");
    assert_eq!(again.text().await.unwrap(), body);
    let other = create("k1", "二").await.unwrap();
    assert_eq!(error_code(other).await, (422, "idempotency_key_reused".into()));
    assert_eq!(create("k2", "一").await.unwrap().status(), 201);
    let list = harness.json("/api/v1/reports").await;
    assert_eq!(list["reports"].as_array().unwrap().len(), 2);
    // Another person's key is another key.
    let (_, other) = harness.person("other", &[(Role::Activist, BRANCH)]).await;
    let theirs = other.post(harness.url("/api/v1/reports")).header("idempotency-key", "k1");
    let theirs = theirs.json(&serde_json::json!({ "title": "一" })).send().await.unwrap();
    assert!(!theirs.headers().contains_key("idempotent-replayed"));
    // What was refused is asked anew.
    let id = harness.draft(serde_json::json!({})).await;
    let submit = || {
        let path = format!("/api/v1/reports/{id}/submit");
        harness.post(&path).header("idempotency-key", "k3").send()
    };
    assert_eq!(error_code(submit().await.unwrap()).await.1, "missing_video");
    harness.upload(id, "video", "v.mp4", VIDEO).await;
    for _ in 0..2 {
        assert_eq!(submit().await.unwrap().status(), 202);
    }
    let long = "k".repeat(201);
    let bad = harness.post("/api/v1/reports").header("idempotency-key", long);
    let bad = bad.json(&serde_json::json!({})).send().await.unwrap();
    assert_eq!(error_code(bad).await, (400, "bad_request".into()));
}

#[tokio::test]
async fn of_many_that_come_at_once_with_a_key_one_does_something() {
    let harness = Harness::new().await;
    let create = || {
        let request = harness.post("/api/v1/reports").header("idempotency-key", "same");
        request.json(&serde_json::json!({})).send()
    };
    let answers = futures::future::join_all((0..8).map(|_| create())).await;
    for answer in answers {
        let status = answer.unwrap().status().as_u16();
        assert!([201, 409].contains(&status), "{status}");
    }
    let list = harness.json("/api/v1/reports").await;
    assert_eq!(list["reports"].as_array().unwrap().len(), 1);
}
