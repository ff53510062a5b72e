//! The first page in a real browser.

use std::process::Command;

use crate::support::media::short;
use crate::support::server::{NAME, PASSWORD, Server};
use crate::support::{fixture, root};

#[test]
fn a_person_uploads_watches_and_reads() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let output = Command::new("node")
        .arg(root().join("tests/browser/first-page.mjs"))
        .env("BASE_URL", &server.url)
        .env("HUIBAO_TEST_NAME", NAME)
        .env("HUIBAO_TEST_PASSWORD", PASSWORD)
        .env("VIDEO", short(folder.path(), 12))
        .env("WRITTEN", fixture("report-zh.txt"))
        .env("PHOTO", fixture("written/rotated.heic"))
        .output()
        .expect("scripts/test installs node");
    assert!(
        output.status.success(),
        "{}\n{}",
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    );
}
