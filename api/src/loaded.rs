//! Reading a report with everything that its view needs.

use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::JobState;
use huibao_models::store::{ReportOverview, Snapshot, Store, StoreError};

use crate::view::{ReportRows, ReportView};

/// A report as it was at one moment.
pub(crate) struct LoadedReport(ReportRows);

impl LoadedReport {
    /// Reads a report, or `None` where there is none, or nothing is handed in yet.
    pub(crate) async fn load(store: &Store, id: ReportId) -> Result<Option<Self>, StoreError> {
        Self::read(&mut store.snapshot().await?, id).await
    }

    /// Everything is read in one snapshot. A commit between two reads would show states without the
    /// results, or the reason of a failure, that belong to them.
    async fn read(snapshot: &mut Snapshot, id: ReportId) -> Result<Option<Self>, StoreError> {
        let overview = snapshot.reports().overview(id).await?;
        let Some(ReportOverview { report, submission: Some(submission) }) = overview else {
            return Ok(None);
        };
        let jobs = snapshot.jobs().of_submission(submission.id).await?;
        let files = snapshot.submissions().files(submission.id).await?;
        let transcript = snapshot.transcripts().current(submission.id).await?;
        let partial = match transcript {
            Some(_) => Vec::new(),
            None => snapshot.transcripts().partial(submission.id).await?,
        };
        Ok(Some(Self(ReportRows { report, submission, jobs, files, partial, transcript })))
    }

    /// The submission that is shown.
    pub(crate) const fn submission(&self) -> SubmissionId {
        self.0.submission.id
    }

    /// Whether no job is queued or running. A submission counts as failed as soon as one stage is dead,
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
