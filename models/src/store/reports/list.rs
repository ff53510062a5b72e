//! Lists of reports, newest first.

use std::cmp::Reverse;

use super::{ReportOverview, ReportRow, Reports, report_columns};
use crate::domain::access::ReportScope;
use crate::domain::branch::BranchPath;
use crate::domain::ids::{ReportId, SubmissionId};
use crate::domain::report::Report;
use crate::store::engine::{Tx, fetch};
use crate::store::unit::Session;
use crate::store::{StoreError, Submissions};

/// The newest rows that fulfil a condition, at most `limit`, older than `before` if that is given. The
/// condition's own values begin at `$3`.
macro_rules! newest {
    ($session:expr, $condition:literal, $before:expr, $limit:expr $(, $bind:expr)* $(,)?) => {
        fetch!(
            $session.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE ($1 IS NULL OR id < $1) AND ",
                $condition,
                " ORDER BY id DESC LIMIT $2"
            )),
            $before.map(ReportId::uuid),
            i64::from($limit)
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
        let rows = newest!(self.0, "TRUE", before, limit)?;
        self.overviews(rows).await
    }

    /// Those of the newest reports that a reader may see.
    pub async fn newest_for(
        &mut self,
        scope: &ReportScope,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportOverview>, StoreError> {
        // Each part comes from one index.
        let reader = scope.own.uuid();
        let mut rows = newest!(self.0, "author_id = $3", before, limit, reader)?;
        rows.extend(newest!(
            self.0,
            "author_id IN (SELECT activist_id FROM contacts WHERE contact_id = $3)
             AND state NOT IN ('draft', 'withdrawn')",
            before,
            limit,
            reader
        )?);
        for branch in &scope.branches {
            rows.extend(self.newest_within(branch, before, limit).await?);
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
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        let rows = match self.0.tx() {
            // It would read and sort all reports of the subtree. So it takes the newest of each branch, from
            // the end of its part of the index.
            Tx::Sqlite(_) => newest!(
                self.0,
                "id IN (SELECT ours.id FROM branches
                        JOIN reports AS ours ON ours.id IN
                            (SELECT newest.id FROM reports AS newest
                             WHERE newest.branch = path AND ($1 IS NULL OR newest.id < $1)
                               AND newest.state NOT IN ('draft', 'withdrawn')
                             ORDER BY newest.id DESC LIMIT $2)
                        WHERE path >= $3 AND path < $4)",
                before,
                limit,
                branch.key(),
                branch.end(),
            ),
            // It walks through the newest of all by itself where the subtree is large.
            Tx::Postgres(_) => newest!(
                self.0,
                "branch >= $3 AND branch < $4 AND state NOT IN ('draft', 'withdrawn')",
                before,
                limit,
                branch.key(),
                branch.end(),
            ),
        };
        Ok(rows?)
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
