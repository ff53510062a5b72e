//! Starts a child, passes its events on, and reports how it ended.

use std::os::unix::process::ExitStatusExt;
use std::process::ExitStatus;
use std::sync::Arc;
use std::time::Duration;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::transcript::Segment;
use huibao_models::metrics::{CHILDREN, Present};
use rustix::process::Signal;
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader, Lines};
use tokio::process::{Child, ChildStderr, ChildStdin, ChildStdout, Command};
use tokio::sync::{mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use super::calls::Calls;
use super::launch;
use super::protocol::{CallId, ChildCommand, ChildEvent, ChildOutput, ChildRequest, ChildTask};

/// A child without an event for this long hangs. The longest regular interval is one window of a large
/// model on one slow core.
const EVENT_TIMEOUT: Duration = Duration::from_mins(15);

/// How many bytes of a child's standard error are kept for the log.
const STDERR_TAIL: usize = 2000;

/// Channels for the events of a running task.
#[derive(Debug, Clone)]
pub struct ChildEvents {
    /// Fraction done.
    pub progress: watch::Sender<f32>,
    /// Segments as they are recognised.
    pub partial: mpsc::UnboundedSender<Segment>,
}

/// Runs a child for one request. Dropping the future kills the child.
pub async fn run_child(
    request: ChildRequest,
    events: &ChildEvents,
) -> Result<ChildOutput, Failure> {
    let variables = match &request.task {
        ChildTask::File(task) => task.variables(),
        ChildTask::Transcribe(_) => Vec::new(),
    };
    let child = Supervised::supervise(launch::command(&variables)?)?;
    let answer = child.call()?.ask(request, events).await;
    // It has written its files, and libraries may hang when they are asked to end: LibreOffice does.
    child.kill.cancel();
    child.end().await;
    answer
}

/// A running child, which may run several requests at once. Dropping it ends the child when it is idle.
pub struct Supervised {
    calls: Arc<Calls>,
    /// Closing it ends the child.
    commands: mpsc::UnboundedSender<ChildCommand>,
    kill: CancellationToken,
    gone: CancellationToken,
}

impl Supervised {
    /// Starts a child that waits for requests.
    pub fn start() -> Result<Arc<Self>, Failure> {
        Self::supervise(launch::command(&[])?)
    }

    fn supervise(mut command: Command) -> Result<Arc<Self>, Failure> {
        let mut child = command.kill_on_drop(true).spawn()?;
        let present = Present::count(CHILDREN);
        let no_pipe = || Failure::internal("a child was started without its pipes");
        let stdin = child.stdin.take().ok_or_else(no_pipe)?;
        let stdout = child.stdout.take().ok_or_else(no_pipe)?;
        let stderr = child.stderr.take().ok_or_else(no_pipe)?;
        let (commands, requested) = mpsc::unbounded_channel();
        let calls = Arc::new(Calls::default());
        let (kill, gone) = (CancellationToken::new(), CancellationToken::new());
        let supervisor = Supervisor {
            child,
            stdin: Some(stdin),
            requested,
            lines: BufReader::new(stdout).lines(),
            tail: tokio::spawn(read_tail(stderr)),
            calls: Arc::clone(&calls),
            kill: kill.clone(),
        };
        let over = gone.clone().drop_guard();
        tokio::spawn(async move {
            supervisor.run().await;
            drop(present);
            drop(over);
        });
        Ok(Arc::new(Self { calls, commands, kill, gone }))
    }

    /// Begins a call. Fails if the child cannot be used any more.
    pub fn call(self: &Arc<Self>) -> Result<Call, Failure> {
        let Some((id, received)) = self.calls.open() else { return Err(self.why_over()) };
        Ok(Call { child: Arc::clone(self), id, received, answered: false })
    }

    /// Whether it cannot be used any more.
    pub fn is_over(&self) -> bool {
        self.calls.over().is_some()
    }

    /// The last call, if it is idle.
    pub fn idle_since(&self) -> Option<CallId> {
        self.calls.idle_since()
    }

    /// Drops this handle and waits until the process has ended, once no other handle is left.
    pub async fn end(self: Arc<Self>) {
        let gone = self.gone.clone();
        drop(self);
        gone.cancelled().await;
    }

    fn why_over(&self) -> Failure {
        self.calls.over().unwrap_or_else(|| Failure::internal("a child does not answer"))
    }
}

/// One request to a child, until its result. Dropping it earlier cancels it: the child receives a
/// command, or is killed if it runs nothing else.
pub struct Call {
    child: Arc<Supervised>,
    id: CallId,
    received: mpsc::UnboundedReceiver<ChildEvent>,
    answered: bool,
}

impl Call {
    /// Its number among those of its child.
    pub fn id(&self) -> CallId {
        self.id
    }

    /// Sends the request and waits for its result.
    pub async fn ask(
        mut self,
        request: ChildRequest,
        events: &ChildEvents,
    ) -> Result<ChildOutput, Failure> {
        // A child that has already ended is reported below by its status.
        let _ = self
            .child
            .commands
            .send(ChildCommand::Begin { call: self.id, request: Box::new(request) });
        loop {
            let Ok(event) = tokio::time::timeout(EVENT_TIMEOUT, self.received.recv()).await else {
                // It hangs: its other calls end as well.
                let silent = format!("a child sent no event for {} s", EVENT_TIMEOUT.as_secs());
                self.child.calls.end(Failure::new(FailureCode::ResourceLimit, silent));
                self.child.kill.cancel();
                return Err(self.child.why_over());
            };
            match event {
                // The receivers may be dropped already.
                Some(ChildEvent::Progress(fraction)) => {
                    events.progress.send_replace(fraction);
                }
                Some(ChildEvent::Partial(segment)) => {
                    let _ = events.partial.send(segment);
                }
                Some(ChildEvent::Done(output)) => {
                    self.answered = true;
                    return Ok(output);
                }
                Some(ChildEvent::Failed(failure)) => {
                    self.answered = true;
                    return Err(failure);
                }
                None => return Err(self.child.why_over()),
            }
        }
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        if self.answered {
            self.child.calls.close(self.id);
        } else if self.child.calls.cancel(self.id) {
            self.child.kill.cancel();
        } else {
            let _ = self.child.commands.send(ChildCommand::Cancel { call: self.id });
        }
    }
}

/// The task that reads from and writes to a child as long as it runs.
struct Supervisor {
    child: Child,
    stdin: Option<ChildStdin>,
    requested: mpsc::UnboundedReceiver<ChildCommand>,
    lines: Lines<BufReader<ChildStdout>>,
    tail: JoinHandle<String>,
    calls: Arc<Calls>,
    kill: CancellationToken,
}

impl Supervisor {
    /// Passes commands and messages on until the child has ended.
    async fn run(mut self) {
        loop {
            tokio::select! {
                command = self.requested.recv(), if self.stdin.is_some() => match command {
                    Some(command) => self.send(&command).await,
                    None => self.stdin = None,
                },
                line = self.lines.next_line() => match line {
                    Ok(Some(line)) => self.receive(&line),
                    _ => break,
                },
                () = self.kill.cancelled() => break,
            }
        }
        if self.kill.is_cancelled()
            && let Err(error) = self.child.start_kill()
        {
            tracing::warn!(%error, "cannot kill a child");
        }
        drop(self.stdin);
        let why = match self.child.wait().await {
            Ok(status) => verdict(status, &self.tail.await.unwrap_or_default()),
            Err(error) => error.into(),
        };
        self.calls.end(why);
    }

    async fn send(&mut self, command: &ChildCommand) {
        // Serialisation cannot fail: the types hold texts and numbers only.
        let mut line = serde_json::to_vec(command).unwrap_or_default();
        line.push(b'\n');
        if let Some(stdin) = &mut self.stdin {
            // The child reads at once, whatever it runs. The end of one that died is seen on its output.
            let _ = stdin.write_all(&line).await;
        }
    }

    fn receive(&self, line: &str) {
        if let Ok(message) = serde_json::from_str(line) {
            self.calls.deliver(message);
        } else {
            tracing::debug!(line, "a native library wrote to standard output");
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
    use std::process::Stdio;

    use super::*;
    use crate::child::protocol::{ChildMessage, FileTask, ResourceLimits};

    #[test]
    fn a_crash_and_an_exceeded_limit_have_different_codes() {
        let crash = ExitStatus::from_raw(11);
        assert_eq!(verdict(crash, "").code, FailureCode::ChildCrashed);
        let exceeded = ExitStatus::from_raw(Signal::XCPU.as_raw());
        assert_eq!(verdict(exceeded, "").code, FailureCode::ResourceLimit);
    }

    /// A child as a shell script: `$line` is the command.
    fn child(script: &str) -> Arc<Supervised> {
        let mut command = Command::new("sh");
        let reading = format!("while read -r line; do {script}; done");
        command.arg("-c").arg(reading);
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Supervised::supervise(command).unwrap()
    }

    fn request() -> ChildRequest {
        let limits = ResourceLimits { memory_bytes: 0, cpu_seconds: 0, file_bytes: 0 };
        let task = FileTask::Written { document: "a".into(), name: "a".into(), max_bytes: 0 };
        ChildRequest { limits, access: task.access(), task: ChildTask::File(task) }
    }

    fn events() -> ChildEvents {
        ChildEvents { progress: watch::channel(0.0).0, partial: mpsc::unbounded_channel().0 }
    }

    /// The result of a call, as the script of a child.
    fn fails(call: CallId, detail: &str) -> String {
        let event = ChildEvent::Failed(Failure::internal(detail));
        format!("echo '{}'", serde_json::to_string(&ChildMessage { call, event }).unwrap())
    }

    #[tokio::test]
    async fn each_of_two_calls_gets_its_result() {
        let (to_first, to_second) = (fails(1, "first"), fails(2, "second"));
        let script = format!(r#"case "$line" in *'"call":2'*) {to_second}; {to_first};; esac"#);
        let child = child(&script);
        let events = events();
        let (first, second) = (child.call().unwrap(), child.call().unwrap());
        let (first, second) =
            tokio::join!(first.ask(request(), &events), second.ask(request(), &events));
        assert_eq!(first.unwrap_err().detail, "first");
        assert_eq!(second.unwrap_err().detail, "second");
        assert!(child.idle_since().is_some() && !child.is_over());
        child.end().await;
    }

    #[tokio::test]
    async fn a_crash_ends_all_calls() {
        let child =
            child(r#"case "$line" in *'"call":2'*) echo 'no luck' >&2; kill -SEGV $$;; esac"#);
        let events = events();
        let (first, second) = (child.call().unwrap(), child.call().unwrap());
        let answers = tokio::join!(first.ask(request(), &events), second.ask(request(), &events));
        for failure in [answers.0.unwrap_err(), answers.1.unwrap_err()] {
            assert_eq!(failure.code, FailureCode::ChildCrashed);
            assert!(failure.detail.contains("no luck"), "{failure}");
        }
        assert!(child.is_over() && child.call().is_err());
    }

    #[tokio::test]
    async fn cancelling_one_of_two_calls_keeps_the_other() {
        let script =
            format!(r#"case "$line" in *cancel*'"call":1'*) {};; esac"#, fails(2, "second"));
        let child = child(&script);
        let events = events();
        let (first, second) = (child.call().unwrap(), child.call().unwrap());
        drop(first);
        assert_eq!(second.ask(request(), &events).await.unwrap_err().detail, "second");
        child.end().await;
    }

    #[tokio::test]
    async fn cancelling_the_only_call_kills_the_child() {
        let child = child("exec sleep 600");
        let (call, events) = (child.call().unwrap(), events());
        let asking = call.ask(request(), &events);
        assert!(tokio::time::timeout(Duration::from_millis(200), asking).await.is_err());
        assert!(child.call().is_err(), "no call is opened on it");
        child.end().await;
    }
}
