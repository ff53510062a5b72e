//! The children of a running server: what they hold, and what they are kept from. What a confined process
//! can reach is tried in `worker/tests/confinement.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::time::{Duration, Instant};

use crate::support::media::sample;
use crate::support::server::Server;
use crate::support::{fixture, huibao, only_object};

/// A field of `/proc/<pid>/status`.
fn status(pid: &str, field: &str) -> Option<String> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix(field)?.strip_prefix(':'));
    line.map(|value| value.trim().to_owned())
}

/// What the open files of a process are.
fn open_files(pid: &str) -> BTreeSet<String> {
    let Ok(entries) = fs::read_dir(format!("/proc/{pid}/fd")) else { return BTreeSet::new() };
    let targets = entries.filter_map(|entry| fs::read_link(entry.ok()?.path()).ok());
    targets.map(|target| target.to_string_lossy().into_owned()).collect()
}

#[test]
fn children_are_confined_and_inherit_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let server = Server::start(&folder.path().join("data"), &[]);
    let (_, answer) = server.upload(&sample(), Some(&fixture("report-zh.txt")));
    let id = answer["report"]["id"].as_str().unwrap();
    let (mut confined, started) = (BTreeSet::new(), Instant::now());
    loop {
        for pid in server.children() {
            // Between its start and its first request, a child has read nothing yet.
            if status(&pid, "Seccomp").as_deref() != Some("2") {
                continue;
            }
            assert_eq!(status(&pid, "NoNewPrivs").as_deref(), Some("1"));
            let environment =
                fs::read_to_string(format!("/proc/{pid}/environ")).unwrap_or_default();
            assert!(!environment.contains("HUIBAO"), "{environment}");
            let files = open_files(&pid);
            let odd = files.iter().find(|file| {
                file.starts_with("socket:") || file.contains("huibao.db") || file.ends_with("/lock")
            });
            assert_eq!(odd, None, "{files:?}");
            confined.insert(pid);
        }
        let report = server.get(&format!("/api/v1/reports/{id}"))["report"].clone();
        if report["state"] == "ready" {
            break;
        }
        assert_ne!(report["state"], "failed", "{report}");
        assert!(started.elapsed() < Duration::from_mins(4), "{report}");
        std::thread::sleep(Duration::from_millis(20));
    }
    assert!(confined.len() >= 3, "ingest, transcode and transcribe: {confined:?}");
}

#[test]
fn the_doctor_says_whether_children_can_be_confined() {
    let output = huibao().args(["doctor", "--json"]).output().unwrap();
    let findings = only_object(&output)["findings"].clone();
    let found = findings.as_array().unwrap().iter().find(|one| one["name"] == "confinement");
    assert!(found.is_some_and(|found| found["ok"] == true), "{findings}");
}
