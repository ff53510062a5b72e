//! `huibao submit`: what it says about a server's report, and about a server that says no.

use std::fs::File;
use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::media::short;
use crate::support::proxy::{Cut, Proxy};
use crate::support::server::Server;
use crate::support::{fixture, huibao, only_object, process};

/// Runs `huibao submit --json` and returns its exit code and the object it printed.
fn submit(video: &Path, url: &str, more: &[&str]) -> (i32, Value) {
    let output = huibao()
        .args(["submit", "--json", "--server", url])
        .arg(video)
        .args(more)
        .output()
        .unwrap();
    (output.status.code().unwrap(), only_object(&output))
}

/// A file of this many bytes that is no video.
fn big(folder: &Path, bytes: u64) -> PathBuf {
    let path = folder.join("big.mp4");
    File::create(&path).unwrap().set_len(bytes).unwrap();
    path
}

fn reports(server: &Server) -> usize {
    server.get("/api/reports")["reports"].as_array().unwrap().len()
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
    let (code, json) = submit(&video, &format!("{}/", server.url), &more);
    assert_eq!(code, 0, "{json}");

    let (_, local) = process(&video, &folder.path().join("out"), &[]);
    assert_eq!(json["transcript"], local["transcript"]);
    assert_eq!(json["media"], local["media"]);
    let mut expected = shape(&local);
    expected["url"] = Value::Null;
    assert_eq!(shape(&json), expected, "{json}");
    assert_eq!(json["bag"], Value::Null);
    assert!(json["timings"]["transcribe_seconds"].as_f64().unwrap() > 0.0, "{json}");

    let id = json["report"]["id"].as_str().unwrap();
    assert_eq!(json["url"], format!("{}/#/reports/{id}", server.url));
    let report = server.get(&format!("/api/reports/{id}"))["report"].clone();
    assert_eq!(report["video"]["file_name"], "汇报.mp4");
    assert_eq!((&report["title"], &report["speaker"]), (&json!("思想汇报"), &json!("李晓明")));
    assert!(report["written"]["text"].as_str().unwrap().contains("敬爱的党组织"));
}

#[test]
fn without_waiting_it_says_where_the_report_is() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = big(folder.path(), 1000);
    let (code, json) = submit(&video, &server.url, &[]);
    assert_eq!(code, 0, "{json}");
    let id = json["report"]["id"].as_str().unwrap();
    let url = format!("{}/#/reports/{id}", server.url);
    assert_eq!(json, json!({ "report": { "id": id }, "url": url }));
    assert_eq!(server.get(&format!("/api/reports/{id}"))["report"]["id"], id);

    let output = huibao()
        .args(["--lang", "zh", "submit", "--server", &server.url])
        .arg(video)
        .output()
        .unwrap();
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
    let remote = submit(&text, &server.url, &["--wait"]);
    assert_eq!((remote.0, &remote.1["error"]["code"]), (65, &json!("not_media")), "{}", remote.1);
    assert_eq!(remote, process(&text, &folder.path().join("out"), &[]));
}

#[test]
fn the_servers_refusals_are_told_in_the_users_language() {
    let folder = tempfile::tempdir().unwrap();
    let limit = [("HUIBAO_MAX_VIDEO_BYTES", "200000000")];
    let server = Server::start(&folder.path().join("data"), &limit);
    let (code, json) = submit(&big(folder.path(), 200_000_001), &server.url, &[]);
    assert_eq!((code, &json["error"]["code"]), (65, &json!("too_large")), "{json}");

    // Refused while the video is still on its way: the reason, not a broken pipe.
    let program = folder.path().join("program.exe");
    std::fs::write(&program, "MZ").unwrap();
    let video = big(folder.path(), 150_000_000);
    let more = ["--lang", "zh", "--written", program.to_str().unwrap()];
    let (code, json) = submit(&video, &server.url, &more);
    assert_eq!((code, &json["error"]["code"]), (65, &json!("written_unsupported")), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains("不支持"), "{json}");

    let (code, json) = submit(&video, &server.url, &["--language", "xx"]);
    assert_eq!((code, &json["error"]["code"]), (65, &json!("unsupported_language")), "{json}");
    assert_eq!(reports(&server), 0);
}

#[test]
fn a_token_that_is_missing_or_wrong_is_asked_for() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[("HUIBAO_TOKEN", "口令 hunter2")]);
    let video = big(folder.path(), 1000);
    for more in [&[][..], &["--token", "wrong"]] {
        let (code, json) = submit(&video, &server.url, more);
        assert_eq!((code, &json["error"]["code"]), (69, &json!("unauthorized")), "{json}");
        assert!(json["error"]["message"].as_str().unwrap().contains("HUIBAO_TOKEN"), "{json}");
    }
    let (code, json) = submit(&video, &server.url, &["--token", "口令 hunter2"]);
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
    let (code, json) = submit(&video, &url, &["--wait"]);
    assert_eq!((code, &json["error"]["code"]), (75, &json!("server_unreachable")), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains(&url), "{json}");

    let (code, json) = submit(&video, "huibao.example", &[]);
    assert_eq!((code, &json["error"]["code"]), (2, &json!("usage")), "{json}");
}

#[test]
fn an_upload_that_breaks_off_is_sent_again_and_stored_once() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = big(folder.path(), 50_000_000);
    let network = Proxy::start(&server.url, &[Cut::Upward(1_000_000), Cut::Upward(100_000)]);
    let (code, json) = submit(&video, &network.url, &[]);
    assert_eq!(code, 0, "{json}");
    assert_eq!(network.accepted(), 3);
    assert_eq!(reports(&server), 1);

    let network = Proxy::start(&server.url, &[Cut::Upward(1_000_000); 4]);
    let (code, json) = submit(&video, &network.url, &[]);
    assert_eq!((code, &json["error"]["code"]), (75, &json!("server_unreachable")), "{json}");
    assert_eq!(reports(&server), 1);
}

#[test]
fn an_answer_that_is_lost_does_not_make_a_second_report() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = big(folder.path(), 1000);
    // Enough for the first question's answer, not for the upload's.
    let length = server.client.get(format!("{}/api/info", server.url)).send().unwrap();
    let head: usize = length.headers().iter().map(|(n, v)| n.as_str().len() + v.len() + 4).sum();
    let body = length.bytes().unwrap().len();
    let answer = u64::try_from("HTTP/1.1 200 OK\r\n\r\n".len() + head + body).unwrap();
    let network = Proxy::start(&server.url, &[Cut::Downward(answer + 10)]);
    let (code, json) = submit(&video, &network.url, &[]);
    assert_eq!((code, &json["error"]["code"]), (75, &json!("server_unreachable")), "{json}");
    assert!(json["error"]["message"].as_str().unwrap().contains("may have been stored"), "{json}");
    assert_eq!((network.accepted(), reports(&server)), (1, 1));
}

#[test]
fn waiting_goes_on_when_the_connection_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    // The upload's connection is cut among the first events, and so is the next one.
    let network = Proxy::start(&server.url, &[Cut::Downward(5_000), Cut::Downward(500)]);
    let (code, json) = submit(&short(folder.path(), 8), &network.url, &["--wait"]);
    assert_eq!(code, 0, "{json}");
    assert!(network.accepted() >= 3);
    assert!(json["transcript"]["text"].as_str().unwrap().contains("党"), "{json}");
}
