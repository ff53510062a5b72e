//! What authors do with a report that is open: write, upload, throw away.

use super::{ReportContent, Reports};
use crate::domain::audit::AuditAction;
use crate::domain::ids::{ReportId, SubmissionId};
use crate::domain::report::Report;
use crate::store::StoreError;
use crate::store::changes::Change;
use crate::store::engine::execute;
use crate::store::unit::{HasTx, UnitOfWork};

impl Reports<'_, UnitOfWork> {
    /// Writes what the author has changed, if nothing was written since they read `revision`.
    ///
    /// # Errors
    ///
    /// [`StoreError::Outdated`] if something was, and [`StoreError::IllegalTransition`] if the report is
    /// not [open](crate::domain::report::ReportState::is_open).
    pub async fn edit(
        &mut self,
        id: ReportId,
        revision: u32,
        title: &str,
        content: &ReportContent,
    ) -> Result<(), StoreError> {
        let report = self.lock_open(id).await?;
        if report.revision != revision {
            return Err(StoreError::Outdated { what: "report" });
        }
        if (report.title.as_str(), &report.written_text) != (title, &content.written_text) {
            self.keep_version(&report).await?;
        }
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE reports SET title = $1, kind = $2, period = $3, written_text = $4,
                        language = $5, revision = revision + 1
                 WHERE id = $6"
            ),
            title,
            content.kind.as_str(),
            content.period.as_str(),
            &content.written_text,
            &content.language,
            id.uuid()
        )?;
        if report.current_submission.is_some() {
            self.0.search().mark(id).await?;
        }
        self.0.changed(Change::Report(id));
        Ok(())
    }

    /// The id of the submission that the author makes now: a new one if none is being made.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if the report is not [open](crate::domain::report::ReportState::is_open).
    pub async fn begin_submission(&mut self, id: ReportId) -> Result<SubmissionId, StoreError> {
        if let Some(submission) = self.lock_open(id).await?.draft_submission {
            return Ok(submission);
        }
        let submission = SubmissionId::new();
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE reports SET draft_submission = $1 WHERE id = $2"),
            submission.uuid(),
            id.uuid()
        )?;
        Ok(submission)
    }

    /// Removes a draft of which nothing was ever handed in, with the rows of its uploads.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if something was.
    pub async fn discard(&mut self, id: ReportId) -> Result<(), StoreError> {
        let report = self.lock_open(id).await?;
        if report.current_submission.is_some() {
            let from = report.state.as_str();
            return Err(StoreError::IllegalTransition { what: "report", from, to: "nothing" });
        }
        execute!(self.0.tx(), sqlx::query("DELETE FROM reports WHERE id = $1"), id.uuid())?;
        let nothing = serde_json::json!({});
        self.0.audit().record(AuditAction::ReportDiscarded, id, nothing).await?;
        self.0.changed(Change::Report(id));
        Ok(())
    }

    /// The report, which nobody else changes until the unit of work ends.
    async fn lock_open(&mut self, id: ReportId) -> Result<Report, StoreError> {
        self.lock(id).await?;
        let overview = self.overview(id).await?;
        let overview = overview.ok_or(StoreError::NoSuchRow { what: "report", id: id.uuid() })?;
        let current = overview.submission.map(|submission| submission.state);
        let report = overview.report;
        if !report.state.is_open(current) {
            let from = report.state.as_str();
            return Err(StoreError::IllegalTransition { what: "report", from, to: "draft" });
        }
        Ok(report)
    }
}
