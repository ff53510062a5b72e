//! `huibao api` and `huibao worker` on PostgreSQL, RabbitMQ and S3: the main job, and workers that
//! die or hang at every planned point.

use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

use crate::support::fleet::{Fleet, Servers};
use crate::support::media::short;
use crate::support::{fixture, huibao, tool};

/// Leases in these tests: long enough for a busy machine to renew, short enough to wait for.
const LEASE: &str = "5";

fn is_over(report: &Value) -> bool {
    matches!(report["state"].as_str(), Some("ready" | "failed"))
}

fn id(answer: &Value) -> String {
    answer["report"]["id"].as_str().unwrap_or_else(|| panic!("{answer}")).to_owned()
}

#[test]
fn a_report_goes_through_separate_processes() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(&Servers::shared(), folder.path());
    let api = fleet.api();
    assert_eq!(api.get("/readyz")["ready"], true, "{}", api.get("/readyz"));
    let media = fleet.command(&["worker", "--stages", "ingest,transcode,archive"]);
    let _media = fleet.worker_of(media);
    let speech = fleet.command(&["worker", "--stages", "transcribe"]);
    let speech = fleet.worker_of(speech);

    let (status, answer) = api.upload(&short(folder.path(), 8), Some(&fixture("report-zh.txt")));
    assert_eq!(status, 202, "{answer}");
    let report = api.wait(&id(&answer), is_over);
    assert_eq!(report["state"], "ready", "{report}\n{}", fleet.worker_log());
    assert!(report["transcript"]["text"].as_str().unwrap().contains("党"));
    let video = format!("{}{}", api.url, report["links"]["video"].as_str().unwrap());
    let part = api.client.get(video).header("Range", "bytes=4-7").send().unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().unwrap().as_ref()), (206, &b"ftyp"[..]));

    let jobs = fleet.jobs(&["list", "--stage", "transcribe"]);
    let pid = format!("/{}", speech.0.id());
    assert!(jobs["jobs"][0]["worker"].as_str().unwrap().ends_with(&pid), "{jobs}");
}

#[test]
fn files_are_fetched_by_links_into_the_bucket_that_run_out() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(&Servers::shared(), folder.path());
    fleet.set("HUIBAO_MEDIA_LINK_SECONDS", "3");
    let api = fleet.api();
    let video = short(folder.path(), 2);
    let (status, answer) = api.upload(&video, None);
    assert_eq!(status, 202, "{answer}");
    let path = format!("{}/api/v1/reports/{}/original", api.url, id(&answer));
    let stranger = reqwest::blocking::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let ask = |token: Option<&str>| {
        let request = stranger.get(&path);
        token.map_or(stranger.get(&path), |token| request.bearer_auth(token)).send().unwrap()
    };
    assert_eq!(ask(None).status(), 401, "the link is for who may read the report");
    let redirect = ask(Some(&api.token));
    assert_eq!(
        (redirect.status().as_u16(), &redirect.headers()["cache-control"]),
        (307, &"no-store".parse().unwrap())
    );
    let link = redirect.headers()["location"].to_str().unwrap();
    let origin = url::Url::parse(link).unwrap().origin().ascii_serialization();
    let policy = redirect.headers()["content-security-policy"].to_str().unwrap();
    assert!(policy.contains(&format!("media-src 'self' blob: {origin}")), "{policy}");
    let part = stranger.get(link).header("range", "bytes=4-7").send().unwrap();
    assert_eq!(part.status(), 206);
    assert!(part.headers()["content-disposition"].to_str().unwrap().starts_with("attachment"));
    assert_eq!(part.bytes().unwrap().as_ref(), b"ftyp");
    std::thread::sleep(Duration::from_secs(4));
    let late = stranger.get(link).send().unwrap();
    assert_eq!(late.status(), 403, "it has run out");
}

