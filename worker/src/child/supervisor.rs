//! The parent's side: start a child, listen, and say truthfully how it ended.

use std::io;
use std::os::unix::process::ExitStatusExt;
use std::process::{ExitStatus, Stdio};
use std::time::Duration;

use huibao_models::failure::{Failure, FailureCode};
use huibao_models::transcript::Segment;
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;

use super::{CHILD_ARGUMENT, ChildMessage, ChildOutput, ChildRequest};

/// A child that says nothing for this long hangs. The slowest honest silence is one window of a
/// large model on one slow core.
const SILENCE: Duration = Duration::from_mins(15);

/// How much of a child's standard error is kept for the log.
const STDERR_TAIL: usize = 2000;

/// Where a child's messages go while it runs.
#[derive(Debug, Clone)]
pub struct ChildEvents {
    /// Fraction done.
    pub progress: watch::Sender<f32>,
    /// Segments as they are recognised.
    pub partial: mpsc::UnboundedSender<Segment>,
}

/// Runs a child for one request. Dropping the future kills the child.
pub async fn run_child(
    request: &ChildRequest,
    events: &ChildEvents,
) -> Result<ChildOutput, Failure> {
    let mut child = Supervised::start()?;
    let answer = child.ask(request, events).await;
    child.end().await;
    answer?
}

/// A running child. Dropping it kills it.
pub struct Supervised {
    child: Child,
    /// Its closing is what tells the child that we are gone.
    stdin: ChildStdin,
    lines: Lines<BufReader<ChildStdout>>,
    tail: JoinHandle<String>,
}

impl Supervised {
    /// Starts a child that waits for requests.
    pub fn start() -> Result<Self, Failure> {
        let mut child = spawn()?;
        let no_pipe = || Failure::internal("a child was started without its pipes");
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let lines = BufReader::new(stdout).lines();
        Ok(Self { child, stdin, lines, tail: tokio::spawn(read_tail(stderr)) })
    }

    /// Has it do what is asked. The inner result is its own last word, after which it waits for the
    /// next request; after an outer failure it is of no more use.
    pub async fn ask(
        &mut self,
        request: &ChildRequest,
        events: &ChildEvents,
    ) -> Result<Result<ChildOutput, Failure>, Failure> {
        let mut line = serde_json::to_vec(request).map_err(Failure::internal)?;
        line.push(b'\n');
        // A child that died already is reported below by its status.
        let _ = self.stdin.write_all(&line).await;
        match listen(&mut self.lines, events).await {
            Ok(Some(answer)) => Ok(answer),
            Ok(None) => Err(self.verdict().await),
            Err(failure) => {
                self.child.start_kill()?;
                Err(failure)
            }
        }
    }

    /// Lets it go and waits until it is gone.
    pub async fn end(self) {
        let Self { mut child, stdin, .. } = self;
        drop(stdin);
        if let Err(error) = child.wait().await {
            tracing::warn!(%error, "cannot wait for a child");
        }
    }

    /// Why it ended without a last word.
    async fn verdict(&mut self) -> Failure {
        match self.child.wait().await {
            Ok(status) => verdict(status, &(&mut self.tail).await.unwrap_or_default()),
            Err(error) => error.into(),
        }
    }
}

fn spawn() -> io::Result<Child> {
    Command::new(own_binary()?)
        .arg(CHILD_ARGUMENT)
        // Secrets of the service (database, storage, token) are nothing to native parsers.
        .env_clear()
        .envs(std::env::vars_os().filter(|(name, _)| is_harmless(name)))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
}

/// Also right after an upgrade replaced the file on disk: the running image itself.
fn own_binary() -> io::Result<std::path::PathBuf> {
    let proc = std::path::Path::new("/proc/self/exe");
    if proc.exists() { Ok(proc.to_owned()) } else { std::env::current_exe() }
}

fn is_harmless(name: &std::ffi::OsStr) -> bool {
    const KEEP: [&str; 6] =
        ["PATH", "LANG", "LC_ALL", "TMPDIR", "LD_LIBRARY_PATH", "RUST_BACKTRACE"];
    name.to_str().is_some_and(|name| KEEP.contains(&name))
}

/// Reads messages up to the child's last word. `None` if its output ends without one.
async fn listen(
    lines: &mut Lines<BufReader<ChildStdout>>,
    events: &ChildEvents,
) -> Result<Option<Result<ChildOutput, Failure>>, Failure> {
    loop {
        let Ok(line) = tokio::time::timeout(SILENCE, lines.next_line()).await else {
            let silent = format!("a child said nothing for {} s", SILENCE.as_secs());
            return Err(Failure::new(FailureCode::ResourceLimit, silent));
        };
        let Some(line) = line? else { return Ok(None) };
        match serde_json::from_str(&line) {
            // A receiver that is gone has no more use for the news.
            Ok(ChildMessage::Progress(fraction)) => {
                events.progress.send_replace(fraction);
            }
            Ok(ChildMessage::Partial(segment)) => {
                let _ = events.partial.send(segment);
            }
            Ok(ChildMessage::Done(output)) => return Ok(Some(Ok(output))),
            Ok(ChildMessage::Failed(failure)) => return Ok(Some(Err(failure))),
            Err(_) => tracing::debug!(line, "a native library wrote to standard output"),
        }
    }
}

async fn read_tail(mut stderr: ChildStderr) -> String {
    let mut tail = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(n @ 1..) = stderr.read(&mut buffer).await {
        tail.extend_from_slice(&buffer[..n]);
        let excess = tail.len().saturating_sub(STDERR_TAIL);
        tail.drain(..excess);
    }
    String::from_utf8_lossy(&tail).trim().replace('\n', " | ")
}

fn verdict(status: ExitStatus, tail: &str) -> Failure {
    let limits = [Signal::XCPU, Signal::XFSZ].map(Signal::as_raw);
    let code = match status.signal() {
        Some(signal) if limits.contains(&signal) => FailureCode::ResourceLimit,
        _ => FailureCode::ChildCrashed,
    };
    Failure::new(code, format!("child ended with {status}: {tail}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_crash_and_a_spent_limit_are_told_apart() {
        let crash = ExitStatus::from_raw(11);
        assert_eq!(verdict(crash, "").code, FailureCode::ChildCrashed);
        let spent = ExitStatus::from_raw(Signal::XCPU.as_raw());
        assert_eq!(verdict(spent, "").code, FailureCode::ResourceLimit);
    }

    #[test]
    fn secrets_are_not_handed_on() {
        assert!(!is_harmless("HUIBAO_DATABASE_URL".as_ref()));
        assert!(!is_harmless("AWS_SECRET_ACCESS_KEY".as_ref()));
        assert!(is_harmless("LANG".as_ref()));
    }
}
