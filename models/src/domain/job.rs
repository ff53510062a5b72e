//! The life of a job. A job is a row that a worker claims, runs and ends; which kinds there are, the
//! worker knows.

use std::fmt;
use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::failure::{Failure, FailureClass};
use super::ids::{JobId, SubmissionId};
use super::names::names;

/// How urgent a job is. Each urgency has a queue of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Urgency {
    /// Short, and a person waits for it.
    Highest,
    /// Short, and ends something.
    High,
    /// Readers wait for it.
    Normal,
    /// Long, and it can wait for others.
    Low,
    /// Nobody waits for it.
    Background,
}

names!(Urgency, "urgency", {
    Highest = "highest",
    High = "high",
    Normal = "normal",
    Low = "low",
    Background = "background",
});

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum JobState {
    /// A job it needs is not done yet.
    Waiting,
    /// May be claimed once its `not_before` has passed.
    Queued,
    /// Claimed under a lease.
    Running,
    /// Its results are committed.
    Done,
    /// Will not be tried again by itself; it holds the reason.
    Dead,
}

names!(JobState, "state of a job", {
    Waiting = "waiting",
    Queued = "queued",
    Running = "running",
    Done = "done",
    Dead = "dead",
});

impl JobState {
    /// Whether a job may go from this state to `next`. Done and dead are left only because a person
    /// asks for it: a dead job is replayed, or a submission that can be read is recognised again, and
    /// its archive waits for that.
    pub const fn may_become(self, next: Self) -> bool {
        use JobState::{Dead, Done, Queued, Running, Waiting};
        matches!(
            (self, next),
            // Waiting to Running: whoever ended what it waited for continues with it.
            (Waiting, Queued | Running)
                | (Queued, Running)
                // Running to Running: a lease ran out and another worker claims the job.
                | (Running, Running | Done | Queued | Dead)
                | (Done | Dead, Queued | Waiting)
        )
    }
}

/// A job that is to be done.
#[derive(Debug, Clone, PartialEq)]
pub struct NewJob {
    /// The name of its kind: lowercase letters, digits and hyphens.
    pub kind: &'static str,
    /// Which queue it waits in.
    pub urgency: Urgency,
    /// The submission whose pipeline it is a stage of.
    pub submission: Option<SubmissionId>,
    /// The kinds of the jobs of the same submission that must be done before it.
    pub needs: Vec<&'static str>,
    /// What its kind makes of it.
    pub payload: Option<Value>,
    /// At most one job has this key: a second one is not added.
    pub unique_key: Option<String>,
    /// Not to be run before; `None` is at once.
    pub not_before: Option<DateTime<Utc>>,
}

impl NewJob {
    /// A job of this kind that depends on nothing.
    pub const fn new(kind: &'static str, urgency: Urgency) -> Self {
        Self {
            kind,
            urgency,
            submission: None,
            needs: Vec::new(),
            payload: None,
            unique_key: None,
            not_before: None,
        }
    }

    /// Makes this the only job of its kind with this key.
    #[must_use]
    pub fn unique(mut self, key: impl fmt::Display) -> Self {
        self.unique_key = Some(format!("{}/{key}", self.kind));
        self
    }
}

/// A job as it stands in the database.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: JobId,
    /// The name of its kind.
    pub kind: String,
    /// Which queue it waits in.
    pub urgency: Urgency,
    /// The submission whose pipeline it is a stage of.
    pub submission: Option<SubmissionId>,
    /// What its kind makes of it.
    pub payload: Option<Value>,
    /// Where it is in its life.
    pub state: JobState,
    /// How many times it was started and not handed back; 0 before the first.
    pub attempt: u32,
    /// Fencing token: grows with every claim, and only its latest holder may commit.
    pub token: i64,
    /// Who holds it, or held it last.
    pub worker: Option<String>,
    /// Fraction done, 0 to 1, of the running attempt.
    pub progress: f32,
    /// When the running attempt was claimed.
    pub started_at: Option<DateTime<Utc>>,
    /// When it became done or dead.
    pub finished_at: Option<DateTime<Utc>>,
    /// Milliseconds that the successful attempt worked, without waiting.
    pub work_ms: Option<u64>,
    /// Why the last attempt failed.
    pub error: Option<Failure>,
}

impl Job {
    /// What a message about it says now.
    pub const fn message(&self) -> JobMessage {
        JobMessage { job_id: self.id, urgency: self.urgency, token: self.token }
    }
}

/// What a message tells: enough to find the job, and nothing else. The row is the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct JobMessage {
    /// The job that may be ready.
    pub job_id: JobId,
    /// Chooses the queue.
    pub urgency: Urgency,
    /// The job's fencing token when this was written. A claim raises it, so a message that comes
    /// twice, late or out of order no longer fits its job.
    pub token: i64,
}

/// How often and how soon a failed job is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all before a job is dead.
    pub max_attempts: u32,
    /// Delay before the second attempt; it doubles for each further one.
    pub first_delay: Duration,
    /// The longest delay.
    pub max_delay: Duration,
}

impl Default for RetryPolicy {
    fn default() -> Self {
        Self {
            max_attempts: 4,
            first_delay: Duration::from_secs(2),
            max_delay: Duration::from_mins(5),
        }
    }
}

/// What becomes of a job whose attempt failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// Try again after this delay.
    RetryAfter(Duration),
    /// Give up and keep the reason.
    Dead,
}

impl RetryPolicy {
    /// Decides about attempt number `attempt` (1 is the first) that ended with `failure`.
    pub fn judge(&self, attempt: u32, failure: &Failure) -> Verdict {
        match failure.code.class() {
            // Nothing will change by itself: a person must send another file or install something.
            FailureClass::Permanent | FailureClass::Unavailable => Verdict::Dead,
            FailureClass::Internal | FailureClass::Transient if attempt >= self.max_attempts => {
                Verdict::Dead
            }
            FailureClass::Internal | FailureClass::Transient => {
                let doublings = attempt.saturating_sub(1).min(16);
                let delay = self.first_delay.saturating_mul(1 << doublings);
                Verdict::RetryAfter(delay.min(self.max_delay))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::failure::FailureCode;

    #[test]
    fn what_has_ended_is_only_begun_anew() {
        use JobState::{Dead, Done, Queued, Running, Waiting};
        for next in [Waiting, Queued, Running, Done, Dead] {
            let anew = matches!(next, Queued | Waiting);
            assert_eq!((Done.may_become(next), Dead.may_become(next)), (anew, anew));
        }
        assert!(Waiting.may_become(Running) && !Waiting.may_become(Done));
        assert!(!Queued.may_become(Done));
        assert!(Running.may_become(Running));
    }

    #[test]
    fn bad_input_is_never_retried() {
        let policy = RetryPolicy::default();
        let bad = Failure::new(FailureCode::NotMedia, "text");
        assert_eq!(policy.judge(1, &bad), Verdict::Dead);
    }

    #[test]
    fn retries_back_off_and_end() {
        let policy = RetryPolicy {
            max_attempts: 4,
            first_delay: Duration::from_secs(2),
            max_delay: Duration::from_secs(5),
        };
        let full = Failure::new(FailureCode::DiskFull, "no space");
        let verdicts: Vec<_> = (1..=4).map(|attempt| policy.judge(attempt, &full)).collect();
        assert_eq!(
            verdicts,
            [
                Verdict::RetryAfter(Duration::from_secs(2)),
                Verdict::RetryAfter(Duration::from_secs(4)),
                Verdict::RetryAfter(Duration::from_secs(5)),
                Verdict::Dead
            ]
        );
    }
}