#[test]
fn an_operator_finds_and_replays_a_dead_job() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(&Servers::shared(), folder.path());
    fleet.script_recognition();
    let api = fleet.api();
    let missing = folder.path().join("gone.json");
    let broken = fleet.worker(&[("HUIBAO_MODEL", missing.to_str().unwrap())]);
    let (_, answer) = api.upload(&short(folder.path(), 2), None);
    let report = api.wait(&id(&answer), is_over);
    assert_eq!(report["failure"]["code"], "model_missing", "{report}");
    drop(broken);

    let dead = fleet.jobs(&["list", "--state", "dead"]);
    let job = dead["jobs"][0]["id"].as_str().unwrap();
    let shown = fleet.jobs(&["show", job]);
    assert_eq!(shown["job"]["error"]["code"], "model_missing", "{shown}");
    let _worker = fleet.worker(&[]);
    assert_eq!(fleet.jobs(&["retry", "--all-dead"])["queued"], 1);
    let report = api.wait(&id(&answer), |report| report["state"] == "ready");
    assert_eq!(report["failure"], Value::Null);
    assert_eq!(fleet.jobs(&["retry", job])["queued"], 0, "it is not dead any more");
}

#[test]
fn a_worker_that_dies_at_any_point_costs_an_attempt_and_nothing_else() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(&Servers::shared(), folder.path());
    fleet.script_recognition();
    fleet.set("HUIBAO_LEASE_SECONDS", LEASE);
    let api = fleet.api();
    let video = short(folder.path(), 2);
    let stages = ["ingest", "transcode", "transcribe", "archive"];
    let points = ["claimed", "worked", "committed"];
    let places = points.iter().flat_map(|point| stages.map(|stage| format!("{point}:{stage}")));
    let mut doomed: Vec<_> = places
        .map(|place| {
            let mut worker = fleet.worker(&[("HUIBAO_FAULT", &format!("kill:{place}"))]);
            let (_, answer) = api.upload(&video, None);
            let start = Instant::now();
            while !worker.has_ended() {
                assert!(start.elapsed() < Duration::from_mins(2), "{place} was not reached");
                std::thread::sleep(Duration::from_millis(20));
            }
            (place, id(&answer))
        })
        .collect();
    let _healthy = [fleet.worker(&[]), fleet.worker(&[])];
    for (place, report) in doomed.drain(..) {
        let report = api.wait(&report, is_over);
        assert_eq!(report["state"], "ready", "{place}: {report}\n{}", fleet.worker_log());
        let attempts: u64 = report["stages"]
            .as_array()
            .unwrap()
            .iter()
            .map(|s| s["attempt"].as_u64().unwrap())
            .sum();
        // What is committed is not done again.
        let expected = if place.starts_with("committed") { 4 } else { 5 };
        // The stage beside it dies with its worker, and workers doomed later take what is due first.
        assert!(attempts >= expected && attempts <= 8, "{place}: {report}");
    }
}

#[test]
fn a_paused_worker_that_comes_back_commits_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(&Servers::shared(), folder.path());
    fleet.script_recognition();
    fleet.set("HUIBAO_LEASE_SECONDS", LEASE);
    let api = fleet.api();
    let paused = fleet.worker(&[("HUIBAO_FAULT", "stop:worked:transcribe")]);
    let (_, answer) = api.upload(&short(folder.path(), 2), None);
    let report = id(&answer);
    // It stops with the transcript in its hands, and its lease runs out.
    let start = Instant::now();
    while !paused.is_stopped() {
        assert!(start.elapsed() < Duration::from_mins(1), "{}", fleet.worker_log());
        std::thread::sleep(Duration::from_millis(20));
    }
    let _other = fleet.worker(&[]);
    let done = api.wait(&report, is_over);
    assert_eq!(done["state"], "ready", "{done}\n{}", fleet.worker_log());
    assert_eq!(done["stages"][2]["attempt"], 2, "{done}");
    paused.signal("-CONT");
    // It finds that somebody else was there, and goes on with other reports.
    let (_, answer) = api.upload(&short(folder.path(), 2), None);
    assert_eq!(api.wait(&id(&answer), is_over)["state"], "ready");
    let again = api.wait(&report, is_over);
    assert_eq!(again["stages"], done["stages"], "nothing has changed");
}

#[test]
fn a_worker_that_is_asked_to_stop_hands_its_job_back() {
    let folder = tempfile::tempdir().unwrap();
    let mut fleet = Fleet::new(&Servers::shared(), folder.path());
    fleet.set("HUIBAO_GRACE_SECONDS", "0");
    let api = fleet.api();
    let mut first = fleet.worker(&[]);
    let (_, answer) = api.upload(&crate::support::media::sample(), None);
    api.wait(&id(&answer), |report| report["stages"][2]["state"] == "running");
    first.signal("-TERM");
    assert_eq!(first.0.wait().unwrap().code(), Some(0));
    let report = api.wait(&id(&answer), |_| true);
    assert_eq!(report["stages"][2]["state"], "queued", "{report}");
    assert_eq!(report["stages"][2]["attempt"], 0, "it does not count");
}

