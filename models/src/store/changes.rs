//! What has changed, for those who follow a report.
//!
//! A commit announces what it changed after it has committed, to followers in this process at once, and
//! to those in other processes soon (`remote`). An announcement is only a reason to look again:
//! followers read the rows, and look now and then without one, in case one is lost.

mod remote;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use tokio::sync::{Notify, broadcast};

use crate::domain::ids::{PersonId, ReportId, SubmissionId};

/// Announcements that a follower has not yet received. One that is slower looks again at everything.
const CAPACITY: usize = 1024;

/// Something that was changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A report's own row.
    Report(ReportId),
    /// A submission, its jobs, files or transcripts.
    Submission(SubmissionId),
    /// What a person is told.
    Person(PersonId),
}

/// Announcements of changes. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Changes {
    here: broadcast::Sender<Change>,
    outgoing: Arc<Outgoing>,
}

/// What other processes are still to be told.
#[derive(Debug, Default)]
struct Outgoing {
    /// Whether somebody tells them.
    shared: AtomicBool,
    changes: Mutex<BTreeSet<Change>>,
    more: Notify,
}

impl Default for Changes {
    fn default() -> Self {
        Self { here: broadcast::Sender::new(CAPACITY), outgoing: Arc::default() }
    }
}

impl Changes {
    /// Receives what is announced from now on.
    pub fn follow(&self) -> broadcast::Receiver<Change> {
        self.here.subscribe()
    }

    /// Announces changes that are committed.
    pub(super) fn announce(&self, changes: impl IntoIterator<Item = Change>) {
        let shared = self.outgoing.shared.load(Ordering::Relaxed);
        for change in changes {
            // Nobody follows: that is no error.
            let _ = self.here.send(change);
            if shared && self.outgoing.lock().insert(change) {
                self.outgoing.more.notify_one();
            }
        }
    }
}

impl Outgoing {
    fn lock(&self) -> MutexGuard<'_, BTreeSet<Change>> {
        // A set of ids is whole after each step, whoever panicked.
        self.changes.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
