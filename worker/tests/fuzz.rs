//! A short part of `scripts/fuzz`.

use std::process::Command;

#[test]
fn damaged_files_are_refused_or_taken_and_nothing_else() {
    // Examples are built with the tests, beside them.
    let tests = std::env::current_exe().unwrap();
    let fuzz = tests.ancestors().nth(2).unwrap().join("examples/fuzz");
    let folder = tempfile::tempdir().unwrap();
    let output = Command::new(fuzz).arg(folder.path()).arg("120").output().unwrap();
    let (out, err) =
        (String::from_utf8(output.stdout).unwrap(), String::from_utf8(output.stderr).unwrap());
    assert!(output.status.success(), "{out}{err}");
    let kinds = out.lines().count();
    assert!(kinds >= 3, "damage is told apart: {out}");
}
