//! Reading a report with everything that its view needs.

use huibao_models::domain::failure::Lang;
use huibao_models::domain::job::JobState;
use huibao_models::store::{Store, StoreError};
use uuid::Uuid;

use crate::view::{ReportRows, ReportView};

/// A report as it was read from the database.
pub(crate) struct LoadedReport(ReportRows);

impl LoadedReport {
    /// Reads a report, or `None` where there is none.
    pub(crate) async fn load(store: &Store, id: Uuid) -> Result<Option<Self>, StoreError> {
        // The order matters, because other transactions may commit in between. With jobs first,
        // results are never older than the states that promise them; with partial text before the
        // transcript that replaces it, text never vanishes.
        let jobs = store.jobs(id).await?;
        let partial = store.partial(id).await?;
        let transcript = store.transcript(id).await?;
        let files = store.files(id).await?;
        let report = store.report(id).await?;
        Ok(report.map(|report| Self(ReportRows { report, jobs, files, partial, transcript })))
    }

    /// Whether no job is queued or running. A report counts as failed as soon as one stage is dead,
    /// while others may still run.
    pub(crate) fn is_settled(&self) -> bool {
        let active = |state| matches!(state, JobState::Queued | JobState::Running);
        !self.0.jobs.iter().any(|job| active(job.state))
    }

    /// What readers see.
    pub(crate) fn view(&self, lang: Lang) -> ReportView {
        ReportView::new(&self.0, lang)
    }
}
