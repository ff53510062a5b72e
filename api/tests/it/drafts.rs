//! From a draft to what is handed in, and back.

use std::sync::Arc;

use huibao_api::ApiConfig;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::RetryPolicy;
use huibao_models::domain::person::Role;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportKind;
use huibao_models::domain::submission::FileKind;
use serde_json::{Value, json};

use crate::harness::{BRANCH, Harness, VIDEO, config, error_code};

#[tokio::test]
async fn a_report_is_begun_and_handed_in() {
    let harness = Harness::new().await;
    let begun = harness.post("/api/v1/reports").json(&json!({
        "title": " 第三季度\n思想汇报 ",
        "kind": "study",
        "period": "2026Q3",
        "written_text": "敬爱的党组织：\n我",
        "language": "auto",
    }));
    let begun = begun.send().await.unwrap();
    assert_eq!(begun.status(), 201);
    let path = begun.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = begun.json().await.unwrap();
    assert_eq!(path, format!("/api/v1/reports/{}", body["id"].as_str().unwrap()));
    let draft = &body["report"];
    assert_eq!((&draft["title"], &draft["kind"]), (&json!("第三季度思想汇报"), &json!("study")));
    assert_eq!((&draft["state"], &draft["submission"]), (&json!("draft"), &Value::Null));
    assert_eq!((&draft["speaker"], &draft["branch"]), (&json!("act"), &json!("/a/b")));
    assert_eq!((&draft["own"], &draft["open"]), (&json!(true), &json!(true)));

    let id = body["id"].as_str().unwrap().parse().unwrap();
    harness.upload(id, "video", "../录像.MOV", VIDEO).await;
    let draft = harness.json(&path).await["report"].take();
    assert_eq!(draft["uploads"][0]["role"], "video");
    assert_eq!(draft["uploads"][0]["filename"], "录像.MOV");
    assert_eq!(draft["uploads"][0]["finished"], true);
    let handed_in = harness.hand_in(id).await;
    assert_eq!(handed_in.status(), 202);
    let body: Value = handed_in.json().await.unwrap();
    let report = &body["report"];
    assert_eq!(
        (&report["state"], &report["submission"]["version"]),
        (&json!("submitted"), &json!(1))
    );
    assert_eq!(report["language"], "auto");
    assert_eq!((&report["uploads"], &report["open"]), (&json!([]), &json!(false)));
    assert_eq!(report["video"]["file_name"], "录像.MOV");
    assert_eq!(report["video"]["size_bytes"], VIDEO.len());
    assert_eq!(report["written"]["file_name"], "汇报正文.txt");
    assert_eq!(report["stages"][0]["state"], "queued");
    assert_eq!(report["stages"][3]["state"], "waiting");
    assert!(harness.was_published().await);
    let submission = harness.submission(id).await;
    let mut snapshot = harness.store.snapshot().await.unwrap();
    let file = snapshot.submissions().file(submission, FileKind::Original).await.unwrap().unwrap();
    assert!(file.key.starts_with(&format!("submissions/{submission}/original")), "{}", file.key);
    let text = harness.get(&format!("{path}/written")).send().await.unwrap();
    assert_eq!(text.text().await.unwrap(), "敬爱的党组织：\n我");
}

#[tokio::test]
async fn a_written_file_counts_instead_of_what_was_typed() {
    let harness = Harness::new().await;
    let id = harness.draft(json!({ "written_text": "打字" })).await;
    harness.upload(id, "video", "a.mp4", VIDEO).await;
    harness.upload(id, "written", "C:\\x\\思想汇报.TXT", "文件".as_bytes()).await;
    assert_eq!(harness.hand_in(id).await.status(), 202);
    let text = harness.get(&format!("/api/v1/reports/{id}/written")).send().await.unwrap();
    assert_eq!(text.text().await.unwrap(), "文件");
}

