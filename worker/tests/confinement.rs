//! What a confined child can reach: its own files, and nothing else.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::{TcpListener, TcpStream, UdpSocket};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::Command;

use huibao_worker::child::confinement::{Access, Lacking};

/// Names the folder of the test in the process that confines itself.
const FOLDER: &str = "HUIBAO_TEST_CONFINED";

/// The confined process: this binary once more, which only runs `confined`.
fn confined_process(folder: &Path) -> BTreeMap<String, String> {
    let output = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "confined", "--include-ignored", "--nocapture", "--test-threads=1"])
        .env(FOLDER, folder)
        .output()
        .unwrap();
    let (out, err) =
        (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    let found = out.lines().filter_map(|line| line.strip_prefix("tried ")?.split_once(": "));
    let found: BTreeMap<_, _> = found.map(|(a, b)| (a.to_owned(), b.to_owned())).collect();
    assert!(output.status.success() && !found.is_empty(), "{out}\n{err}");
    found
}

#[expect(clippy::print_stdout, reason = "read by the test that started this process")]
fn tried<T>(what: &str, result: io::Result<T>) {
    let answer = result.map_or_else(|error| format!("refused ({error})"), |_| "done".to_owned());
    println!("\ntried {what}: {answer}");
}

#[test]
#[ignore = "runs in a process of its own"]
fn confined() {
    let folder = PathBuf::from(std::env::var_os(FOLDER).unwrap());
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    let (input, output) = (folder.join("input"), folder.join("output"));
    let tree = folder.join("tree");
    let read = vec![input.join("video.mp4")];
    let access = Access { read, write: vec![output.clone()], trees: vec![tree.clone()] };
    access.enforce().unwrap();

    tried("a folder in its tree", fs::create_dir(tree.join("folder")));
    tried("a file in it", fs::write(tree.join("folder/a"), "a"));
    tried("reading the input", fs::read(input.join("video.mp4")));
    tried("writing an output", fs::write(output.join("a"), "a"));
    tried("replacing an output", fs::write(output.join("a"), "b"));
    tried("removing an output", fs::remove_file(output.join("a")));
    tried(
        "a thread",
        std::thread::Builder::new()
            .spawn(|| ())
            .and_then(|thread| thread.join().map_err(|_| io::Error::other("it panicked"))),
    );

    tried("reading /etc/passwd", fs::read("/etc/passwd"));
    tried("reading the database", fs::read(folder.join("huibao.db")));
    tried("reading another report", fs::read(input.join("other.mp4")));
    tried("reading its parent's memory", fs::read("/proc/1/environ"));
    tried("reading its own environment", fs::read("/proc/self/environ"));
    tried("listing the folder", fs::read_dir(&folder));
    tried("writing the input", fs::write(input.join("video.mp4"), "x"));
    tried("writing elsewhere", fs::write(folder.join("elsewhere"), "x"));
    tried("writing to /tmp", fs::write("/tmp/huibao-confined", "x"));
    tried("a link out of its folder", fs::hard_link(folder.join("huibao.db"), output.join("db")));
    tried("a symbolic link", std::os::unix::fs::symlink("/etc/passwd", output.join("passwd")));
    tried("a folder", fs::create_dir(output.join("folder")));
    tried("connecting to loopback", TcpStream::connect(address));
    tried("listening", TcpListener::bind("127.0.0.1:0"));
    tried("a datagram", UdpSocket::bind("127.0.0.1:0"));
    tried("a local socket", UnixStream::connect("/run/nobody"));
    tried("running a program", Command::new("/bin/true").status());
    tried("another process", Command::new("/proc/self/exe").spawn());
    let init = rustix::process::Pid::from_raw(1).unwrap();
    let signal = rustix::process::test_kill_process(init);
    tried("a signal to another process", signal.map_err(io::Error::from));
}

#[test]
fn a_confined_process_reaches_its_own_files_and_nothing_else() {
    let lacking = Lacking::here();
    assert!(!lacking.is_a_gap(), "this kernel lacks {lacking}; nothing can be tested on it");
    let folder = tempfile::tempdir().unwrap();
    for sub in ["input", "output", "tree"] {
        fs::create_dir(folder.path().join(sub)).unwrap();
    }
    for file in ["input/video.mp4", "input/other.mp4", "huibao.db"] {
        fs::write(folder.path().join(file), "content").unwrap();
    }
    let found = confined_process(folder.path());
    let own = [
        "a file in it",
        "a folder in its tree",
        "a thread",
        "reading the input",
        "removing an output",
        "replacing an output",
        "writing an output",
    ];
    for (what, answer) in &found {
        let expected = if own.contains(&&**what) { "done" } else { "refused" };
        assert!(answer.starts_with(expected), "{what}: {answer}");
    }
    assert_eq!(found.len(), own.len() + 19, "{found:?}");
    assert_eq!(fs::read(folder.path().join("input/video.mp4")).unwrap(), b"content");
}
