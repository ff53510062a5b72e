//! `huibao submit` over networks that break, and after it was stopped.

use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::{big, command, reports, submit};
use crate::support::media::short;
use crate::support::proxy::{Cut, Proxy};
use crate::support::server::Server;
use crate::support::{names, random_file};

/// What a filter answers that does not know what is appended to.
const UNKNOWN: &[u8] = b"HTTP/1.1 404 Not Found\r\ncontent-length: 0\r\n\r\n";

/// Begins `huibao submit` in a network that ends after `bytes`, and kills it there.
fn interrupt(mut command: Command, network: &Proxy, bytes: u64) {
    network.end_after(bytes);
    let mut stopped = command.spawn().unwrap();
    let started = Instant::now();
    while !network.has_ended() {
        assert!(started.elapsed() < Duration::from_mins(1));
        std::thread::sleep(Duration::from_millis(50));
    }
    stopped.kill().unwrap();
    stopped.wait().unwrap();
    network.begin_again();
}

#[test]
fn an_upload_that_breaks_off_goes_on_where_it_stopped() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = random_file(folder.path(), 50_000_000);
    let cuts = [20_000_000, 10_000_000, 15_000_000].map(Cut::Upward);
    let network = Proxy::start(&server.url, &cuts);
    let (code, json) = submit(&server, &video, &network.url, &[]);
    assert_eq!(code, 0, "{json}");
    assert!(network.accepted() >= 4);
    assert_eq!(reports(&server), 1);
    let arrived = server.file(json["report"]["id"].as_str().unwrap(), "original");
    assert!(arrived == std::fs::read(video).unwrap(), "other bytes arrived");
}

#[test]
fn an_upload_that_was_stopped_goes_on_when_it_is_run_again() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = random_file(folder.path(), 50_000_000);
    let network = Proxy::start(&server.url, &[]);
    interrupt(command(&video, &network.url, &server.token), &network, 20_000_000);
    let draft = server.get("/api/v1/reports")["reports"][0].clone();
    assert_eq!(draft["state"], "draft");
    let remembered = folder.path().join("state/huibao/submit");
    assert_eq!(names(&remembered).len(), 1);

    let before = network.sent();
    let (code, json) = submit(&server, &video, &network.url, &[]);
    assert_eq!(code, 0, "{json}");
    assert_eq!(json["report"]["id"], draft["id"]);
    assert_eq!(json["report"]["submission"]["version"], 1);
    assert_eq!(reports(&server), 1);
    let sent = network.sent() - before;
    assert!(sent < 40_000_000, "{sent} bytes, and 20 000 000 of the file were there");
    let arrived = server.file(draft["id"].as_str().unwrap(), "original");
    assert!(arrived == std::fs::read(video).unwrap(), "other bytes arrived");
    assert!(names(&remembered).is_empty());
}

#[test]
fn what_is_given_after_an_interruption_is_handed_in() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = random_file(folder.path(), 5_000_000);
    let written = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.into_os_string().into_string().unwrap()
    };
    let (old, new) = (written("a.txt", "旧的汇报"), written("b.txt", "新的汇报"));
    let network = Proxy::start(&server.url, &[]);
    let mut first = command(&video, &network.url, &server.token);
    first.args(["--written", &old, "--title", "旧"]);
    // The written report is through, the video is not.
    interrupt(first, &network, 2_000_000);
    let draft = server.get("/api/v1/reports")["reports"][0].clone();
    let uploads = server.get(&format!("/api/v1/reports/{}", draft["id"].as_str().unwrap()));
    let finished = |upload: &&Value| upload["finished"] == true;
    let uploads = uploads["report"]["uploads"].as_array().unwrap().clone();
    assert_eq!(uploads.iter().filter(finished).count(), 1, "{uploads:?}");

    let more = ["--written", &new, "--title", "新"];
    let (code, json) = submit(&server, &video, &network.url, &more);
    assert_eq!(code, 0, "{json}");
    let id = json["report"]["id"].as_str().unwrap();
    assert_eq!(server.file(id, "written"), "新的汇报".as_bytes());
    assert_eq!(server.get(&format!("/api/v1/reports/{id}"))["report"]["title"], "新");
}

#[test]
fn an_answer_that_is_lost_does_not_make_a_second_submission() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    // No video: its report has failed, and takes another file, when it is asked for again.
    let video = big(folder.path(), 1000);
    let mut went_on = 0;
    // Somewhere among the last answers.
    for bytes in (1000..4000).step_by(300) {
        let network = Proxy::start(&server.url, &[Cut::Downward(bytes)]);
        let (code, json) = submit(&server, &video, &network.url, &[]);
        if code == 0 {
            assert_eq!(json["report"]["submission"]["version"], 1, "{bytes}: {json}");
            went_on += usize::from(network.accepted() > 1);
        } else {
            let error = (code, &json["error"]["code"]);
            assert_eq!(error, (75, &json!("server_unreachable")), "{bytes}: {json}");
        }
    }
    assert!(went_on > 0, "no answer was lost that a further request makes good");
}

/// A network whose filter answers that what is appended to does not exist.
fn filter(server: &Server) -> String {
    let target = server.url.trim_start_matches("http://").to_owned();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}", listener.local_addr().unwrap());
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (mut client, mut server) = (client.unwrap(), TcpStream::connect(&target).unwrap());
            let (mut answers, mut back) =
                (server.try_clone().unwrap(), client.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            std::thread::spawn(move || {
                let mut chunk = vec![0; 65536];
                while let Ok(read @ 1..) = client.read(&mut chunk) {
                    if chunk.starts_with(b"PATCH ") {
                        let _ = client.write_all(UNKNOWN);
                        break;
                    }
                    server.write_all(&chunk[..read]).unwrap();
                }
                let _ = server.shutdown(Shutdown::Both);
                let _ = client.shutdown(Shutdown::Write);
            });
        }
    });
    url
}

#[test]
fn a_filter_that_knows_no_uploads_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let video = big(folder.path(), 1000);
    let (code, json) = submit(&server, &video, &filter(&server), &[]);
    assert_eq!((code, &json["error"]["code"]), (69, &json!("unexpected_answer")), "{json}");
    let draft = server.get("/api/v1/reports")["reports"][0]["id"].as_str().unwrap().to_owned();
    let draft = server.get(&format!("/api/v1/reports/{draft}"))["report"].clone();
    assert_eq!(draft["uploads"].as_array().unwrap().len(), 2, "it is begun again once: {draft}");
}

#[test]
fn waiting_goes_on_when_the_connection_breaks() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    // The upload's connection is cut among the first events, and so is the next one.
    let network = Proxy::start(&server.url, &[Cut::Downward(5_000), Cut::Downward(500)]);
    let (code, json) = submit(&server, &short(folder.path(), 8), &network.url, &["--wait"]);
    assert_eq!(code, 0, "{json}");
    assert!(network.accepted() >= 3);
    assert!(json["transcript"]["text"].as_str().unwrap().contains("党"), "{json}");
}
