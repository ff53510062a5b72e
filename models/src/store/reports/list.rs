//! Lists of reports, newest first.

use std::cmp::Reverse;

use super::{ReportOverview, ReportRow, Reports, report_columns};
use crate::domain::access::ReportScope;
use crate::domain::branch::BranchPath;
use crate::domain::ids::{PersonId, ReportId, SubmissionId};
use crate::domain::report::Report;
use crate::store::engine::fetch;
use crate::store::unit::Session;
use crate::store::{StoreError, Submissions};

impl<S: Session> Reports<'_, S> {
    /// The newest reports of all, at most `limit`, older than `before` if that is given, with their
    /// current submissions: for the system itself.
    pub async fn newest(
        &mut self,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportOverview>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE $1 IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
            )),
            before.map(ReportId::uuid),
            i64::from(limit)
        )?;
        self.overviews(rows).await
    }

    /// Those of the newest reports that a reader may see.
    pub async fn newest_for(
        &mut self,
        scope: &ReportScope,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportOverview>, StoreError> {
        let mut rows = self.newest_own(scope.own, before, limit).await?;
        rows.extend(self.newest_of_contacts(scope.own, before, limit).await?);
        for branch in &scope.branches {
            rows.extend(self.newest_of_branch(branch, before, limit).await?);
        }
        // Each part is complete down to its last row, so what they begin with together is complete.
        rows.sort_unstable_by_key(|row| Reverse(row.id));
        rows.dedup_by_key(|row| row.id);
        rows.truncate(limit as usize);
        self.overviews(rows).await
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

    /// Parts of [`Self::newest_for`], each from one index.
    async fn newest_own(
        &mut self,
        author: PersonId,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        Ok(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE author_id = $1 AND ($2 IS NULL OR id < $2)
                  ORDER BY id DESC LIMIT $3"
            )),
            author.uuid(),
            before.map(ReportId::uuid),
            i64::from(limit)
        )?)
    }

    async fn newest_of_contacts(
        &mut self,
        contact: PersonId,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        Ok(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports
                  WHERE author_id IN (SELECT activist_id FROM contacts WHERE contact_id = $1)
                    AND state NOT IN ('draft', 'withdrawn') AND ($2 IS NULL OR id < $2)
                  ORDER BY id DESC LIMIT $3"
            )),
            contact.uuid(),
            before.map(ReportId::uuid),
            i64::from(limit)
        )?)
    }

    async fn newest_of_branch(
        &mut self,
        branch: &BranchPath,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportRow>, StoreError> {
        Ok(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports
                  WHERE branch >= $1 AND branch < $2
                    AND state NOT IN ('draft', 'withdrawn') AND ($3 IS NULL OR id < $3)
                  ORDER BY id DESC LIMIT $4"
            )),
            branch.key(),
            branch.end(),
            before.map(ReportId::uuid),
            i64::from(limit)
        )?)
    }
}