#[test]
fn settings_that_lead_nowhere_are_named() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(&Servers::shared(), folder.path());
    let cases = [
        ("HUIBAO_DATABASE_URL", "postgres://huibao:x@127.0.0.1:1/huibao", 69, "127.0.0.1:1"),
        ("HUIBAO_QUEUE_URL", "amqp://huibao:x@127.0.0.1:1/%2f", 69, "127.0.0.1:1"),
        ("HUIBAO_STORAGE_URL", "s3://huibao?endpoint=http://127.0.0.1:1", 69, "127.0.0.1:1"),
        ("HUIBAO_STORAGE_URL", "ftp://somewhere", 2, "s3://"),
        ("HUIBAO_QUEUE_URL", "embedded", 2, "huibao up"),
    ];
    for (name, value, code, word) in cases {
        let output = fleet
            .command(&["worker", "--data-dir"])
            .arg(folder.path())
            .env(name, value)
            .env("HUIBAO_STARTUP_WAIT_SECONDS", "1")
            .env("HUIBAO_LOG", "off")
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(code), "{name}={value}: {stderr}");
        let setting = name.to_lowercase();
        let setting = setting.strip_prefix("huibao_").unwrap();
        assert!(stderr.to_lowercase().contains(setting) && stderr.contains(word), "{stderr}");
        assert!(stderr.trim_end().lines().count() <= 2, "{stderr}");
    }
    let password = huibao()
        .args(["jobs", "list"])
        .env("HUIBAO_DATABASE_URL", "postgres://u:hunter2@127.0.0.1:1/x")
        .env("HUIBAO_STARTUP_WAIT_SECONDS", "0")
        .output()
        .unwrap();
    assert!(!String::from_utf8(password.stderr).unwrap().contains("hunter2"));
}

/// A server with a certificate that nobody signed, on a port of its own; ends when dropped.
struct TlsServer {
    process: Child,
    port: u16,
}

impl TlsServer {
    fn start(folder: &Path) -> Self {
        let (key, certificate) = (folder.join("key.pem"), folder.join("certificate.pem"));
        let paths = [key.to_str().unwrap(), certificate.to_str().unwrap()];
        let request = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=localhost";
        let made: Vec<&str> =
            request.split(' ').chain(["-keyout", paths[0], "-out", paths[1]]).collect();
        tool("openssl", &made);
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let process = Command::new("openssl")
            .args(["s_server", "-quiet", "-accept", &format!("127.0.0.1:{port}")])
            .args(["-key", paths[0], "-cert", paths[1]])
            .stdin(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            std::thread::sleep(Duration::from_millis(20));
        }
        Self { process, port }
    }
}

impl Drop for TlsServer {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// Waiting helps against neither, so the advice is not to look whether the server runs.
#[test]
fn certificates_without_trust_and_ports_without_tls_are_told() {
    let folder = tempfile::tempdir().unwrap();
    let fleet = Fleet::new(&Servers::shared(), folder.path());
    let server = TlsServer::start(folder.path());
    let port = server.port;
    let plain = fleet.queue_url().replacen("amqp://", "amqps://", 1);
    let cases = [
        ("HUIBAO_QUEUE_URL", format!("amqps://u:p@localhost:{port}/%2f"), "SSL_CERT_FILE"),
        (
            "HUIBAO_STORAGE_URL",
            format!("s3://bucket?endpoint=https://localhost:{port}"),
            "SSL_CERT_FILE",
        ),
        ("HUIBAO_QUEUE_URL", plain, "does not speak TLS"),
    ];
    for (name, value, advice) in cases {
        let output = fleet
            .command(&["worker", "--data-dir"])
            .arg(folder.path())
            .env(name, &value)
            .env("HUIBAO_LOG", "off")
            .output()
            .unwrap();
        let stderr = String::from_utf8(output.stderr).unwrap();
        assert_eq!(output.status.code(), Some(69), "{value}: {stderr}");
        assert!(stderr.contains(name) && stderr.contains(advice), "{value}: {stderr}");
    }
}
