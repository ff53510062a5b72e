//! What reviewers and authors say about a report: decisions and comments. Huibao keeps them; it decides nothing
//! itself and computes no score.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::ids::{CommentId, PersonId, SubmissionId};
use super::names::names;
use super::report::ReportState;

/// What a reviewer decides about a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Verdict {
    /// It is accepted.
    Accept,
    /// It goes back to its author, with reasons.
    Return,
    /// An earlier decision no longer counts: it is reviewed again.
    Reopen,
}

names!(Verdict, "verdict", {
    Accept = "accept",
    Return = "return",
    Reopen = "reopen",
});

impl Verdict {
    /// What it makes of the report.
    pub const fn makes(self) -> ReportState {
        match self {
            Self::Accept => ReportState::Accepted,
            Self::Return => ReportState::Returned,
            Self::Reopen => ReportState::InReview,
        }
    }
}

/// A decision. None is ever changed; a later one takes its place.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Decision {
    /// What was decided.
    pub verdict: Verdict,
    /// Why, in words for the author; may be empty for an accepted report.
    pub reasons: String,
    /// Who decided.
    pub person: PersonId,
    /// Their display name.
    pub person_name: String,
    /// The submission that was read.
    pub submission: SubmissionId,
    /// The number of that submission.
    pub submission_version: u32,
    /// The number of the transcript version that was read.
    pub transcript_version: u32,
    /// Whether readers of that submission see another version by now.
    pub stale: bool,
    /// The questions of the rubric that nobody had answered then, in words.
    pub open_questions: Vec<String>,
    /// When.
    pub at: DateTime<Utc>,
}

/// What a comment is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Anchor {
    /// The report as a whole.
    Report,
    /// A time in the video.
    Time {
        /// Milliseconds from its start.
        ms: u64,
    },
    /// A sentence of the transcript, or a passage in it.
    Segment {
        /// The segment's id.
        segment: u32,
        /// Where it begins in the video, in milliseconds.
        ms: u64,
        /// What it said.
        quote: String,
    },
    /// A passage of the written report.
    Written {
        /// What it says.
        quote: String,
    },
}

/// A comment, or an answer to one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// Its id. Ids sort by time.
    pub id: CommentId,
    /// The submission that it is about.
    pub submission: SubmissionId,
    /// The comment that it answers; answers are not answered themselves.
    pub parent: Option<CommentId>,
    /// Who wrote it.
    pub person: PersonId,
    /// Their display name.
    pub person_name: String,
    /// What it says; empty once it is removed.
    pub text: String,
    /// What it is about; of an answer, what the comment is about that it answers.
    pub anchor: Anchor,
    /// Whether the author of the report sees it. An answer is seen by those who see what it answers.
    pub shared: bool,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was settled, for a comment that is no answer.
    pub resolved_at: Option<DateTime<Utc>>,
    /// When its writer removed it. It stays in its place if it was answered.
    pub removed_at: Option<DateTime<Utc>>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn verdicts_lead_from_a_review_and_back() {
        for verdict in [Verdict::Accept, Verdict::Return] {
            assert!(ReportState::InReview.may_become(verdict.makes()));
            assert!(!ReportState::Submitted.may_become(verdict.makes()), "nobody has read it");
        }
        assert!(ReportState::Accepted.may_become(Verdict::Reopen.makes()));
        assert!(
            !ReportState::Returned.may_become(Verdict::Reopen.makes()),
            "its author works on it"
        );
    }

    #[test]
    fn anchors_read_back_as_they_are_stored() {
        let segment = Anchor::Segment { segment: 3, ms: 1500, quote: "一".into() };
        for (anchor, json) in [
            (Anchor::Report, r#"{"kind":"report"}"#),
            (Anchor::Time { ms: 5 }, r#"{"kind":"time","ms":5}"#),
            (segment, r#"{"kind":"segment","segment":3,"ms":1500,"quote":"一"}"#),
        ] {
            assert_eq!(serde_json::to_string(&anchor).unwrap(), json);
            assert_eq!(serde_json::from_str::<Anchor>(json).unwrap(), anchor);
        }
    }
}
