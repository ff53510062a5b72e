//! `huibao submit`: what it says about a server's report, and about a server that says no.

mod interrupted;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

use crate::support::media::short;
use crate::support::server::Server;
use crate::support::{fixture, huibao, only_object, process};

/// `huibao submit` with a token; what it remembers lies beside the video.
fn command(video: &Path, url: &str, token: &str) -> Command {
    let mut command = huibao();
    command.args(["submit", "--server", url]).arg(video).env("HUIBAO_TOKEN", token);
    command.env("XDG_STATE_HOME", video.parent().unwrap().join("state"));
    command
}

/// Runs `huibao submit --json` and returns its exit code and the object it printed.
fn submit_with(video: &Path, url: &str, token: &str, more: &[&str]) -> (i32, Value) {
    let output = command(video, url, token).arg("--json").args(more).output().unwrap();
    (output.status.code().unwrap(), only_object(&output))
}

/// The same, to a server.
fn submit(server: &Server, video: &Path, url: &str, more: &[&str]) -> (i32, Value) {
    submit_with(video, url, &server.token, more)
}

/// A file of this many bytes that is no video.
fn big(folder: &Path, bytes: u64) -> PathBuf {
    let path = folder.join("big.mp4");
    File::create(&path).unwrap().set_len(bytes).unwrap();
    path
}

fn reports(server: &Server) -> usize {
    server.get("/api/v1/reports")["reports"].as_array().unwrap().len()
}

/// The names inside an object, as deep as it goes.
fn shape(value: &Value) -> Value {
    match value {
        Value::Object(fields) => {
            fields.iter().map(|(name, value)| (name.clone(), shape(value))).collect()
        }
        Value::Array(items) => items.iter().map(shape).take(1).collect(),
        _ => Value::Null,
    }
}

#[test]
fn waiting_ends_with_what_process_says() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = folder.path().join("汇报.mp4");
    std::fs::rename(short(folder.path(), 8), &video).unwrap();
    let written = fixture("report-zh.txt");
    let more = ["--wait", "--title", "思想汇报", "--speaker", "李晓明", "--language", "zh"];
    let more = [&more[..], &["--written", written.to_str().unwrap()]].concat();
    let (code, json) = submit(&server, &video, &format!("{}/", server.url), &more);
    assert_eq!(code, 0, "{json}");

    let (_, local) = process(&video, &folder.path().join("out"), &more[1..]);
    assert_eq!(json["transcript"], local["transcript"]);
    assert_eq!(json["media"], local["media"]);
    let mut expected = shape(&local);
    expected["url"] = Value::Null;
    assert_eq!(shape(&json), expected, "{json}");
    assert_eq!(json["bag"], Value::Null);
    assert!(json["timings"]["transcribe_seconds"].as_f64().unwrap() > 0.0, "{json}");

    let id = json["report"]["id"].as_str().unwrap();
    assert_eq!(json["url"], format!("{}/#/reports/{id}", server.url));
    let report = server.get(&format!("/api/v1/reports/{id}"))["report"].clone();
    assert_eq!(report["video"]["file_name"], "汇报.mp4");
    assert_eq!((&report["title"], &report["speaker"]), (&json!("思想汇报"), &json!("李晓明")));
    assert!(report["written"]["text"].as_str().unwrap().contains("敬爱的党组织"));
}

#[test]
fn without_waiting_it_says_where_the_report_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = big(folder.path(), 1000);
    let (code, json) = submit(&server, &video, &server.url, &[]);
    assert_eq!(code, 0, "{json}");
    let id = json["report"]["id"].as_str().unwrap();
    let url = format!("{}/#/reports/{id}", server.url);
    assert_eq!((&json["url"], &json["report"]["submission"]["version"]), (&json!(url), &json!(1)));
    assert_eq!(server.get(&format!("/api/v1/reports/{id}"))["report"]["id"], id);

    let mut again = command(&video, &server.url, &server.token);
    let output = again.args(["--lang", "zh"]).output().unwrap();
    let answer = String::from_utf8(output.stdout).unwrap();
    assert!(answer.contains("汇报：") && answer.contains("/#/reports/"), "{answer}");
    assert!(output.stderr.is_empty(), "{}", String::from_utf8_lossy(&output.stderr));
}

#[test]
fn a_bad_file_ends_as_in_process() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let text = folder.path().join("text.mp4");
    std::fs::write(&text, "敬爱的党组织：\n".repeat(500)).unwrap();
    let remote = submit(&server, &text, &server.url, &["--wait"]);
    assert_eq!((remote.0, &remote.1["error"]["code"]), (65, &json!("not_media")), "{}", remote.1);
    assert_eq!(remote, process(&text, &folder.path().join("out"), &[]));
}

#[test]
fn the_servers_refusals_are_told_in_the_users_language() {
    let folder = tempfile::tempdir().unwrap();
    let limit = [("HUIBAO_MAX_VIDEO_BYTES", "200000000")];
    let server = Server::start(&folder.path().join("data"), &limit);
    let (code, json) = submit(&server, &big(folder.path(), 200_000_001), &server.url, &[]);
    assert_eq!((code, &json["error"]["code"]), (65, &json!("too_large")), "{json}");

    // Refused while the video is still on its way: the reason, not a broken pipe.
    let program = folder.path().join("program.exe");
    std::fs::write(&program, "MZ").unwrap();
    let video = big(folder.path(), 150_000_000);
    let more = ["--lang", "zh", "--written", program.to_str().unwrap()];
    let (code, json) = submit(&server, &video, &server.url, &more);
    assert_eq!((code, &json["error"]["code"]), (65, &json!("written_unsupported")), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains("不支持"), "{json}");

    let (code, json) = submit(&server, &video, &server.url, &["--language", "xx"]);
    assert_eq!((code, &json["error"]["code"]), (65, &json!("unsupported_language")), "{json}");
    assert_eq!(reports(&server), 0);
}

#[test]
fn a_token_that_is_missing_or_wrong_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = big(folder.path(), 1000);
    for (token, lang) in [("", "zh"), ("", "en"), ("hb_wrong", "zh"), ("hb_wrong", "en")] {
        let (code, json) = submit_with(&video, &server.url, token, &["--lang", lang]);
        assert_eq!((code, &json["error"]["code"]), (69, &json!("unauthorized")), "{json}");
        let message = json["error"]["message"].as_str().unwrap();
        for word in ["HUIBAO_TOKEN", "huibao token create"] {
            assert!(message.contains(word), "{message}");
        }
        assert_eq!(message.contains("账户页面"), lang == "zh", "{message}");
    }
    let (code, json) = submit_with(&video, &server.url, "", &["--token", &server.token]);
    assert_eq!(code, 0, "{json}");
}

#[test]
fn a_server_that_is_not_there_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let video = big(folder.path(), 1000);
    // Bound and dropped: nobody listens there now.
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    drop(listener);
    let (code, json) = submit_with(&video, &url, "", &["--wait"]);
    assert_eq!((code, &json["error"]["code"]), (75, &json!("server_unreachable")), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains(&url), "{json}");

    let (code, json) = submit_with(&video, "huibao.example", "", &[]);
    assert_eq!((code, &json["error"]["code"]), (2, &json!("usage")), "{json}");
}
