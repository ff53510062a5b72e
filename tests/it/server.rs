//! `huibao up`: upload, follow, read, and survive a crash.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::support::fixture;
use crate::support::media::{sample, short};
use crate::support::server::Server;

fn is_over(report: &Value) -> bool {
    matches!(report["state"].as_str(), Some("ready" | "failed"))
}

#[test]
fn a_report_is_uploaded_followed_and_read() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    assert_eq!(server.get("/healthz")["status"], "ok");
    assert_eq!(server.get("/readyz")["ready"], true, "{}", server.get("/readyz"));

    let (status, answer) = server.upload(&short(folder.path(), 8), Some(&fixture("report-zh.txt")));
    assert_eq!(status, 202, "{answer}");
    let id = answer["report"]["id"].as_str().unwrap().to_owned();
    let events =
        server.client.get(format!("{}/api/v1/reports/{id}/events", server.url)).send().unwrap();
    let events = events.text().unwrap();
    assert!(events.contains("event: report") && events.contains("\"state\":\"ready\""), "{events}");

    let report = server.wait(&id, is_over);
    assert_eq!(report["state"], "ready", "{report}");
    assert!(report["transcript"]["text"].as_str().unwrap().contains("党"));
    assert!(report["written"]["text"].as_str().unwrap().contains("敬爱的党组织"));
    let video = format!("{}{}", server.url, report["links"]["video"].as_str().unwrap());
    let part = server.client.get(video).header("Range", "bytes=4-7").send().unwrap();
    assert_eq!(part.status().as_u16(), 206);
    assert_eq!(part.bytes().unwrap(), "ftyp");
    assert_eq!(server.stop(), Some(0));
}

#[test]
fn a_bad_upload_fails_with_a_reason_for_its_owner() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let text = folder.path().join("text.mp4");
    std::fs::write(&text, "text").unwrap();
    let (_, answer) = server.upload(&text, None);
    let report = server.wait(answer["report"]["id"].as_str().unwrap(), is_over);
    assert_eq!(report["state"], "failed");
    assert_eq!(report["stages"][0]["error"]["code"], "not_media", "{report}");
}

#[test]
fn a_model_stays_loaded_until_none_has_come_for_a_while() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[("HUIBAO_MODEL_IDLE_SECONDS", "3")]);
    let video = short(folder.path(), 3);
    let mut loaded = Vec::new();
    for _ in 0..2 {
        let (_, answer) = server.upload(&video, None);
        let report = server.wait(answer["report"]["id"].as_str().unwrap(), is_over);
        assert_eq!(report["state"], "ready", "{report}");
        loaded.push(server.children());
    }
    assert_eq!(loaded[0].len(), 1, "{loaded:?}");
    assert_eq!(loaded[0], loaded[1], "the same process heard both");
    let start = Instant::now();
    while !server.children().is_empty() {
        assert!(start.elapsed() < Duration::from_mins(1), "it is never unloaded");
        std::thread::sleep(Duration::from_millis(100));
    }
}

#[test]
fn recognitions_side_by_side_share_a_model() {
    let folder = tempfile::tempdir().unwrap();
    let env = [("HUIBAO_CORES", "2"), ("HUIBAO_CORES_PER_TASK", "1")];
    let server = Server::start(&folder.path().join("data"), &env);
    let mut ids = Vec::new();
    for seconds in [40, 41] {
        let (_, answer) = server.upload(&short(folder.path(), seconds), None);
        ids.push(answer["report"]["id"].as_str().unwrap().to_owned());
    }
    let reports: Vec<_> = ids.iter().map(|id| server.wait(id, is_over)).collect();
    for report in &reports {
        assert_eq!(report["state"], "ready", "{report}");
    }
    let time = |report: usize, end: &str| reports[report]["stages"][2][end].as_str().unwrap();
    assert!(
        time(1, "started_at") < time(0, "finished_at"),
        "they were heard one after the other, and this tells nothing: {reports:?}"
    );
    assert_eq!(server.children().len(), 1, "a process for each");
}

#[test]
fn a_crash_loses_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let env = [("HUIBAO_LEASE_SECONDS", "5")];
    let server = Server::start(&data, &env);
    let (_, answer) = server.upload(&sample(), None);
    let id = answer["report"]["id"].as_str().unwrap().to_owned();
    server.wait(&id, |report| report["stages"][2]["state"] == "running");
    server.crash();

    let server = Server::start(&data, &env);
    let report = server.wait(&id, is_over);
    assert_eq!(report["state"], "ready", "{report}");
    assert_eq!(report["stages"][2]["attempt"], 2, "recognition was begun again: {report}");
    assert_eq!(report["stages"][0]["attempt"], 1, "what was done stays done: {report}");
}

#[test]
fn one_data_folder_has_one_owner() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let _server = Server::start(&data, &[]);
    let second = crate::support::huibao()
        .args(["up", "--listen", "127.0.0.1:0", "--data-dir"])
        .arg(&data)
        .output()
        .unwrap();
    assert_eq!(second.status.code(), Some(2));
}

#[test]
fn a_worker_that_pauses_takes_no_further_jobs() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    server.command(&["user", "add", "root", "--role", "operator", "--branch", "/"], "");
    let token = server.command(&["token", "create", "root", "--quiet"], "");
    let operator = reqwest::blocking::Client::builder().no_proxy().build().unwrap();
    let worker = || {
        let url = format!("{}/api/v1/workers", server.url);
        let answer = operator.get(url).bearer_auth(token.trim()).send().unwrap();
        answer.json::<Value>().unwrap()["workers"][0].take()
    };
    // Waits until the worker was heard of once more: what was said before, it knows then.
    let heard = || {
        let (before, start) = (worker()["seen_at"].clone(), Instant::now());
        while worker()["seen_at"] == before {
            assert!(start.elapsed() < Duration::from_secs(30), "the worker is silent");
            std::thread::sleep(Duration::from_millis(100));
        }
    };
    let pause = |paused: bool| {
        let body = json!({ "name": worker()["name"], "paused": paused });
        let url = format!("{}/api/v1/workers/pause", server.url);
        let answer = operator.post(url).bearer_auth(token.trim()).json(&body).send().unwrap();
        assert_eq!(answer.status(), 204);
        heard();
    };
    heard();
    pause(true);
    let (status, answer) = server.upload(&short(folder.path(), 2), None);
    assert_eq!(status, 202, "{answer}");
    let id = answer["report"]["id"].as_str().unwrap();
    std::thread::sleep(Duration::from_secs(2));
    assert_eq!(server.get(&format!("/api/v1/reports/{id}"))["report"]["state"], "submitted");
    pause(false);
    assert_eq!(server.wait(id, is_over)["state"], "ready");
}
