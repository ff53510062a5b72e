//! Rounds: what a branch asks its activists for, by when, and how each of them stands.

use chrono::{DateTime, Utc};

use super::branch::BranchPath;
use super::ids::{PersonId, ReportId, RoundId};
use super::names::names;
use super::report::{Period, ReportKind, ReportState};

/// What a reviewer asks of the activists of a branch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// The id.
    pub id: RoundId,
    /// Whom it is for: the activists of this branch and of all below it.
    pub branch: BranchPath,
    /// What it is called.
    pub title: String,
    /// The quarter that it is for.
    pub period: Period,
    /// The kinds of reports that count; none: all.
    pub kinds: Vec<ReportKind>,
    /// What to do, in words.
    pub instructions: String,
    /// The longest video, in seconds; `None`: as long as the settings allow.
    pub max_seconds: Option<u32>,
    /// When reports are due.
    pub deadline: DateTime<Utc>,
    /// Since when nothing can be handed in any more.
    pub closed_at: Option<DateTime<Utc>>,
    /// Grows with each change.
    pub revision: u32,
    /// When it was opened.
    pub created_at: DateTime<Utc>,
}

impl Round {
    /// Whether a report of this kind counts.
    pub fn takes(&self, kind: ReportKind) -> bool {
        self.kinds.is_empty() || self.kinds.contains(&kind)
    }
}

/// Another rule for one person.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct RoundException {
    /// A later deadline.
    pub extended_to: Option<DateTime<Utc>>,
    /// Whether nothing is asked of them.
    pub excused: bool,
    /// Why.
    pub reason: String,
}

/// How somebody stands in a round.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Standing {
    /// They have time to hand in.
    Due,
    /// The deadline has passed, and nothing is handed in.
    Overdue,
    /// It was handed in in time.
    Done,
    /// It was handed in after the deadline.
    Late,
    /// It was returned, and has to be handed in again.
    Returned,
    /// Nothing is asked of them.
    Excused,
}

impl Standing {
    /// Whether something is to be handed in: who owes nothing is not reminded.
    pub const fn is_owing(self) -> bool {
        matches!(self, Self::Due | Self::Overdue | Self::Returned)
    }
}

names!(Standing, "standing in a round", {
    Due = "due",
    Overdue = "overdue",
    Done = "done",
    Late = "late",
    Returned = "returned",
    Excused = "excused",
});

impl Standing {
    /// Of somebody whose report for the round, if there is one, has this state and was first handed in then.
    pub fn of(
        deadline: DateTime<Utc>,
        exception: &RoundException,
        report: Option<(ReportState, DateTime<Utc>)>,
        now: DateTime<Utc>,
    ) -> Self {
        let deadline = exception.extended_to.map_or(deadline, |later| later.max(deadline));
        match report {
            Some((ReportState::Returned, _)) => Self::Returned,
            Some((state, at)) if !matches!(state, ReportState::Draft | ReportState::Withdrawn) => {
                if at <= deadline {
                    Self::Done
                } else {
                    Self::Late
                }
            }
            _ if exception.excused => Self::Excused,
            _ if now <= deadline => Self::Due,
            _ => Self::Overdue,
        }
    }

    /// Whether somebody still has to hand in.
    pub const fn owes(self) -> bool {
        matches!(self, Self::Due | Self::Overdue | Self::Returned)
    }
}

/// Somebody of whom a round asks something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Participant {
    /// The person.
    pub person: PersonId,
    /// The name that others see.
    pub display_name: String,
    /// The student number.
    pub number: Option<String>,
    /// The branch in which they are activists: the first, if there are several.
    pub branch: BranchPath,
    /// The rule for them.
    pub exception: RoundException,
    /// Their report for it.
    pub report: Option<ReportId>,
    /// How they stand.
    pub standing: Standing,
}

#[cfg(test)]
mod tests {
    use chrono::TimeDelta;

    use super::*;

    #[test]
    fn a_standing_follows_from_deadline_exception_and_report() {
        use ReportState::{Accepted, Draft, InReview, Returned, Submitted, Withdrawn};
        let deadline = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let (before, after) = (deadline - TimeDelta::hours(1), deadline + TimeDelta::hours(1));
        let none = RoundException::default();
        let excused = RoundException { excused: true, ..RoundException::default() };
        let extended = RoundException {
            extended_to: Some(deadline + TimeDelta::days(2)),
            ..RoundException::default()
        };
        // An extension is never a shortening.
        let earlier = RoundException {
            extended_to: Some(deadline - TimeDelta::days(2)),
            ..RoundException::default()
        };
        for (exception, report, now, expected) in [
            (&none, None, before, Standing::Due),
            (&none, None, deadline, Standing::Due),
            (&none, None, after, Standing::Overdue),
            (&none, Some((Draft, before)), after, Standing::Overdue),
            (&none, Some((Withdrawn, before)), before, Standing::Due),
            (&none, Some((Submitted, before)), after, Standing::Done),
            (&none, Some((InReview, after)), after, Standing::Late),
            (&none, Some((Accepted, deadline)), after, Standing::Done),
            (&none, Some((Returned, before)), after, Standing::Returned),
            (&excused, None, after, Standing::Excused),
            (&excused, Some((Submitted, before)), after, Standing::Done),
            (&extended, None, after, Standing::Due),
            (&extended, Some((Submitted, after)), after, Standing::Done),
            (&earlier, None, before, Standing::Due),
        ] {
            let standing = Standing::of(deadline, exception, report, now);
            assert_eq!(standing, expected, "{exception:?} {report:?} {now}");
        }
    }
}
