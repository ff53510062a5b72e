//! What must be true once everything is over.

use std::path::Path;
use std::time::{Duration, Instant};

use super::services::Services;
use crate::support::fleet::Fleet;
use crate::support::{assert_valid_bags, only_object, tool};

/// No message circulates for ever, and none was given up: what is returned too often, or cannot be
/// read, ends in the dead queue.
pub fn assert_no_message_is_left(services: &Services) {
    let start = Instant::now();
    loop {
        let listed = services.run(&["rabbitmqctl", "list_queues", "name", "messages"]);
        let full = |line: &&str| line.starts_with("test_") && !line.trim_end().ends_with("\t0");
        if !listed.lines().any(|line| full(&line)) {
            return;
        }
        assert!(start.elapsed() < Duration::from_mins(1), "{listed}");
        std::thread::sleep(Duration::from_millis(200));
    }
}

/// How many reports the database has that are ready.
pub fn reports_ready(fleet: &Fleet) -> usize {
    let sql = "SELECT count(DISTINCT report_id) FROM submissions WHERE state = 'ready'";
    tool("psql", &["-qtA", fleet.database_url(), "-c", sql]).trim().parse().unwrap()
}

/// However often a stage ran, one result of it is committed.
pub fn assert_each_stage_has_one_result(fleet: &Fleet, ready: usize) {
    let count = |what: &str| {
        let sql = format!("SELECT count(*), count(DISTINCT submission_id) FROM {what}");
        tool("psql", &["-qtA", fleet.database_url(), "-c", &sql]).trim().to_owned()
    };
    let once = format!("{ready}|{ready}");
    for origin in ["raw", "recognition"] {
        assert_eq!(count(&format!("transcripts WHERE origin = '{origin}'")), once, "{origin}");
    }
    for kind in ["audio", "poster", "rendition"] {
        assert_eq!(count(&format!("files WHERE kind = '{kind}'")), once, "{kind}");
    }
    assert_eq!(count("files WHERE kind = 'bag' AND name = 'bagit.txt'"), once);
    assert_eq!(
        count("jobs WHERE state IN ('queued', 'running') AND submission_id IS NOT NULL"),
        "0|0"
    );
}

/// After the collector, storage holds what the database lists and nothing else.
pub fn assert_every_object_is_referenced(fleet: &Fleet) {
    let collect = || {
        let mut command = fleet.command(&["collect", "--nothing-runs", "--json"]);
        only_object(&command.output().unwrap())
    };
    collect();
    assert_eq!(collect()["objects"], serde_json::json!([]), "all garbage is gone at once");
}

/// Every file that the database lists is there and has its checksum, and every bag is a bag: all is
/// moved to a folder, where somebody else's validator looks at it.
pub fn assert_bags_are_valid(fleet: &Fleet, folder: &Path, ready: usize) {
    let target = folder.join("moved");
    std::fs::create_dir(&target).unwrap();
    let at = |scheme: &str, name: &str| format!("{scheme}://{}", target.join(name).display());
    let mut command = fleet.command(&["migrate", "--json", "--from"]);
    command.args([fleet.database_url(), fleet.storage_url(), "--to"]);
    command.args([at("sqlite", "huibao.db"), at("file", "files")]);
    let output = command.output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    assert_eq!(assert_valid_bags(&target), ready);
}
