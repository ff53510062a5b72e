//! The audit log on the command line: verified, exported, vouched for, and caught when it was changed.

use std::path::Path;
use std::process::{Command, Output};

use serde_json::Value;

use crate::support::server::Server;
use crate::support::{huibao, only_object, tool};

fn run(data: &Path, args: &[&str]) -> Output {
    huibao().arg("audit").args(args).arg("--data-dir").arg(data).output().unwrap()
}

fn text(output: &Output) -> String {
    String::from_utf8(output.stdout.clone()).unwrap()
}

fn verify(data: &Path, more: &[&str]) -> (i32, Value) {
    let output = run(data, &[&["verify", "--json"], more].concat());
    (output.status.code().unwrap(), only_object(&output))
}

/// Changes the database as somebody does who owns it. Says whether it took the change.
fn tamper(data: &Path, statements: &str) -> bool {
    let script = "import sqlite3, sys; sqlite3.connect(sys.argv[1]).executescript(sys.argv[2])";
    let mut python = Command::new("python3");
    python.args(["-c", script]).arg(data.join("huibao.db")).arg(statements);
    python.output().unwrap().status.success()
}

#[test]
fn whoever_changes_the_log_is_caught() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    // Makes an account and a token.
    let server = Server::start(&data, &[]);
    assert_eq!(server.stop(), Some(0));
    let data = data.as_path();
    let note = folder.path().join("kept.note");
    let kept = run(data, &["checkpoint"]);
    assert!(kept.status.success(), "{kept:?}");
    std::fs::write(&note, text(&kept)).unwrap();
    let note = note.to_str().unwrap();

    let (code, found) = verify(data, &["--checkpoint", note]);
    assert_eq!((code, &found["verified"]), (0, &Value::Bool(true)), "{found}");
    let entries = found["entries"].as_u64().unwrap();
    assert!(entries >= 3 && found["pending"] == 0, "{found}");
    let exported = text(&run(data, &["export"]));
    let lines: Vec<Value> =
        exported.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(lines.len() as u64, entries + 1, "and that it was exported");
    assert_eq!(lines[0]["action"], "person_added");
    assert!(!exported.contains("hb_"), "no token is in it");

    // Another key vouches for nothing here.
    let other = tempfile::tempdir().unwrap();
    let key = text(&run(other.path(), &["key"]));
    let (code, found) = verify(data, &["--key", key.trim()]);
    assert_eq!(code, 65, "{found}");

    assert!(!tamper(data, "UPDATE audit_entries SET detail = '{}' WHERE action = 'granted'"));
    let open = "DROP TRIGGER audit_entries_stay; DROP TRIGGER audit_entries_remain;
                DROP TRIGGER audit_chain_stays; DROP TRIGGER audit_chain_remains;
                DROP TRIGGER audit_checkpoints_remain;";
    assert!(tamper(data, open));
    let copy = folder.path().join("copy");
    for (what, change) in [
        ("an entry is changed", "UPDATE audit_entries SET detail = '{}' WHERE action = 'granted'"),
        ("an entry is removed", "DELETE FROM audit_entries WHERE action = 'granted'"),
        (
            "the end is cut off",
            "DELETE FROM audit_checkpoints;
             DELETE FROM audit_entries WHERE id IN
                 (SELECT entry_id FROM audit_chain WHERE seq >= 3);
             DELETE FROM audit_chain WHERE seq >= 3",
        ),
    ] {
        let _ = std::fs::remove_dir_all(&copy);
        tool("cp", &["-r", data.to_str().unwrap(), copy.to_str().unwrap()]);
        assert!(tamper(&copy, change));
        let (code, found) = verify(&copy, &["--checkpoint", note]);
        assert_eq!((code, &found["verified"]), (65, &Value::Bool(false)), "{what}: {found}");
    }
}