#[tokio::test]
async fn a_report_without_a_video_cannot_be_handed_in() {
    let harness = Harness::new().await;
    let id = harness.draft(json!({ "written_text": "打字" })).await;
    let refused = harness.hand_in(id).await;
    assert_eq!(error_code(refused).await, (422, "missing_video".into()));
    let draft = harness.json(&format!("/api/v1/reports/{id}")).await;
    assert_eq!(draft["report"]["state"], "draft");
    harness.upload(id, "video", "a.mp4", VIDEO).await;
    assert_eq!(harness.hand_in(id).await.status(), 202);
    let again = harness.hand_in(id).await;
    assert_eq!(error_code(again).await, (409, "not_a_draft".into()));
}

#[tokio::test]
async fn of_two_requests_at_once_one_hands_in() {
    let harness = Harness::new().await;
    for _ in 0..20 {
        let id = harness.draft(json!({ "written_text": "打字" })).await;
        harness.upload(id, "video", "a.mp4", VIDEO).await;
        let (one, other) = tokio::join!(harness.hand_in(id), harness.hand_in(id));
        let mut statuses = [one.status().as_u16(), other.status().as_u16()];
        statuses.sort_unstable();
        assert_eq!(statuses, [202, 409]);
        let report = harness.json(&format!("/api/v1/reports/{id}")).await["report"].take();
        assert_eq!(report["submission"]["version"], 1);
        assert_eq!(report["written"]["file_name"], "汇报正文.txt");
    }
}

#[tokio::test]
async fn bad_fields_are_refused() {
    let harness = Harness::new().await;
    for (body, status, code) in [
        (json!({ "title": "长".repeat(201) }), 400, "field_too_long"),
        (json!({ "speaker": "x".repeat(101) }), 400, "field_too_long"),
        (json!({ "language": "tlh" }), 400, "unsupported_language"),
        (json!({ "kind": "poem" }), 400, "bad_request"),
        (json!({ "period": "autumn" }), 400, "bad_request"),
        (json!({ "written_text": "x".repeat(1_001) }), 413, "written_too_large"),
        (json!({ "written_text": "x".repeat(3_000_000) }), 413, "body_too_large"),
        (json!([]), 400, "bad_request"),
    ] {
        let answer = harness.post("/api/v1/reports").json(&body).send().await.unwrap();
        assert_eq!(error_code(answer).await, (status, code.to_owned()));
    }
    let text = harness.post("/api/v1/reports").body("title=a").send().await.unwrap();
    assert_eq!(error_code(text).await, (400, "bad_request".into()));
}

#[tokio::test]
async fn nothing_that_was_written_elsewhere_is_lost() {
    let harness = Harness::new().await;
    let id = harness.draft(json!({ "title": "一" })).await;
    let url = harness.url(&format!("/api/v1/reports/{id}"));
    let read = harness.client.get(&url).send().await.unwrap();
    let tag = read.headers()["etag"].clone();
    let patch = |body: Value| harness.client.patch(&url).json(&body);
    let blind = patch(json!({ "title": "二" })).send().await.unwrap();
    assert_eq!(error_code(blind).await, (428, "precondition_required".into()));
    let first = patch(json!({ "written_text": "手机" })).header("if-match", &tag).send().await;
    let first = first.unwrap();
    assert_eq!(first.status(), 200);
    let newer = first.headers()["etag"].clone();
    let second = patch(json!({ "written_text": "电脑" })).header("if-match", &tag).send().await;
    assert_eq!(error_code(second.unwrap()).await, (412, "outdated".into()));
    let third = patch(json!({ "kind": "oath" })).header("if-match", newer).send().await.unwrap();
    let body: Value = third.json().await.unwrap();
    let report = &body["report"];
    assert_eq!(
        (&report["title"], &report["written_text"], &report["kind"]),
        (&json!("一"), &json!("手机"), &json!("oath"))
    );
}

#[tokio::test]
async fn a_report_that_failed_takes_another_file() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let path = format!("/api/v1/reports/{id}");
    let claim = harness.claim(Stage::Ingest).await;
    let failure = Failure::new(FailureCode::NotMedia, "none");
    let (policy, now) = (RetryPolicy::default(), harness.store.now());
    harness.store.fail(&claim, &failure, &policy, now).await.unwrap().unwrap();
    let failed = harness.json(&path).await["report"].take();
    assert_eq!((&failed["state"], &failed["open"]), (&json!("failed"), &json!(true)));
    assert_eq!(harness.upload(id, "video", "b.mp4", VIDEO).await.status(), 201);
    assert_eq!(harness.hand_in(id).await.status(), 202);
    let report = harness.json(&path).await["report"].take();
    assert_eq!(
        (&report["state"], &report["submission"]["version"]),
        (&json!("submitted"), &json!(2))
    );
    assert_eq!(report["video"]["file_name"], "b.mp4");
}

