//! A thought report: what a person owes and hands in, once or again after it was returned.

use std::str::FromStr;

use chrono::{DateTime, Utc};

use super::branch::BranchPath;
use super::ids::{PersonId, ReportId, RoundId, SubmissionId};
use super::names::names;
use super::submission::SubmissionState;

/// The life cycle of a report. How far the processing of what was handed in is, the
/// [submission](super::submission::SubmissionState) tells.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ReportState {
    /// Nothing is handed in yet.
    Draft,
    /// A submission is handed in.
    Submitted,
    /// A reviewer has begun to read it.
    InReview,
    /// A reviewer has accepted it.
    Accepted,
    /// A reviewer has returned it with reasons; another submission may follow.
    Returned,
    /// The author has taken it back.
    Withdrawn,
}

names!(ReportState, "state of a report", {
    Draft = "draft",
    Submitted = "submitted",
    InReview = "in_review",
    Accepted = "accepted",
    Returned = "returned",
    Withdrawn = "withdrawn",
});

impl ReportState {
    /// Whether a report may go from this state to `next`.
    pub const fn may_become(self, next: Self) -> bool {
        use ReportState::{Accepted, Draft, InReview, Returned, Submitted, Withdrawn};
        matches!(
            (self, next),
            (Draft | Returned, Submitted | Withdrawn)
                // Submitted to Submitted: another file in place of one that failed.
                | (Submitted, Submitted | InReview | Withdrawn)
                | (InReview, Accepted | Returned | Submitted)
                // A decision can be reopened.
                | (Accepted, InReview)
                | (Withdrawn, Draft | Submitted)
        )
    }

    /// Whether the author may change the report and make another submission of it, while the current
    /// one is in this state: nobody reads it yet, it was returned, or its file was no good.
    pub const fn is_open(self, current: Option<SubmissionState>) -> bool {
        match self {
            Self::Draft | Self::Returned | Self::Withdrawn => true,
            Self::Submitted => matches!(current, Some(SubmissionState::Failed)),
            Self::InReview | Self::Accepted => false,
        }
    }
}

/// What a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ReportKind {
    /// Why somebody wants to join (入党动机).
    Motive,
    /// What somebody has come to understand (思想认识).
    Understanding,
    /// What somebody has studied (学习体会).
    Study,
    /// What somebody took part in (活动心得).
    Activity,
    /// The oath (入党誓词).
    Oath,
    /// A meeting of the branch (组织生活).
    Meeting,
    /// Anything else.
    #[default]
    Other,
}

names!(ReportKind, "kind of report", {
    Motive = "motive",
    Understanding = "understanding",
    Study = "study",
    Activity = "activity",
    Oath = "oath",
    Meeting = "meeting",
    Other = "other",
});

/// The quarter that a report is for, such as `2026Q4`; empty if it is for none.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Period(String);

/// A period in another form than `2026Q4`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a period is a year and a quarter, such as 2026Q4")]
pub struct InvalidPeriod;

impl Period {
    /// The period as text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for Period {
    type Err = InvalidPeriod;

    fn from_str(text: &str) -> Result<Self, InvalidPeriod> {
        match text.as_bytes() {
            [] => Ok(Self::default()),
            [b'2', year @ .., b'Q', b'1'..=b'4']
                if year.len() == 3 && year.iter().all(u8::is_ascii_digit) =>
            {
                Ok(Self(text.to_owned()))
            }
            _ => Err(InvalidPeriod),
        }
    }
}

/// What a reader sees of a report's life: how far processing is, as long as nobody reviews it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum VisibleState {
    /// Nothing is handed in yet.
    Draft,
    /// It is handed in, and work on it has not begun.
    Submitted,
    /// It is worked on.
    Processing,
    /// It can be read.
    Ready,
    /// Processing failed; another file is needed.
    Failed,
    /// A reviewer has begun to read it.
    InReview,
    /// A reviewer has accepted it.
    Accepted,
    /// A reviewer has returned it with reasons.
    Returned,
    /// The author has taken it back.
    Withdrawn,
}

names!(VisibleState, "state of a report", {
    Draft = "draft",
    Submitted = "submitted",
    Processing = "processing",
    Ready = "ready",
    Failed = "failed",
    InReview = "in_review",
    Accepted = "accepted",
    Returned = "returned",
    Withdrawn = "withdrawn",
});

impl VisibleState {
    /// Of a report whose current submission is in this state.
    pub const fn of(report: ReportState, submission: Option<SubmissionState>) -> Self {
        match (report, submission) {
            (ReportState::Draft, _) => Self::Draft,
            (ReportState::InReview, _) => Self::InReview,
            (ReportState::Accepted, _) => Self::Accepted,
            (ReportState::Returned, _) => Self::Returned,
            (ReportState::Withdrawn, _) => Self::Withdrawn,
            (ReportState::Submitted, None | Some(SubmissionState::Submitted)) => Self::Submitted,
            (ReportState::Submitted, Some(SubmissionState::Processing)) => Self::Processing,
            (ReportState::Submitted, Some(SubmissionState::Ready)) => Self::Ready,
            (ReportState::Submitted, Some(SubmissionState::Failed)) => Self::Failed,
        }
    }
}

/// A report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    /// Its id.
    pub id: ReportId,
    /// What the activist calls it; may be empty.
    pub title: String,
    /// Who speaks; may be empty.
    pub speaker: String,
    /// Whose it is; `None` for one from before there were accounts.
    pub author: Option<PersonId>,
    /// The author's display name.
    pub author_name: Option<String>,
    /// The branch that it is handed in to.
    pub branch: BranchPath,
    /// The round that it is for.
    pub round: Option<RoundId>,
    /// What it is about.
    pub kind: ReportKind,
    /// The quarter that it is for.
    pub period: Period,
    /// The written report as typed so far; empty if there is none, or a file instead.
    pub written_text: String,
    /// Language of the speech that is asked for: an ISO 639-1 code or `auto`.
    pub language: String,
    /// Where it is in its life cycle.
    pub state: ReportState,
    /// Grows with each change of what its author writes.
    pub revision: u32,
    /// The submission that is being made: its files have this in their names.
    pub draft_submission: Option<SubmissionId>,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The submission that counts: the one handed in last.
    pub current_submission: Option<SubmissionId>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn periods_are_quarters() {
        for good in ["2026Q4", "2030Q1", ""] {
            assert_eq!(good.parse::<Period>().unwrap().as_str(), good);
        }
        for bad in ["2026Q5", "2026q4", "26Q4", "2026", "1999Q1", "2026Q4 "] {
            assert_eq!(bad.parse::<Period>(), Err(InvalidPeriod), "{bad}");
        }
    }

    #[test]
    fn a_decision_needs_a_review() {
        use ReportState::{Accepted, Draft, InReview, Returned, Submitted};
        for state in [Draft, Submitted, Returned] {
            assert!(!state.may_become(Accepted), "{state}");
        }
        assert!(InReview.may_become(Accepted) && InReview.may_become(Returned));
        assert!(Returned.may_become(Submitted), "it is handed in again");
        assert!(!Draft.may_become(InReview));
    }
}
