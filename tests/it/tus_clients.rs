//! The official clients of tus, over a network that breaks again and again.

use std::path::Path;
use std::process::Command;

use serde_json::{Value, json};

use crate::support::proxy::{Cut, Proxy};
use crate::support::server::Server;
use crate::support::{random_file, root};

/// What uploads a file of a report with tuspy.
const TUSPY: &str = "
import sys
from tusclient.client import TusClient
server, token, report, path = sys.argv[1:]
client = TusClient(server + '/api/v1/uploads/', headers={'Authorization': 'Bearer ' + token})
client.uploader(path, chunk_size=1 << 20, retries=40, retry_delay=0.2, metadata={
    'report_id': report, 'role': 'video', 'filename': '录像.mp4'}).upload()
";

/// Connections that break at random, but never before the headers are through.
fn weather() -> Vec<Cut> {
    let mut random = fastrand::Rng::with_seed(11);
    (0..8).map(|_| Cut::Upward(random.u64(20_000..3_000_000))).collect()
}

/// Uploads by a client's command through the broken network, and compares what arrived.
fn upload(client: impl FnOnce(&str, &Server, &str, &Path) -> Command) {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let path = random_file(folder.path(), 9_000_001);
    let post = |path: &str| server.client.post(format!("{}/api/v1/reports{path}", server.url));
    let begun: Value = post("").json(&json!({})).send().unwrap().json().unwrap();
    let id = begun["id"].as_str().unwrap();
    let network = Proxy::start(&server.url, &weather());
    let output = client(&network.url, &server, id, &path).output().unwrap();
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
    assert!(network.accepted() > 3, "the network did not break");
    assert_eq!(post(&format!("/{id}/submit")).send().unwrap().status(), 202);
    let report = server.get(&format!("/api/v1/reports/{id}"))["report"].clone();
    assert_eq!(report["video"]["file_name"], "录像.mp4");
    let arrived = server.file(id, "original");
    assert!(arrived == std::fs::read(path).unwrap(), "other bytes arrived");
}

fn javascript(parallel: &str) -> impl FnOnce(&str, &Server, &str, &Path) -> Command {
    move |url, server, id, path| {
        let mut command = Command::new("node");
        command.arg(root().join("tests/browser/tus.mjs")).args([url, &server.token, id]);
        command.arg(path).arg(parallel);
        command
    }
}

#[test]
fn tuspy_gets_everything_through() {
    upload(|url, server, id, path| {
        let python = std::env::var("HUIBAO_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
        let mut command = Command::new(python);
        command.args(["-c", TUSPY, url, &server.token, id]).arg(path);
        command
    });
}

#[test]
fn tus_js_client_gets_everything_through() {
    upload(javascript("1"));
}

#[test]
fn tus_js_client_gets_parts_through_side_by_side() {
    upload(javascript("3"));
}