#[tokio::test]
async fn a_report_that_was_taken_back_is_handed_in_again() {
    let harness = Harness::new().await;
    let id = harness.submit().await;
    let path = format!("/api/v1/reports/{id}");
    let taken = harness.post(&format!("{path}/withdraw")).send().await.unwrap();
    let body: Value = taken.json().await.unwrap();
    assert_eq!(
        (&body["report"]["state"], &body["report"]["open"]),
        (&json!("withdrawn"), &json!(true))
    );
    let twice = harness.post(&format!("{path}/withdraw")).send().await.unwrap();
    assert_eq!(error_code(twice).await, (409, "not_withdrawable".into()));
    harness.upload(id, "video", "b.mp4", VIDEO).await;
    assert_eq!(harness.hand_in(id).await.status(), 202);
}

#[tokio::test]
async fn a_draft_is_thrown_away_and_nothing_else() {
    let harness = Harness::new().await;
    let handed_in = harness.submit().await;
    let draft = harness.draft(json!({ "title": "草稿" })).await;
    harness.upload(draft, "video", "a.mp4", VIDEO).await;
    let discard = |id| harness.client.delete(harness.url(&format!("/api/v1/reports/{id}"))).send();
    let refused = discard(handed_in).await.unwrap();
    assert_eq!(error_code(refused).await, (409, "not_a_draft".into()));
    assert_eq!(discard(draft).await.unwrap().status(), 204);
    assert_eq!(discard(draft).await.unwrap().status(), 404);
    let stored = crate::harness::count_files(&harness.folder.path().join("files"));
    assert_eq!(stored, 1, "the video that was handed in");
}

#[tokio::test]
async fn what_was_written_before_is_there_for_its_author() {
    let harness = Harness::new().await;
    let id = harness.draft(json!({ "title": "一", "written_text": "初稿" })).await;
    let url = harness.url(&format!("/api/v1/reports/{id}"));
    for (text, revision) in ["二稿", "二稿，改", "二稿，改"].into_iter().zip(1..) {
        let change = harness.client.patch(&url).header("if-match", format!("\"r{revision}\""));
        let changed = change.json(&json!({ "written_text": text })).send().await.unwrap();
        assert_eq!(changed.status(), 200);
    }
    let versions = harness.json(&format!("/api/v1/reports/{id}/draft-versions")).await;
    // Of a minute in which somebody types, its beginning.
    assert_eq!(versions["versions"].as_array().unwrap().len(), 1, "{versions}");
    assert_eq!(versions["versions"][0]["written_text"], "初稿");
    assert_eq!(versions["versions"][0]["revision"], 1);
    let (_, reviewer) = harness.person("reviewer", &[(Role::Reviewer, BRANCH)]).await;
    let seen = reviewer.get(format!("{url}/draft-versions")).send().await.unwrap();
    assert_eq!(seen.status(), 404);
}

#[tokio::test]
async fn kinds_that_are_switched_off_are_not_taken() {
    let study = (ReportKind::Study, Some("学习".to_owned()));
    let kinds = vec![study, (ReportKind::Activity, None)];
    let config = ApiConfig { kinds, ..config() };
    let harness = Harness::with(config, Arc::new(())).await;
    let info = harness.json("/api/v1/info").await;
    assert_eq!(info["kinds"], json!(["study", "activity"]));
    assert_eq!(info["kind_labels"], json!({ "study": "学习" }));
    let create = |body| harness.post("/api/v1/reports").json(&body).send();
    let made: Value = create(json!({})).await.unwrap().json().await.unwrap();
    assert_eq!(made["report"]["kind"], "study", "the first, if the usual one is off");
    let refused = create(json!({ "kind": "oath" })).await.unwrap();
    assert_eq!(error_code(refused).await, (400, "unsupported_kind".into()));
}
