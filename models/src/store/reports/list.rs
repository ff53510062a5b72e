//! Lists of reports, newest first.

use std::cmp::Reverse;
use std::collections::HashMap;

use uuid::Uuid;

use super::{ReportOverview, ReportRow, Reports, report_columns};
use crate::domain::access::{ReportScope, Whose};
use crate::domain::branch::BranchPath;
use crate::domain::ids::{ReportId, RoundId, SubmissionId};
use crate::domain::report::{Report, ReportKind, VisibleState};
use crate::store::engine::{Tx, fetch, fetch_of_ids};
use crate::store::unit::Session;
use crate::store::{StoreError, Submissions};

/// Which of the reports that somebody may read a list shows.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ReportFilter {
    /// Those in one of these states; none: all.
    pub states: Vec<VisibleState>,
    /// Those of a kind.
    pub kind: Option<ReportKind>,
    /// Those for a round.
    pub round: Option<RoundId>,
    /// Those of a branch and all below it.
    pub branch: Option<BranchPath>,
    /// Whose.
    pub whose: Whose,
}

/// Which page of a list.
#[derive(Debug, Clone, Copy)]
struct Page<'a> {
    before: Option<ReportId>,
    limit: u32,
    filter: &'a ReportFilter,
    /// Whose are not among them.
    not_of: Option<Uuid>,
}

impl ReportFilter {
    /// The states' names between commas.
    pub(in crate::store) fn states(&self) -> Option<String> {
        let names: Vec<_> = self.states.iter().map(|state| state.as_str()).collect();
        (!names.is_empty()).then(|| format!(",{},", names.join(",")))
    }
}

/// The [`VisibleState`] of a row of `reports`.
macro_rules! visible_state {
    () => {
        "CASE WHEN state = 'submitted' THEN
             coalesce((SELECT submissions.state FROM submissions
                       WHERE submissions.id = current_submission), 'submitted')
         ELSE state END"
    };
}

/// What a filter leaves, of any row of `reports`, in whatever state; its values are `$1` to `$5`.
macro_rules! filter_of_any_state {
    () => {
        "($1 IS NULL OR kind = $1) AND ($2 IS NULL OR round_id = $2)
         AND ($3 IS NULL OR (branch >= $3 AND branch < $4))
         AND ($5 IS NULL OR author_id IS NULL OR author_id <> $5)"
    };
}

/// What a filter leaves, of any row of `reports`; its values are `$1` to `$6`.
macro_rules! filter {
    () => {
        concat!(
            filter_of_any_state!(),
            " AND ($6 IS NULL OR $6 LIKE '%,' || ",
            visible_state!(),
            " || ',%')"
        )
    };
}

pub(in crate::store) use {filter, filter_of_any_state, visible_state};

/// The newest rows of a page that fulfil a condition. The condition's own values begin at `$9`.
macro_rules! newest {
    ($session:expr, [$($condition:tt)*], $page:expr $(, $bind:expr)* $(,)?) => {
        fetch!(
            $session.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE ($7 IS NULL OR id < $7) AND ",
                $($condition)*,
                " AND ",
                filter!(),
                " ORDER BY id DESC LIMIT $8"
            )),
            $page.filter.kind.map(ReportKind::as_str),
            $page.filter.round.map(RoundId::uuid),
            $page.filter.branch.as_ref().map(BranchPath::key),
            $page.filter.branch.as_ref().map(BranchPath::end),
            $page.not_of,
            $page.filter.states(),
            $page.before.map(ReportId::uuid),
            i64::from($page.limit)
            $(, $bind)*
        )
    };
}

