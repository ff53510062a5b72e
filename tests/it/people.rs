//! Accounts on the command line, beside a running server.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, Output, Stdio};

use reqwest::blocking::{Client, Response};
use serde_json::{Value, json};

use crate::support::server::{BRANCH, NAME, PASSWORD, Server};
use crate::support::{huibao, only_object};

/// Runs a command of the installation with a line of input.
fn run(data: &Path, args: &[&str], line: &str) -> Output {
    let mut command = huibao();
    command.args(args).arg("--data-dir").arg(data);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    // It may end without reading.
    let _ = writeln!(child.stdin.take().unwrap(), "{line}");
    child.wait_with_output().unwrap()
}

fn ok(data: &Path, args: &[&str], line: &str) -> String {
    let output = run(data, args, line);
    assert!(output.status.success(), "{args:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap()
}

fn anonymous() -> Client {
    // reqwest brings no cryptography of its own here; a second install may fail.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder().no_proxy().build().unwrap()
}

fn sign_in(server: &Server, name: &str, password: &str) -> u16 {
    post_session(server, name, password).status().as_u16()
}

fn post_session(server: &Server, name: &str, password: &str) -> Response {
    let body = json!({ "name": name, "password": password });
    let answer = anonymous().post(format!("{}/api/v1/session", server.url)).json(&body).send();
    answer.unwrap()
}

/// Signs in and returns the cookie.
fn session(server: &Server, name: &str, password: &str) -> String {
    let answer = post_session(server, name, password);
    let cookie = answer.headers()["set-cookie"].to_str().unwrap();
    cookie.split(';').next().unwrap().to_owned()
}

/// The status with which a session is met.
fn with_session(server: &Server, cookie: &str) -> u16 {
    let request = anonymous().get(format!("{}/api/v1/me", server.url)).header("cookie", cookie);
    request.send().unwrap().status().as_u16()
}

fn me(server: &Server, token: &str) -> (u16, Value) {
    let answer = anonymous().get(format!("{}/api/v1/me", server.url)).bearer_auth(token).send();
    let answer = answer.unwrap();
    (answer.status().as_u16(), answer.json().unwrap())
}

/// A process that does not outlive its test.
struct Killed(Child);

impl Drop for Killed {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

#[test]
fn accounts_change_beside_a_running_server() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let data = data.as_path();
    let add = ["user", "add", "王芳", "--role", "reviewer", "--branch", "/新学院/新支部"];
    ok(data, &[&add[..], &["--password-stdin"]].concat(), "first-password");
    assert_eq!(sign_in(&server, "王芳", "first-password"), 200);
    let token = ok(data, &["token", "create", "王芳", "--quiet"], "");
    assert_eq!(token.lines().count(), 1);
    let token = token.trim();
    assert!(token.starts_with("hb_"), "{token}");
    let (status, person) = me(&server, token);
    assert_eq!(status, 200);
    assert_eq!(person["grants"], json!([{ "role": "reviewer", "branch": "/新学院/新支部" }]));

    ok(data, &["user", "grant", "王芳", "--role", "operator"], "");
    ok(data, &["user", "revoke", "王芳", "--role", "reviewer", "--branch", "/新学院/新支部"], "");
    let (_, person) = me(&server, token);
    assert_eq!(person["grants"], json!([{ "role": "operator", "branch": "/" }]));

    let first = session(&server, "王芳", "first-password");
    assert_eq!(with_session(&server, &first), 200);
    ok(data, &["user", "reset-password", "王芳", "--password-stdin"], "second-password");
    assert_eq!(with_session(&server, &first), 401);
    assert_eq!(sign_in(&server, "王芳", "first-password"), 401);
    assert_eq!(sign_in(&server, "王芳", "second-password"), 200);

    let second = session(&server, "王芳", "second-password");
    assert_eq!(with_session(&server, &second), 200);
    ok(data, &["user", "disable", "王芳"], "");
    assert_eq!(with_session(&server, &second), 401);
    assert_eq!((sign_in(&server, "王芳", "second-password"), me(&server, token).0), (401, 401));
    ok(data, &["user", "enable", "王芳"], "");
    assert_eq!(with_session(&server, &second), 401, "it has ended");
    assert_eq!((sign_in(&server, "王芳", "second-password"), me(&server, token).0), (200, 200));

    let listed = only_object(&run(data, &["user", "list", "--json"], ""));
    let names: Vec<_> = listed["users"].as_array().unwrap().iter().map(|u| &u["name"]).collect();
    assert_eq!(names, [NAME, "王芳"]);
    assert_eq!(listed["users"][1]["grants"], json!(["operator:/"]));
    let tokens = only_object(&run(data, &["token", "list", "王芳", "--json"], ""));
    let id = tokens["tokens"][0]["id"].as_str().unwrap();
    ok(data, &["token", "revoke", "王芳", id], "");
    assert_eq!(me(&server, token).0, 401);
}

#[test]
fn a_contact_person_sees_what_is_handed_in() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let server = Server::start(&data, &[]);
    let video = folder.path().join("a.mp4");
    std::fs::write(&video, [0; 1000]).unwrap();
    let (_, answer) = server.upload(&video, None);
    ok(&data, &["user", "add", "li", "--role", "reviewer", "--branch", "/elsewhere"], "");
    let token = ok(&data, &["token", "create", "li", "--quiet"], "");
    let url = format!("{}/api/v1/reports/{}", server.url, answer["id"].as_str().unwrap());
    let read = || anonymous().get(&url).bearer_auth(token.trim()).send().unwrap().status();
    assert_eq!(read(), 404);
    ok(&data, &["user", "contact", "li", "--of", NAME], "");
    assert_eq!(read(), 200);
    ok(&data, &["user", "contact", "li", "--of", NAME, "--remove"], "");
    assert_eq!(read(), 404);
}

