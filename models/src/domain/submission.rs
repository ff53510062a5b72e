//! A submission: one handed-in version of a report, with its files, its texts and the state of its
//! processing. The pipeline works on submissions.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::failure::Failure;
use super::ids::{ReportId, SubmissionId, TranscriptId};
use super::job::JobState;
use super::media::{MediaInfo, Rendition};
use super::names::names;

/// How far the processing of a submission is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum SubmissionState {
    /// Stored; no stage has started.
    Submitted,
    /// At least one stage has started.
    Processing,
    /// Every stage was done: it can be read. It stays so, also while it is recognised again.
    Ready,
    /// A stage is dead. What other stages made is kept and shown.
    Failed,
}

names!(SubmissionState, "state of a submission", {
    Submitted = "submitted",
    Processing = "processing",
    Ready = "ready",
    Failed = "failed",
});

impl SubmissionState {
    /// Whether a submission may go from this state to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        use SubmissionState::{Failed, Processing, Ready, Submitted};
        matches!(
            (self, next),
            (Submitted, Processing | Failed)
                | (Processing, Ready | Failed)
                // A dead job is run again: the first one, or a later one.
                | (Failed, Submitted | Processing)
        )
    }

    /// The state that the jobs of a submission add up to, until it is ready.
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

    /// Whether a submission in this state, with jobs in those states, may be recognised again: it can
    /// be read, and nothing works on it. A job may be dead: an earlier recognition failed.
    pub fn may_be_recognized_again(self, jobs: impl IntoIterator<Item = JobState>) -> bool {
        let at_work = |state| matches!(state, JobState::Queued | JobState::Running);
        self == Self::Ready && !jobs.into_iter().any(at_work)
    }
}

/// A submission.
#[derive(Debug, Clone)]
pub struct Submission {
    /// Its id. Its files are stored under it.
    pub id: SubmissionId,
    /// The report it is a version of.
    pub report_id: ReportId,
    /// Its number within the report; 1 is the first.
    pub version: u32,
    /// Language asked for: an ISO 639-1 code or `auto`.
    pub language: String,
    /// How far its processing is.
    pub state: SubmissionState,
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
    /// The transcript version that readers see. A recognition becomes it only if no person has
    /// corrected the one before.
    pub current_transcript: Option<TranscriptId>,
    /// Whether a quick model wrote the newest recognition, and a better one is still to hear the report.
    pub awaits_second_pass: bool,
}

/// The text inside a written report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct WrittenContent {
    /// Paragraphs separated by newlines.
    pub text: String,
    /// True for a scanned PDF: there are pages, but no text in them.
    pub no_text_layer: bool,
}

/// What a stored file is to its submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FileKind {
    /// The video as given.
    Original,
    /// The written report as given, a document.
    Written,
    /// A photo of a page of the written report as given. There can be several, in the order of their rows.
    Page,
    /// A page as readers see it, upright and as JPEG: the first is made of the first [`Self::Page`].
    PageImage,
    /// 16 kHz mono audio for recognition.
    Audio,
    /// A still picture of the video.
    Poster,
    /// How loud the sound is, a byte for each 50 ms: the square root of the largest amplitude, 255 for full scale.
    Peaks,
    /// The web-playable MP4.
    Rendition,
    /// A file of the archive bag; its name is the path inside the bag.
    Bag,
}

names!(FileKind, "kind of file", {
    Original = "original",
    Written = "written",
    Page = "page",
    PageImage = "page_image",
    Audio = "audio",
    Poster = "poster",
    Peaks = "peaks",
    Rendition = "rendition",
    Bag = "bag",
});

/// A stored file and its checksum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// What it is to its submission.
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
    fn a_submission_is_as_far_as_its_jobs() {
        let state = SubmissionState::from_jobs;
        assert_eq!(state([Queued, Waiting, Waiting, Waiting]), SubmissionState::Submitted);
        assert_eq!(state([Running, Waiting, Waiting, Waiting]), SubmissionState::Processing);
        assert_eq!(state([Done, Queued, Queued, Waiting]), SubmissionState::Processing);
        assert_eq!(state([Done, Done, Done, Done]), SubmissionState::Ready);
        assert_eq!(state([Done, Dead, Done, Waiting]), SubmissionState::Failed);
    }

    #[test]
    fn only_what_can_be_read_and_is_idle_is_recognized_again() {
        let ready = |states| SubmissionState::Ready.may_be_recognized_again(states);
        assert!(ready([Done, Done, Done, Done]));
        assert!(ready([Done, Done, Dead, Waiting]));
        assert!(ready([Done, Done, Done, Dead]));
        assert!(!ready([Done, Done, Queued, Waiting]));
        assert!(!ready([Done, Done, Done, Running]));
        assert!(!SubmissionState::Failed.may_be_recognized_again([Done, Done, Dead, Waiting]));
    }

    #[test]
    fn ready_is_final() {
        for next in SubmissionState::ALL {
            assert!(!SubmissionState::Ready.may_become(*next));
        }
        assert!(SubmissionState::Failed.may_become(SubmissionState::Processing));
    }
}
