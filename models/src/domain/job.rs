//! The stages of the pipeline and the life of one job. Pure: no clock, no database.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::failure::{Failure, FailureClass};

/// One step of the pipeline.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize, sqlx::Type,
)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum Stage {
    /// Probe, checksum, 16 kHz audio, poster, written text.
    Ingest,
    /// The web-playable rendition.
    Transcode,
    /// Speech to text.
    Transcribe,
    /// The `BagIt` bag.
    Archive,
}

impl Stage {
    /// All stages, in the order in which a reader thinks of them.
    pub const ALL: [Self; 4] = [Self::Ingest, Self::Transcode, Self::Transcribe, Self::Archive];

    /// All stages, the most urgent first. Ingest tells an activist at once that a file is no good;
    /// archive ends what is nearly done; text is what readers wait for.
    pub const BY_URGENCY: [Self; 4] =
        [Self::Ingest, Self::Archive, Self::Transcribe, Self::Transcode];

    /// The stages that must be done before this one may start.
    pub const fn needs(self) -> &'static [Self] {
        match self {
            Self::Ingest => &[],
            Self::Transcode | Self::Transcribe => &[Self::Ingest],
            Self::Archive => &[Self::Transcode, Self::Transcribe],
        }
    }

    /// The stages that wait for this one.
    pub fn unlocks(self) -> impl Iterator<Item = Self> {
        Self::ALL.into_iter().filter(move |stage| stage.needs().contains(&self))
    }

    /// The stage that whoever ends this one, as the last that it waited for, goes on with at once.
    /// Archive is short and ends the report; anything longer would keep more urgent jobs waiting.
    pub const fn leads_to(self) -> Option<Self> {
        match self {
            Self::Transcode | Self::Transcribe => Some(Self::Archive),
            Self::Ingest | Self::Archive => None,
        }
    }

    /// The stable name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Ingest => "ingest",
            Self::Transcode => "transcode",
            Self::Transcribe => "transcribe",
            Self::Archive => "archive",
        }
    }
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Where a job is in its life.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum JobState {
    /// A stage it needs is not done yet.
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

impl JobState {
    /// Whether a job may go from this state to `next`. Done and dead are left only because a person
    /// asks for it: a dead job is replayed, or a report that can be read is recognised again, and
    /// its archive waits for that.
    pub const fn may_become(self, next: Self) -> bool {
        use JobState::{Dead, Done, Queued, Running, Waiting};
        matches!(
            (self, next),
            // Waiting to Running: whoever ended what it waited for goes on with it.
            (Waiting, Queued | Running)
                | (Queued, Running)
                // Running to Running: a lease ran out and another worker claims the job.
                | (Running, Running | Done | Queued | Dead)
                | (Done | Dead, Queued | Waiting)
        )
    }
}

/// A job row.
#[derive(Debug, Clone)]
pub struct Job {
    /// Its id.
    pub id: Uuid,
    /// The report it works for.
    pub report_id: Uuid,
    /// Which step it is.
    pub stage: Stage,
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
    /// The model it recognises with, as it was named; `None` is the worker's own.
    pub model: Option<String>,
}

impl Job {
    /// What a message about it says now.
    pub fn message(&self) -> JobMessage {
        JobMessage { job_id: self.id, stage: self.stage, token: self.token }
    }
}

/// What a message holds: enough to find the job, and nothing else. The job table is the truth.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct JobMessage {
    /// The job that may be ready.
    pub job_id: Uuid,
    /// Which step it is: chooses the queue.
    pub stage: Stage,
    /// The job's fencing token when this was written. A claim raises it, so a message that comes
    /// twice, late or out of order no longer fits its job.
    pub token: i64,
}

/// How often and how soon a failed job is tried again.
#[derive(Debug, Clone, Copy)]
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
    fn transcode_and_transcribe_do_not_need_each_other() {
        assert_eq!(
            Stage::Ingest.unlocks().collect::<Vec<_>>(),
            [Stage::Transcode, Stage::Transcribe]
        );
        assert_eq!(Stage::Transcode.unlocks().collect::<Vec<_>>(), [Stage::Archive]);
        assert_eq!(Stage::Transcribe.unlocks().collect::<Vec<_>>(), [Stage::Archive]);
        assert_eq!(Stage::Archive.unlocks().count(), 0);
    }

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
