//! Handing in: what is stored, what is refused, and that refusals leave nothing behind.

use std::sync::Arc;
use std::time::Duration;

use huibao_api::ApiConfig;
use huibao_models::domain::submission::FileKind;
use reqwest::multipart::{Form, Part};
use serde_json::Value;
use tokio::io::AsyncWriteExt;

use crate::harness::{Harness, VIDEO, config, error_code, file};

fn video() -> Part {
    file("a.mp4", VIDEO)
}

#[tokio::test]
async fn a_report_is_stored_queued_and_shown() {
    let harness = Harness::new().await;
    let form = Form::new()
        .part("written", file("C:\\x\\思想汇报.TXT", "敬爱的党组织".as_bytes()))
        .text("title", " 第三季度\n思想汇报 ")
        .part("unknown", file("x", b"ignored"))
        .part("video", file("../录像.MOV", VIDEO))
        .text("speaker", "李晓明")
        .text("language", "auto");
    let response = harness.upload(form).await;
    assert_eq!(response.status(), 201);
    let location = response.headers()["location"].to_str().unwrap().to_owned();
    let body: Value = response.json().await.unwrap();
    let report = &body["report"];
    assert_eq!(location, format!("/api/reports/{}", report["id"].as_str().unwrap()));
    assert_eq!(report["title"], "第三季度思想汇报");
    assert_eq!(report["speaker"], "李晓明");
    assert_eq!(report["language"], "auto");
    assert_eq!(report["state"], "submitted");
    assert_eq!(report["video"]["file_name"], "录像.MOV");
    assert_eq!(report["video"]["size_bytes"], VIDEO.len());
    assert_eq!(report["written"]["file_name"], "思想汇报.TXT");
    assert_eq!(report["written"]["text"], Value::Null);
    assert_eq!(report["stages"][0]["state"], "queued");
    assert_eq!(report["stages"][3]["state"], "waiting");
    assert!(harness.was_published().await);
    assert_eq!(harness.json(&location).await, body);
    let id = report["id"].as_str().unwrap().parse().unwrap();
    let submission = harness.submission(id).await;
    let mut snapshot = harness.store.snapshot().await.unwrap();
    let stored = snapshot.submissions().file(submission, FileKind::Original).await;
    assert_eq!(stored.unwrap().unwrap().key, format!("submissions/{submission}/original.mov"));
}

#[tokio::test]
async fn an_empty_file_input_is_no_written_report() {
    let harness = Harness::new().await;
    let form = Form::new().part("written", file("", b"")).part("video", video());
    let body: Value = harness.upload(form).await.json().await.unwrap();
    assert_eq!(body["report"]["written"], Value::Null);
    assert_eq!(body["report"]["language"], "zh");
}

#[tokio::test]
async fn bad_forms_are_refused_and_leave_nothing() {
    let harness = Harness::new().await;
    let with_video = || Form::new().part("video", video());
    let cases = [
        (Form::new().text("title", "a"), 400, "missing_video"),
        (Form::new().part("video", file("a.mp4", b"")), 400, "missing_video"),
        (Form::new().part("video", file("", b"")), 400, "missing_video"),
        (with_video().part("video", video()), 400, "duplicate_field"),
        (with_video().text("title", "a").text("title", "b"), 400, "duplicate_field"),
        (with_video().text("title", "长".repeat(201)), 400, "field_too_long"),
        (with_video().text("speaker", "x".repeat(101)), 400, "field_too_long"),
        (with_video().text("title", "x".repeat(50_000)), 400, "field_too_long"),
        (with_video().text("language", "tlh"), 400, "unsupported_language"),
        (with_video().part("written", file("a.exe", b"MZ")), 415, "written_unsupported"),
        (with_video().part("written", file("a.md", &[b'x'; 1_001])), 413, "written_too_large"),
        (Form::new().part("video", file("a.mp4", &vec![0; 100_001])), 413, "too_large"),
        (Form::new().part("video", file("a.mp4", &vec![0; 3_000_000])), 413, "too_large"),
    ];
    for (form, status, code) in cases {
        let answer = error_code(harness.upload(form).await).await;
        assert_eq!(answer, (status, code.to_owned()));
    }
    harness.wait_until_empty().await;
}

#[tokio::test]
async fn what_is_no_form_is_refused() {
    let harness = Harness::new().await;
    let json = harness.post("/api/reports").json(&Value::Null).send().await.unwrap();
    assert_eq!(error_code(json).await, (400, "bad_upload".into()));
    let cut = harness
        .post("/api/reports")
        .header("content-type", "multipart/form-data; boundary=x")
        .body(
            "--x\r\nContent-Disposition: form-data; name=\"video\"; filename=\"a.mp4\"\r\n\r\nabc",
        );
    assert_eq!(error_code(cut.send().await.unwrap()).await, (400, "bad_upload".into()));
    harness.wait_until_empty().await;
}

#[tokio::test]
async fn a_refusal_is_heard_while_a_large_body_is_still_sent() {
    let harness = Harness::new().await;
    // More than socket buffers hold: a server that hangs up would cut the sender off.
    let form = Form::new().part("video", file("a.mp4", &vec![0; 50_000_000]));
    assert_eq!(error_code(harness.upload(form).await).await, (413, "too_large".into()));
    harness.wait_until_empty().await;
}

#[tokio::test]
async fn a_client_that_goes_away_leaves_nothing() {
    let harness = Harness::new().await;
    let mut socket = tokio::net::TcpStream::connect(harness.address).await.unwrap();
    let head = format!(
        "POST /api/reports HTTP/1.1\r\nHost: {}\r\nContent-Length: 90000\r\n\
         Content-Type: multipart/form-data; boundary=x\r\n\r\n",
        harness.address
    );
    let written = "--x\r\nContent-Disposition: form-data; name=\"written\"; filename=\"a.txt\"\
                   \r\n\r\nabc\r\n";
    let video = "--x\r\nContent-Disposition: form-data; name=\"video\"; filename=\"a.mp4\"\r\n\r\n";
    for text in [head.as_str(), written, video, &"0".repeat(20_000)] {
        socket.write_all(text.as_bytes()).await.unwrap();
    }
    harness.wait_until_receiving().await;
    drop(socket);
    harness.wait_until_empty().await;
}

/// A form whose video never comes.
fn stalled() -> Form {
    let body = futures::stream::pending::<std::io::Result<Vec<u8>>>();
    let video = Part::stream(reqwest::Body::wrap_stream(body)).file_name("a.mp4");
    Form::new().part("written", file("a.txt", b"abc")).part("video", video)
}

#[tokio::test]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let harness = Harness::new().await;
    let upload = tokio::spawn(harness.post("/api/reports").multipart(stalled()).send());
    harness.wait_until_receiving().await;
    upload.abort();
    harness.wait_until_empty().await;
}

#[tokio::test]
async fn an_upload_that_stalls_is_ended() {
    let config = ApiConfig { upload_idle: Duration::from_millis(100), ..config() };
    let harness = Harness::with(config, Arc::new(())).await;
    let answer = error_code(harness.upload(stalled()).await).await;
    assert_eq!(answer, (400, "bad_upload".into()));
    harness.wait_until_empty().await;
}
