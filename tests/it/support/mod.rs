//! What the tests share: the binary, sample videos, a running server, and measures of text.

pub mod fleet;
pub mod media;
pub mod proxy;
pub mod server;
pub mod stall;
pub mod text;
pub mod weather;

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use serde_json::Value;

/// The checkout.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// A fixture's path.
pub fn fixture(name: &str) -> PathBuf {
    root().join("tests/fixtures").join(name)
}

/// A file of no pattern, so that no byte can stand for another. It begins as an MP4 does.
pub fn random_file(folder: &Path, bytes: usize) -> PathBuf {
    let path = folder.join("a.mp4");
    let mut content = vec![0; bytes];
    fastrand::Rng::with_seed(7).fill(&mut content);
    content[..12].copy_from_slice(b"\0\0\0\x18ftypmp42");
    std::fs::write(&path, content).unwrap();
    path
}

/// The binary, in a clean environment and English.
pub fn huibao() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_huibao"));
    for (name, _) in std::env::vars().filter(|(name, _)| name.starts_with("HUIBAO_")) {
        if name != "HUIBAO_MODEL_DIR" {
            command.env_remove(name);
        }
    }
    command.env("LANG", "C.UTF-8").env_remove("LC_ALL").env_remove("LC_MESSAGES");
    // Not the best that is there: tests give the same everywhere, and soon.
    command.env("HUIBAO_MODEL", "base-q8_0");
    command
}

/// Runs `huibao process --json` and returns its exit code and the object it printed.
pub fn process(video: &Path, out: &Path, more: &[&str]) -> (i32, Value) {
    let output = huibao()
        .args(["process", "--json", "--out"])
        .arg(out)
        .arg(video)
        .args(more)
        .output()
        .unwrap();
    (output.status.code().unwrap(), only_object(&output))
}

/// Standard output, which must be exactly one JSON object.
pub fn only_object(output: &Output) -> Value {
    let text = String::from_utf8(output.stdout.clone()).unwrap();
    let stderr = String::from_utf8_lossy(&output.stderr);
    serde_json::from_str(&text).unwrap_or_else(|e| panic!("{e}: stdout {text:?} stderr {stderr}"))
}

/// The judgement of an implementation that is not ours on all bags in a folder. Returns how many.
pub fn assert_valid_bags(folder: &Path) -> usize {
    let python = std::env::var("HUIBAO_TEST_PYTHON").unwrap_or_else(|_| "python3".into());
    let program = "
import bagit, pathlib, sys
bags = [path.parent for path in pathlib.Path(sys.argv[1]).rglob('bagit.txt')]
for bag in bags:
    bagit.Bag(str(bag)).validate()
print(len(bags))";
    tool(&python, &["-c", program, folder.to_str().unwrap()]).trim().parse().unwrap()
}

/// The names in a folder, hidden ones too.
pub fn names(folder: &Path) -> Vec<String> {
    let Ok(entries) = std::fs::read_dir(folder) else { return Vec::new() };
    let mut names: Vec<String> =
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    names
}

/// Runs a tool that makes or inspects test files.
pub fn tool(name: &str, args: &[&str]) -> String {
    let output = Command::new(name)
        .args(args)
        .output()
        .unwrap_or_else(|e| panic!("{name}: {e}; scripts/test installs it"));
    assert!(
        output.status.success(),
        "{name} {args:?}: {}",
        String::from_utf8_lossy(&output.stderr)
    );
    String::from_utf8(output.stdout).unwrap()
}
