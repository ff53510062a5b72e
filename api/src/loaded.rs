//! Reading a report with everything that its view needs.

use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::JobState;
use huibao_models::domain::report::Report;
use huibao_models::store::{ReportOverview, Snapshot, Store, StoreError};

use crate::view::{Reader, ReportBody, ReportRows, ReportView};

/// A report as it was at one moment.
pub(crate) struct LoadedReport(ReportRows);

impl LoadedReport {
    /// Reads a report, or `None` where there is none.
    pub(crate) async fn load(store: &Store, id: ReportId) -> Result<Option<Self>, StoreError> {
        Self::read(&mut store.snapshot().await?, id).await
    }

    /// Everything is read in one snapshot. A commit between two reads would show states without the
    /// results, or the reason of a failure, that belong to them.
    async fn read(snapshot: &mut Snapshot, id: ReportId) -> Result<Option<Self>, StoreError> {
        let overview = snapshot.reports().overview(id).await?;
        let Some(ReportOverview { report, submission }) = overview else { return Ok(None) };
        let uploads = snapshot.uploads().of_report(id).await?;
        let mut rows = ReportRows::of(report, uploads);
        if let Some(submission) = submission {
            rows.jobs = snapshot.jobs().of_submission(submission.id).await?;
            rows.files = snapshot.submissions().files(submission.id).await?;
            rows.transcript = snapshot.transcripts().current_version(submission.id).await?;
            if rows.transcript.is_none() {
                rows.partial = snapshot.transcripts().partial(submission.id).await?;
            }
            rows.submission = Some(submission);
            rows.decisions = snapshot.reviews().decisions(id).await?;
            let (branch, kind) = (rows.report.branch.clone(), rows.report.kind);
            rows.questions = snapshot.rubrics().questions(&branch, kind).await?;
            if let Some(submission) = &rows.submission {
                rows.answers = snapshot.rubrics().answers(submission.id).await?;
            }
            rows.example = snapshot.examples().get(id).await?;
            rows.comments = snapshot.comments().of(id).await?;
        }
        Ok(Some(Self(rows)))
    }

    /// The report.
    pub(crate) const fn report(&self) -> &Report {
        &self.0.report
    }

    /// The submission that is shown.
    pub(crate) fn submission(&self) -> Option<SubmissionId> {
        self.0.submission.as_ref().map(|submission| submission.id)
    }

    /// Whether no job is queued or running. A submission counts as failed as soon as one stage is dead,
    /// while others may still run.
    pub(crate) fn is_settled(&self) -> bool {
        let active = |state| matches!(state, JobState::Queued | JobState::Running);
        !self.0.jobs.iter().any(|job| active(job.state))
    }

    /// What a reader sees.
    pub(crate) fn view(&self, reader: Reader<'_>) -> ReportView {
        ReportView::new(&self.0, reader)
    }

    /// The body of an answer about it.
    pub(crate) fn body(&self, reader: Reader<'_>) -> ReportBody {
        ReportBody { id: self.0.report.id.uuid(), report: self.view(reader) }
    }
}