impl<S: Session> Reports<'_, S> {
    /// The newest reports of all, at most `limit`, older than `before` if that is given, with their
    /// current submissions: for the system itself.
    pub async fn newest(
        &mut self,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportOverview>, StoreError> {
        let page = Page { before, limit, filter: &ReportFilter::default(), not_of: None };
        let rows = newest!(self.0, ["TRUE"], page)?;
        self.overviews(rows).await
    }

    /// Those of the newest reports that a reader may see, and that a filter leaves.
    pub async fn newest_for(
        &mut self,
        scope: &ReportScope,
        filter: &ReportFilter,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportOverview>, StoreError> {
        let (reader, whose) = (scope.own.uuid(), filter.whose);
        let not_of = (whose == Whose::Others).then_some(reader);
        let page = Page { before, limit, filter, not_of };
        let mut rows = Vec::new();
        // Each part comes from one index.
        if matches!(whose, Whose::All | Whose::Own) {
            rows.extend(newest!(self.0, ["author_id = $9"], page, reader)?);
        }
        if whose != Whose::Own {
            rows.extend(newest!(
                self.0,
                ["author_id IN (SELECT activist_id FROM contacts WHERE contact_id = $9)
                     AND state NOT IN ('draft', 'withdrawn')"],
                page,
                reader
            )?);
        }
        if matches!(whose, Whose::All | Whose::Others) {
            for branch in &scope.branches {
                rows.extend(self.newest_within(branch, page).await?);
            }
        }
        // Each part is complete down to its last row, so what they begin with together is complete.
        rows.sort_unstable_by_key(|row| Reverse(row.id));
        rows.dedup_by_key(|row| row.id);
        rows.truncate(limit as usize);
        self.overviews(rows).await
    }

    /// Those that are handed in to a branch or below it.
    async fn newest_within(
        &mut self,
        branch: &BranchPath,
        page: Page<'_>,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let rows = match self.0.tx() {
            // It would read and sort all reports of the subtree. So it takes the newest of each branch, from
            // the end of its part of the index.
            Tx::Sqlite(_) => newest!(
                self.0,
                [
                    "id IN (SELECT ours.id FROM branches
                            JOIN reports AS ours ON ours.id IN
                                (SELECT newest.id FROM reports AS newest
                                 WHERE newest.branch = path AND ($7 IS NULL OR newest.id < $7)
                                   AND newest.state NOT IN ('draft', 'withdrawn') AND ",
                    filter!(),
                    " ORDER BY newest.id DESC LIMIT $8)
                            WHERE path >= $9 AND path < $10)"
                ],
                page,
                branch.key(),
                branch.end(),
            ),
            // It walks through the newest of all by itself where the subtree is large.
            Tx::Postgres(_) => newest!(
                self.0,
                ["branch >= $9 AND branch < $10 AND state NOT IN ('draft', 'withdrawn')"],
                page,
                branch.key(),
                branch.end(),
            ),
        };
        Ok(rows?)
    }

    /// The reports with these ids.
    pub(in crate::store) async fn of_ids(
        &mut self,
        ids: &[ReportId],
    ) -> Result<HashMap<ReportId, ReportOverview>, StoreError> {
        let ids: Vec<Uuid> = ids.iter().map(|id| id.uuid()).collect();
        let rows = fetch_of_ids!(
            self.0.tx(),
            query_as::<ReportRow>,
            ["SELECT ", report_columns!(), " FROM reports WHERE id"],
            &ids[..],
        )?;
        let overviews = self.overviews(rows).await?;
        Ok(overviews.into_iter().map(|overview| (overview.report.id, overview)).collect())
    }

    async fn overviews(&mut self, rows: Vec<ReportRow>) -> Result<Vec<ReportOverview>, StoreError> {
        let current: Vec<_> =
            rows.iter().filter_map(|row| row.current_submission).map(SubmissionId::from).collect();
        let mut submissions = Submissions(&mut *self.0).of_ids(&current).await?;
        rows.into_iter()
            .map(|row| {
                let report = Report::try_from(row)?;
                let submission = report.current_submission.and_then(|id| submissions.remove(&id));
                Ok(ReportOverview { report, submission })
            })
            .collect()
    }
}
