//! Two passes: a quick model's text first, and a better one's once nothing else waits.

use std::path::{Path, PathBuf};

use serde_json::{Value, json};

use crate::support::media::short;
use crate::support::server::Server;

const FIRST: &str = "敬爱的党组织";
const SECOND: &str = "向党组织汇报";

/// A "model" that hears the same in everything.
fn model(folder: &Path, name: &str, text: &str) -> PathBuf {
    let path = folder.join(name);
    std::fs::write(&path, json!({ "engine": "scripted", "text": text }).to_string()).unwrap();
    path
}

fn text(report: &Value) -> &str {
    report["transcript"]["text"].as_str().unwrap_or_default()
}

#[test]
fn a_better_model_hears_what_a_quick_one_wrote() {
    let folder = tempfile::tempdir().unwrap();
    let quick = model(folder.path(), "quick.json", FIRST);
    let better = model(folder.path(), "better.json", SECOND);
    let env = [
        ("HUIBAO_MODEL", better.to_str().unwrap()),
        ("HUIBAO_QUICK_MODEL", quick.to_str().unwrap()),
    ];
    let server = Server::start(&folder.path().join("data"), &env);
    let (status, answer) = server.upload(&short(folder.path(), 4), None);
    assert_eq!(status, 202, "{answer}");
    let id = answer["report"]["id"].as_str().unwrap();

    let first = server.wait(id, |report| report["transcript"] != Value::Null);
    assert!(text(&first).contains(FIRST) || text(&first).contains(SECOND), "{first}");
    let second = server.wait(id, |report| text(report).contains(SECOND));
    assert_eq!((&second["state"], &second["second_pass_due"]), (&json!("ready"), &json!(false)));
    // Both are kept: what the engine wrote, and what was made of it.
    assert_eq!(second["transcript"]["version"], 4);
    let first = server.file(id, "transcript.txt?version=2");
    assert!(String::from_utf8(first).unwrap().contains(FIRST));
    // It is not heard a third time.
    server.wait(id, |report| {
        let stages = report["stages"].as_array().unwrap();
        stages.iter().all(|stage| stage["state"] == "done")
    });
    assert_eq!(server.get(&format!("/api/v1/reports/{id}"))["report"]["second_pass_due"], false);
}

#[test]
fn one_pass_is_enough_where_no_quick_model_is_named() {
    let folder = tempfile::tempdir().unwrap();
    let only = model(folder.path(), "only.json", FIRST);
    let env = [("HUIBAO_MODEL", only.to_str().unwrap())];
    let server = Server::start(&folder.path().join("data"), &env);
    let (_, answer) = server.upload(&short(folder.path(), 4), None);
    let id = answer["report"]["id"].as_str().unwrap();
    let report = server.wait(id, |report| report["state"] == "ready");
    assert_eq!(
        (&report["second_pass_due"], &report["transcript"]["version"]),
        (&json!(false), &json!(2))
    );
}
