//! Notices that leave the house: mail through a real mail server, and a webhook at a port of our own.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use reqwest::blocking::Client;
use serde_json::{Value, json};

use crate::support::server::{BRANCH, NAME, Server, free_port};
use crate::support::{huibao, random_file};

const PATIENCE: Duration = Duration::from_mins(2);

/// What came in a request: its headers in lower case, and its body.
struct Request {
    headers: Vec<(String, String)>,
    body: String,
}

impl Request {
    fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map_or("", |(_, value)| value)
    }
}

/// Takes requests, and says that they have arrived.
fn listen() -> (String, Receiver<Request>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/hook", listener.local_addr().unwrap());
    let (send, receive) = channel();
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let request = read(&stream);
            stream.write_all(b"HTTP/1.1 204 No Content\r\nconnection: close\r\n\r\n").unwrap();
            if send.send(request).is_err() {
                return;
            }
        }
    });
    (url, receive)
}

fn read(stream: &TcpStream) -> Request {
    let mut reader = BufReader::new(stream);
    let (mut headers, mut line) = (Vec::new(), String::new());
    reader.read_line(&mut line).unwrap();
    loop {
        line.clear();
        reader.read_line(&mut line).unwrap();
        let Some((name, value)) = line.trim_end().split_once(": ") else { break };
        headers.push((name.to_ascii_lowercase(), value.to_owned()));
    }
    let mut request = Request { headers, body: String::new() };
    let length: u64 = request.header("content-length").parse().unwrap();
    reader.take(length).read_to_string(&mut request.body).unwrap();
    request
}

/// An operator's token, and the activist's address of mail.
fn prepare(data: &Path) -> String {
    let run = |args: &[&str]| {
        let output = huibao().args(args).arg("--data-dir").arg(data).output().unwrap();
        assert!(output.status.success(), "{args:?}: {output:?}");
        String::from_utf8(output.stdout).unwrap().trim().to_owned()
    };
    run(&["user", "add", "boss", "--role", "operator"]);
    run(&["token", "create", "boss", "--quiet"])
}

fn operator(token: &str) -> Client {
    let mut headers = reqwest::header::HeaderMap::new();
    headers.insert("authorization", format!("Bearer {token}").parse().unwrap());
    Client::builder().no_proxy().default_headers(headers).build().unwrap()
}

/// Has a report handed in that cannot be processed: that takes a second.
fn hand_in(server: &Server, folder: &Path) -> String {
    let (status, answer) = server.upload(&random_file(folder, 4000), None);
    assert_eq!(status, 202, "{answer}");
    answer["id"].as_str().unwrap().to_owned()
}

#[test]
fn a_webhook_is_told_and_can_tell_who_speaks() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[("HUIBAO_PRIVATE_CHANNELS", "true")]);
    let operator = operator(&prepare(&data));
    let (url, requests) = listen();
    let hook = json!({
        "branch": "/college", "kind": "webhook", "url": url, "events": ["handed_in"],
        "secret": "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
    });
    let added =
        operator.post(format!("{}/api/v1/channels", server.url)).json(&hook).send().unwrap();
    assert_eq!(added.status(), 201);
    let report = hand_in(&server, folder.path());
    let request = requests.recv_timeout(PATIENCE).unwrap();
    let body: Value = serde_json::from_str(&request.body).unwrap();
    assert_eq!(body["type"], "report.handed_in");
    assert_eq!(body["data"], json!({ "branch": BRANCH, "report": report, "round": null }));
    assert!(!request.body.contains("李晓明"), "{}", request.body);
    // As a receiver checks it.
    let script = "
import base64, hashlib, hmac, sys
key, id, at, body, signature = sys.argv[1:]
signed = hmac.new(base64.b64decode(key), f'{id}.{at}.{body}'.encode(), hashlib.sha256).digest()
sys.exit(0 if signature == 'v1,' + base64.b64encode(signed).decode() else 1)
";
    let checked = std::process::Command::new("python3")
        .args(["-c", script, "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", request.header("webhook-id")])
        .args([request.header("webhook-timestamp"), &request.body])
        .arg(request.header("webhook-signature"))
        .status()
        .unwrap();
    assert!(checked.success(), "{:?}", request.headers);
}

