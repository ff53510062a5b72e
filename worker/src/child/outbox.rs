//! The messages of a child to its parent.

use std::io::{Stdout, Write, stdout};
use std::sync::atomic::{AtomicUsize, Ordering};

use huibao_models::domain::failure::Failure;

use super::protocol::{CallId, ChildEvent, ChildMessage, ChildOutput};

/// Writes messages to standard output and counts the open requests.
pub struct Outbox {
    stdout: Stdout,
    open: AtomicUsize,
}

impl Outbox {
    /// An outbox without open requests.
    pub fn new() -> Self {
        Self { stdout: stdout(), open: AtomicUsize::new(0) }
    }

    /// Counts a request that will be answered.
    pub fn expect_answer(&self) {
        self.open.fetch_add(1, Ordering::SeqCst);
    }

    /// Whether a request has no answer yet.
    pub fn has_open_requests(&self) -> bool {
        self.open.load(Ordering::SeqCst) > 0
    }

    /// Sends an event of a request. A parent that does not read any more also closes standard input, which
    /// ends this process.
    pub fn send(&self, call: CallId, event: ChildEvent) {
        // Serialisation cannot fail: the types hold texts and numbers only.
        let Ok(mut line) = serde_json::to_vec(&ChildMessage { call, event }) else { return };
        line.push(b'\n');
        let mut out = self.stdout.lock();
        let _ = out.write_all(&line).and_then(|()| out.flush());
    }

    /// Sends the result of a request.
    pub fn answer(&self, call: CallId, output: Result<ChildOutput, Failure>) {
        let event = match output {
            Ok(output) => ChildEvent::Done(output),
            Err(failure) => ChildEvent::Failed(failure),
        };
        // Before it is sent: the parent may close standard input as soon as it has received it.
        self.open.fetch_sub(1, Ordering::SeqCst);
        self.send(call, event);
    }
}