#[test]
fn what_cannot_be_is_said_and_changes_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    ok(&data, &["user", "add", "li", "--role", "activist", "--branch", "/a"], "");
    let add = |name: &str, branch: &str, password: &str| {
        let args = ["user", "add", name, "--role", "activist", "--branch", branch];
        run(&data, &[&args[..], &["--password-stdin", "--json"]].concat(), password)
    };
    for (output, word) in [
        (add("LI", "/a", PASSWORD), "already"),
        (add("a b", "/a", PASSWORD), "no name"),
        (add("wang", "/a", "short"), "8 to 256"),
        (run(&data, &["user", "disable", "nobody", "--json"], ""), "no user"),
        (run(&data, &["token", "create", "nobody", "--json"], ""), "no user"),
        (run(&data, &["user", "revoke", "li", "--role", "operator", "--json"], ""), "no operator"),
    ] {
        assert_eq!(output.status.code(), Some(2));
        let error = only_object(&output)["error"].clone();
        assert_eq!(error["code"], "usage");
        assert!(error["message"].as_str().unwrap().contains(word), "{error}");
    }
    for output in
        [add("wang", "a", PASSWORD), run(&data, &["user", "add", "x", "--role", "boss"], "")]
    {
        assert_eq!(output.status.code(), Some(2));
        assert!(output.stdout.is_empty());
    }
    let listed = only_object(&run(&data, &["user", "list", "--json"], ""));
    assert_eq!(listed["users"].as_array().unwrap().len(), 1);
}

#[test]
fn the_first_start_prints_a_link_and_no_secret_is_logged() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let log = folder.path().join("log");
    let mut command = huibao();
    command.args(["up", "--listen", "127.0.0.1:0", "--data-dir"]).arg(&data);
    command.env("HUIBAO_LOG", "debug").stdout(Stdio::piped());
    command.stderr(std::fs::File::create(&log).unwrap());
    let mut server = Killed(command.spawn().unwrap());
    let mut lines = BufReader::new(server.0.stdout.take().unwrap()).lines().map(Result::unwrap);
    let link = lines.find(|line| line.contains("/#/setup/")).unwrap();
    let (base, secret) = link.trim().split_once("/#/setup/").unwrap();
    let client = anonymous();
    let setup = json!({ "secret": secret, "name": "admin", "password": PASSWORD });
    let post = |path: &str, body: &Value| {
        client.post(format!("{base}/api/v1/{path}")).json(body).send().unwrap()
    };
    let made = post("setup", &setup);
    assert_eq!(made.status(), 200);
    let cookie = made.headers()["set-cookie"].to_str().unwrap();
    let session = cookie.split(['=', ';']).nth(1).unwrap().to_owned();
    assert_eq!(post("setup", &setup).status(), 404, "it works once");
    let signed_in = post("session", &json!({ "name": "admin", "password": PASSWORD }));
    assert_eq!(signed_in.status(), 200);
    let token = ok(&data, &["token", "create", "admin", "--quiet"], "").trim().to_owned();
    let me = client.get(format!("{base}/api/v1/me")).bearer_auth(&token).send().unwrap();
    assert_eq!(me.status(), 200);
    let wrong = post("session", &json!({ "name": "admin", "password": "wrong-secret-word" }));
    assert_eq!(wrong.status(), 401);
    drop(server);
    let log = std::fs::read_to_string(log).unwrap();
    assert!(log.contains("DEBUG") && log.contains("request"), "{log}");
    for secret in [secret, PASSWORD, &session, &token, "wrong-secret-word"] {
        assert!(!log.contains(secret), "{secret} is in the log");
    }

    // There is somebody now.
    let server = Server::start(&data, &[]);
    assert_eq!(server.get("/api/v1/me")["grants"][0]["branch"], BRANCH);
    assert_eq!(sign_in(&server, "admin", PASSWORD), 200);
}

#[test]
fn a_roster_is_taken_over_and_printed_again() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let roster = folder.path().join("roster.csv");
    // As a spreadsheet in China writes it.
    let text =
        "学号,姓名,支部,角色\r\n20260001,李一,/计算机/一支部,\r\n20260002,王二,/计算机,审阅人\r\n";
    let script = "import sys; open(sys.argv[1], 'wb').write(sys.argv[2].encode('gb18030'))";
    crate::support::tool("python3", &["-c", script, roster.to_str().unwrap(), text]);
    let roster = roster.to_str().unwrap();
    let import = |more: &[&str]| {
        let output = run(&data, &[&["user", "import", roster, "--json"], more].concat(), "");
        (output.status.code(), only_object(&output))
    };
    let (code, tried) = import(&["--dry-run"]);
    assert_eq!((code, &tried["imported"], &tried["added"]), (Some(0), &json!(false), &json!(2)));
    let (code, done) = import(&["--passwords"]);
    assert_eq!((code, &done["imported"], &done["added"]), (Some(0), &json!(true), &json!(2)));
    let password = done["people"][1]["password"].as_str().unwrap();
    let server = Server::start(&data, &[]);
    assert_eq!(sign_in(&server, "20260002", password), 200);
    let (_, again) = import(&[]);
    assert_eq!((&again["added"], &again["unchanged"]), (&json!(0), &json!(2)));
    let printed = ok(&data, &["user", "export"], "");
    assert!(printed.contains("20260002,王二,/计算机,reviewer,20260002,,"), "{printed}");
    std::fs::write(roster, "学号,姓名,支部\n1,,/a\n").unwrap();
    let (code, bad) = import(&[]);
    assert_eq!((code, &bad["problems"][0]["line"]), (Some(65), &json!(2)), "{bad}");
}