#[test]
fn a_channel_at_a_private_address_is_refused_and_the_operator_learns_why() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let operator = operator(&prepare(&data));
    let (url, requests) = listen();
    let named = url.replace("127.0.0.1", "localhost");
    for url in [&url, &named] {
        let hook = json!({ "branch": "/", "kind": "webhook", "url": url, "events": ["handed_in"] });
        let added = operator.post(format!("{}/api/v1/channels", server.url)).json(&hook).send();
        assert_eq!(added.unwrap().status(), 201);
    }
    hand_in(&server, folder.path());
    let start = Instant::now();
    let dead = loop {
        let output = huibao()
            .args(["jobs", "list", "--kind", "post", "--state", "dead", "--json", "--data-dir"])
            .arg(&data)
            .output()
            .unwrap();
        let jobs: Value = serde_json::from_slice(&output.stdout).unwrap();
        // The name is tried again: it may mean another address later.
        if !jobs["jobs"].as_array().unwrap().is_empty() {
            break jobs["jobs"].as_array().unwrap().clone();
        }
        assert!(start.elapsed() < PATIENCE);
        std::thread::sleep(Duration::from_millis(200));
    };
    assert_eq!(dead[0]["error"]["code"], "notice_refused");
    assert!(requests.try_recv().is_err(), "nothing came there");
}

#[test]
fn mail_arrives_as_its_reader_wants_it() {
    let Ok(server_url) = std::env::var("HUIBAO_TEST_SMTP_URL") else {
        panic!("run scripts/test, which starts a mail server")
    };
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let env = [
        ("HUIBAO_SMTP_URL", server_url.as_str()),
        ("HUIBAO_MAIL_FROM", "汇报 <huibao@example.edu>"),
        ("HUIBAO_PUBLIC_URL", "https://huibao.example.edu"),
    ];
    let server = Server::start_on(free_port(), &data, &env);
    let operator = operator(&prepare(&data));
    let people: Value = operator
        .get(format!("{}/api/v1/people?q={NAME}", server.url))
        .send()
        .unwrap()
        .json()
        .unwrap();
    let id = people["people"][0]["id"].as_str().unwrap();
    let address = format!("li-{id}@example.org");
    let change = operator.patch(format!("{}/api/v1/people/{id}", server.url));
    assert_eq!(change.json(&json!({ "email": address })).send().unwrap().status(), 200);
    // Also at night.
    let mut settings = server.get("/api/v1/me/notice-settings");
    settings["quiet_from"] = Value::Null;
    settings["quiet_to"] = Value::Null;
    let put = server.client.put(format!("{}/api/v1/me/notice-settings", server.url));
    assert_eq!(put.json(&settings).send().unwrap().status(), 204);
    let report = hand_in(&server, folder.path());
    let mails = std::env::var("HUIBAO_TEST_SMTP_FOLDER").unwrap();
    let start = Instant::now();
    let mail = loop {
        let found = std::fs::read_dir(&mails).unwrap().find_map(|entry| {
            let text = std::fs::read_to_string(entry.unwrap().path()).unwrap_or_default();
            text.contains(&address).then_some(text)
        });
        if let Some(mail) = found {
            break mail;
        }
        assert!(start.elapsed() < PATIENCE, "no mail in {mails}");
        std::thread::sleep(Duration::from_millis(200));
    };
    assert!(mail.contains("Auto-Submitted: auto-generated"), "{mail}");
    let script = "
import email, email.policy, sys
mail = email.message_from_string(sys.stdin.read(), policy=email.policy.default)
print(mail['subject']); print(mail['from']); print(mail.get_content())
";
    let mut python = std::process::Command::new("python3")
        .args(["-c", script])
        .env("PYTHONIOENCODING", "utf-8")
        .stdin(std::process::Stdio::piped())
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    python.stdin.take().unwrap().write_all(mail.as_bytes()).unwrap();
    let read = python.wait_with_output().unwrap();
    let read = String::from_utf8(read.stdout).unwrap();
    assert!(read.starts_with("《思想汇报》已提交\n汇报 <huibao@example.edu>"), "{read}");
    assert!(read.contains(&format!("https://huibao.example.edu/#/reports/{report}")), "{read}");
}
