//! A thought report: what a person owes and hands in, once or again after it was returned.

use chrono::{DateTime, Utc};

use super::ids::{ReportId, SubmissionId};
use super::names::names;

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
    /// Where it is in its life cycle.
    pub state: ReportState,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// The submission that counts: the one handed in last.
    pub current_submission: Option<SubmissionId>,
}

#[cfg(test)]
mod tests {
    use super::*;

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
