//! The pages in a real browser.

use std::path::{Path, PathBuf};
use std::process::Command;

use huibao_models::domain::actor::Actor;
use huibao_models::domain::transcript::{Recognition, Segment, Word};
use huibao_models::store::Store;
use serde_json::{Value, json};

use crate::support::media::short;
use crate::support::server::{BRANCH, NAME, PASSWORD, Server};
use crate::support::{fixture, root};

/// A script of `tests/browser` as the activist.
fn script(name: &str, server: &Server) -> Command {
    let mut command = Command::new("node");
    command
        .arg(root().join("tests/browser").join(name))
        .env("BASE_URL", &server.url)
        .env("HUIBAO_TEST_NAME", NAME)
        .env("HUIBAO_TEST_PASSWORD", PASSWORD);
    command
}

fn run(mut script: Command) {
    let output = script.output().expect("scripts/test installs node");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}

#[test]
fn a_person_uploads_watches_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let mut script = script("first-page.mjs", &server);
    script
        .env("VIDEO", short(folder.path(), 12))
        .env("WRITTEN", fixture("report-zh.txt"))
        .env("PHOTO", fixture("written/rotated.heic"));
    run(script);
}

#[test]
fn a_report_is_recorded_in_the_page_although_the_browser_is_killed() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let mut script = script("record.mjs", &server);
    script.env("VIDEO", short(folder.path(), 30));
    run(script);
}

#[test]
fn a_reviewer_opens_a_round_and_an_activist_sees_it() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let add = ["user", "add", "wang", "--role", "reviewer", "--branch", BRANCH, "--password-stdin"];
    server.command(&add, PASSWORD);
    let mut script = script("rounds.mjs", &server);
    script.env("HUIBAO_TEST_REVIEWER", "wang");
    run(script);
}

#[test]
fn a_report_is_corrected_returned_handed_in_again_and_accepted() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    for name in ["wang", "zhang"] {
        let add =
            ["user", "add", name, "--role", "reviewer", "--branch", BRANCH, "--password-stdin"];
        server.command(&add, PASSWORD);
    }
    let mut script = script("desk.mjs", &server);
    script
        .env("HUIBAO_TEST_REVIEWER", "wang")
        .env("HUIBAO_TEST_COLLEAGUE", "zhang")
        .env("VIDEO", short(folder.path(), 30))
        .env("WRITTEN", reordered(folder.path()));
    run(script);
}

/// The written report with its first paragraph at the end.
fn reordered(folder: &Path) -> PathBuf {
    let text = std::fs::read_to_string(fixture("report-zh.txt")).unwrap();
    let mut paragraphs: Vec<&str> = text.lines().collect();
    paragraphs.rotate_left(1);
    let path = folder.join("report.txt");
    std::fs::write(&path, paragraphs.join("\n")).unwrap();
    path
}

/// Gives a report a transcript of so many sentences, as a recogniser would, beside a running server.
async fn recognize(data: &Path, report: &str, sentences: u32) {
    let store = Store::open_sqlite(&data.join("huibao.db")).await.unwrap();
    let mut unit = store.begin(Actor::Worker("test".into()), store.now()).await.unwrap();
    let overview = unit.reports().overview(report.parse().unwrap()).await.unwrap().unwrap();
    let submission = overview.submission.unwrap().id;
    let mut transcript = unit.transcripts().current(submission).await.unwrap().unwrap();
    let first = transcript.segments[0].clone();
    let segment = |number: u32| {
        let start_ms = u64::from(number) * 1000;
        let words = first.words.iter().cloned().map(|word| Word {
            start_ms,
            end_ms: start_ms + 900,
            ..word
        });
        let last = number + 1 == sentences;
        Segment {
            id: 0,
            start_ms,
            end_ms: start_ms + 900,
            text: if last { "这是最后一句。".into() } else { first.text.clone() },
            words: if last { Vec::new() } else { words.collect() },
            ..first.clone()
        }
    };
    transcript.segments = (0..sentences).map(segment).collect();
    let recognition = Recognition { transcript, raw: Vec::new() };
    unit.transcripts().add_recognition(submission, &recognition).await.unwrap();
    unit.commit().await.unwrap();
}

