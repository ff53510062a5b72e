//! A thought report: what was handed in and how far it is. Pure: no clock, no database.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::domain::job::JobState;
use crate::domain::media::{MediaInfo, Rendition};

/// How far a report is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum ReportState {
    /// Stored; no stage has started.
    Submitted,
    /// At least one stage has started.
    Processing,
    /// Every stage was done: it can be read. It stays so, also while it is recognised again.
    Ready,
    /// A stage is dead. What other stages made is kept and shown.
    Failed,
}

impl ReportState {
    /// Whether a report may go from this state to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        use ReportState::{Failed, Processing, Ready, Submitted};
        matches!(
            (self, next),
            (Submitted, Processing | Failed) | (Processing, Ready | Failed) | (Failed, Processing)
        )
    }

    /// The state that a report's jobs add up to, until it is ready.
    pub fn from_jobs(states: impl IntoIterator<Item = JobState>) -> Self {
        let (mut all_done, mut started, mut dead) = (true, false, false);
        for state in states {
            all_done &= state == JobState::Done;
            started |= matches!(state, JobState::Running | JobState::Done);
            dead |= state == JobState::Dead;
        }
        match (dead, all_done, started) {
            (true, ..) => Self::Failed,
            (_, true, _) => Self::Ready,
            (.., true) => Self::Processing,
            _ => Self::Submitted,
        }
    }

    /// Whether a report in this state, with jobs in those states, may be recognised again: it can
    /// be read, and nothing works on it. A job may be dead: an earlier time of doing so failed.
    pub fn may_be_recognized_again(self, jobs: impl IntoIterator<Item = JobState>) -> bool {
        let at_work = |state| matches!(state, JobState::Queued | JobState::Running);
        self == Self::Ready && !jobs.into_iter().any(at_work)
    }
}

/// A report row.
#[derive(Debug, Clone)]
pub struct Report {
    /// Its id: a version 7 UUID, so ids sort by time of creation.
    pub id: Uuid,
    /// What the activist calls it; may be empty.
    pub title: String,
    /// Who speaks; may be empty.
    pub speaker: String,
    /// Language asked for: an ISO 639-1 code or `auto`.
    pub language: String,
    /// How far it is.
    pub state: ReportState,
    /// When it was handed in.
    pub created_at: DateTime<Utc>,
    /// What ingest learned about the video.
    pub media: Option<MediaInfo>,
    /// What transcode made.
    pub rendition: Option<Rendition>,
    /// The text of the written report, once ingest has read it.
    pub written: Option<WrittenContent>,
    /// Why it failed, if it did.
    pub failure: Option<Failure>,
}

/// The text inside a written report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenContent {
    /// Paragraphs separated by newlines.
    pub text: String,
    /// True for a scanned PDF: there are pages, but no text in them.
    pub no_text_layer: bool,
}

/// What a stored file is to its report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, sqlx::Type)]
#[serde(rename_all = "snake_case")]
#[sqlx(type_name = "TEXT", rename_all = "snake_case")]
pub enum FileKind {
    /// The video as given.
    Original,
    /// The written report as given.
    Written,
    /// 16 kHz mono audio for recognition.
    Audio,
    /// A still picture of the video.
    Poster,
    /// The web-playable MP4.
    Rendition,
    /// A file of the archive bag; its name is the path inside the bag.
    Bag,
}

/// A stored file and its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// What it is to its report.
    pub kind: FileKind,
    /// Where it is in the storage.
    pub key: String,
    /// The name it was given with, or its path inside the bag.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;
    use JobState::{Dead, Done, Queued, Running, Waiting};

    #[test]
    fn a_report_is_as_far_as_its_jobs() {
        let state = ReportState::from_jobs;
        assert_eq!(state([Queued, Waiting, Waiting, Waiting]), ReportState::Submitted);
        assert_eq!(state([Running, Waiting, Waiting, Waiting]), ReportState::Processing);
        assert_eq!(state([Done, Queued, Queued, Waiting]), ReportState::Processing);
        assert_eq!(state([Done, Done, Done, Done]), ReportState::Ready);
        assert_eq!(state([Done, Dead, Done, Waiting]), ReportState::Failed);
    }

    #[test]
    fn only_what_can_be_read_and_rests_is_recognized_again() {
        let ready = |states| ReportState::Ready.may_be_recognized_again(states);
        assert!(ready([Done, Done, Done, Done]));
        assert!(ready([Done, Done, Dead, Waiting]));
        assert!(ready([Done, Done, Done, Dead]));
        assert!(!ready([Done, Done, Queued, Waiting]));
        assert!(!ready([Done, Done, Done, Running]));
        assert!(!ReportState::Failed.may_be_recognized_again([Done, Done, Dead, Waiting]));
    }

    #[test]
    fn ready_is_final_here() {
        for next in [ReportState::Submitted, ReportState::Processing, ReportState::Failed] {
            assert!(!ReportState::Ready.may_become(next));
        }
        assert!(ReportState::Failed.may_become(ReportState::Processing));
    }
}
