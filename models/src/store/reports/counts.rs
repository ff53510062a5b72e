//! How many reports there are in which state.

use std::collections::BTreeMap;

use sqlx::FromRow;
use uuid::Uuid;

use super::list::{filter_of_any_state, visible_state};
use super::{ReportFilter, Reports};
use crate::domain::access::{ReportScope, Whose};
use crate::domain::branch::BranchPath;
use crate::domain::ids::RoundId;
use crate::domain::report::{ReportKind, VisibleState};
use crate::store::StoreError;
use crate::store::engine::fetch;
use crate::store::rows::{branch, count, named};
use crate::store::unit::Session;

/// How many reports are in each state; none are in one that is missing.
pub type ReportCounts = BTreeMap<VisibleState, u32>;

#[derive(FromRow)]
struct CountRow {
    state: String,
    reports: i64,
}

/// A report of somebody whose reports are few.
#[derive(FromRow)]
struct Single {
    state: String,
    branch: String,
}

/// Rows about the reports that a filter leaves, whatever their state. The statement's own values begin at `$6`.
macro_rules! rows {
    ($session:expr, $row:ty, [$($sql:expr),* $(,)?], $filter:expr, $not_of:expr $(, $bind:expr)* $(,)?) => {
        fetch!(
            $session.tx(),
            fetch_all,
            sqlx::query_as::<_, $row>(concat!($($sql),*)),
            $filter.kind.map(ReportKind::as_str),
            $filter.round.map(RoundId::uuid),
            $filter.branch.as_ref().map(BranchPath::key),
            $filter.branch.as_ref().map(BranchPath::end),
            $not_of
            $(, $bind)*
        )
    };
}

impl<S: Session> Reports<'_, S> {
    /// How many of the reports that a reader may see are in which state, and that a filter leaves but for its states.
    ///
    /// Those of a branch are counted in an index, so that a hundred thousand take a few milliseconds.
    pub async fn counts(
        &mut self,
        scope: &ReportScope,
        filter: &ReportFilter,
    ) -> Result<ReportCounts, StoreError> {
        let mut counts = ReportCounts::new();
        let mut branches = Vec::new();
        if matches!(filter.whose, Whose::All | Whose::Others) {
            // No report is in two of them.
            branches = BranchPath::outermost(scope.branches.clone());
            let not_of = (filter.whose == Whose::Others).then_some(scope.own.uuid());
            for within in &branches {
                self.count_within(within, filter, not_of, &mut counts).await?;
            }
        }
        for report in self.few(scope, filter).await? {
            let (state, of) = (named(&report.state)?, branch(&report.branch)?);
            let handed_in = !matches!(state, VisibleState::Draft | VisibleState::Withdrawn);
            let counted = handed_in && branches.iter().any(|within| within.contains(&of));
            if !counted {
                *counts.entry(state).or_default() += 1;
            }
        }
        Ok(counts)
    }

    /// Adds those that are handed in to a branch or below it.
    async fn count_within(
        &mut self,
        within: &BranchPath,
        filter: &ReportFilter,
        not_of: Option<Uuid>,
        counts: &mut ReportCounts,
    ) -> Result<(), StoreError> {
        let by_state = rows!(
            self.0,
            CountRow,
            [
                "SELECT state, count(*) AS reports FROM reports
                 WHERE branch >= $6 AND branch < $7 AND state NOT IN ('draft', 'withdrawn') AND ",
                filter_of_any_state!(),
                " GROUP BY state"
            ],
            filter,
            not_of,
            within.key(),
            within.end()
        )?;
        // Nearly all that are handed in can be read: the others are few, and have an index of their own. SQLite begins
        // with the first table of a cross join; it would begin with the reports.
        let unfinished = rows!(
            self.0,
            CountRow,
            [
                "SELECT unfinished.state AS state, count(*) AS reports
                 FROM submissions AS unfinished CROSS JOIN reports
                 WHERE reports.current_submission = unfinished.id
                   AND reports.id = unfinished.report_id
                   AND unfinished.state <> 'ready' AND reports.state = 'submitted'
                   AND branch >= $6 AND branch < $7 AND ",
                filter_of_any_state!(),
                " GROUP BY unfinished.state"
            ],
            filter,
            not_of,
            within.key(),
            within.end()
        )?;
        let mut not_ready = 0;
        for row in unfinished {
            not_ready += count(row.reports);
            *counts.entry(named(&row.state)?).or_default() += count(row.reports);
        }
        for row in by_state {
            let (state, reports) = match named(&row.state)? {
                VisibleState::Submitted => {
                    (VisibleState::Ready, count(row.reports).saturating_sub(not_ready))
                }
                other => (other, count(row.reports)),
            };
            *counts.entry(state).or_default() += reports;
        }
        counts.retain(|_, reports| *reports > 0);
        Ok(())
    }

    /// The reader's own reports and those of their contacts, as far as a filter leaves them.
    async fn few(
        &mut self,
        scope: &ReportScope,
        filter: &ReportFilter,
    ) -> Result<Vec<Single>, StoreError> {
        let (reader, whose) = (scope.own.uuid(), filter.whose);
        let mut found = Vec::new();
        if matches!(whose, Whose::All | Whose::Own) {
            found = rows!(
                self.0,
                Single,
                [
                    "SELECT ",
                    visible_state!(),
                    " AS state, branch FROM reports WHERE author_id = $6 AND ",
                    filter_of_any_state!()
                ],
                filter,
                None::<Uuid>,
                reader
            )?;
        }
        if whose != Whose::Own {
            // Somebody who is their own contact person is counted above.
            found.extend(rows!(
                self.0,
                Single,
                [
                    "SELECT ",
                    visible_state!(),
                    " AS state, branch FROM reports
                     WHERE author_id IN (SELECT activist_id FROM contacts WHERE contact_id = $6)
                       AND state NOT IN ('draft', 'withdrawn') AND ",
                    filter_of_any_state!()
                ],
                filter,
                Some(reader),
                reader
            )?);
        }
        Ok(found)
    }
}