#[test]
fn a_transcript_of_thousands_of_sentences_is_read_and_corrected() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let add = ["user", "add", "wang", "--role", "reviewer", "--branch", BRANCH, "--password-stdin"];
    server.command(&add, PASSWORD);
    let (status, answer) = server.upload(&short(folder.path(), 8), None);
    assert_eq!(status, 202, "{answer}");
    let id = answer["id"].as_str().unwrap();
    server.wait(id, |report| report["state"] == "ready");
    tokio::runtime::Runtime::new().unwrap().block_on(recognize(&data, id, 10_000));
    let mut script = script("long.mjs", &server);
    script.env("HUIBAO_TEST_NAME", "wang").env("REPORT", id).env("LAST", "这是最后一句");
    run(script);
}

#[test]
fn an_operator_sees_what_failed_and_lets_a_worker_pause() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let add = ["user", "add", "root", "--role", "operator", "--branch", "/", "--password-stdin"];
    server.command(&add, PASSWORD);
    // Begins as a video does, and is none.
    let bad = folder.path().join("bad.mp4");
    std::fs::write(&bad, [b"\0\0\0\x18ftypmp42".as_slice(), &[7; 4000]].concat()).unwrap();
    let (status, answer) = server.upload(&bad, None);
    assert_eq!(status, 202, "{answer}");
    server.wait(answer["id"].as_str().unwrap(), |report| report["state"] == "failed");
    let mut script = script("console.mjs", &server);
    script.env("HUIBAO_TEST_NAME", "root");
    run(script);
}

#[test]
fn an_operator_imports_a_roster_and_looks_after_accounts() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let add = ["user", "add", "root", "--role", "operator", "--branch", "/", "--password-stdin"];
    server.command(&add, PASSWORD);
    let mut script = script("people.mjs", &server);
    script.env("HUIBAO_TEST_NAME", "root");
    run(script);
}

/// Opens a round of the activist's branch and returns its id.
fn open_round(server: &Server, reviewer: &str, title: &str) -> String {
    let token = server.command(&["token", "create", reviewer, "--quiet"], "");
    let round = json!({ "branch": BRANCH, "title": title, "deadline": "2099-01-01T00:00:00Z" });
    let request = server.client.post(format!("{}/api/v1/rounds", server.url));
    let answer = request.bearer_auth(token.trim()).json(&round).send().unwrap();
    assert_eq!(answer.status(), 201);
    let body: Value = answer.json().unwrap();
    body["round"]["id"].as_str().unwrap().to_owned()
}

#[test]
fn every_page_fits_in_both_languages_and_the_first_is_light() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let add = |name: &str, role: &str, branch: &str| {
        let shown = "مارية 欧阳娜娜（计算机科学与技术学院）";
        let add =
            ["user", "add", name, "--role", role, "--branch", branch, "--display-name", shown];
        server.command(&[&add[..], &["--password-stdin"]].concat(), PASSWORD);
    };
    add("wang", "reviewer", BRANCH);
    add("root", "operator", "/");
    let (status, answer) = server.upload(&short(folder.path(), 12), None);
    assert_eq!(status, 202, "{answer}");
    let report = answer["id"].as_str().unwrap();
    server.wait(report, |report| report["state"] == "ready");
    let round = open_round(&server, "wang", &"第四季度思想汇报".repeat(10));
    let mut script = script("everywhere.mjs", &server);
    script
        .env("HUIBAO_TEST_REVIEWER", "wang")
        .env("HUIBAO_TEST_OPERATOR", "root")
        .env("REPORT", report)
        .env("ROUND", round);
    run(script);
}
