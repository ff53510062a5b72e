//! The pages in a real browser.

use std::process::Command;

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
        .env("WRITTEN", fixture("report-zh.txt"));
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
