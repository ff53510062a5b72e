//! The result of `huibao process`.

use std::path::PathBuf;
use std::time::Duration;

use huibao_api::view::{MediaView, StageView, SubmissionRef, TranscriptView};
use huibao_models::backends::Backends;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::Job;
use huibao_models::domain::pipeline::Stage;
use huibao_models::storage::StorageKey;

use super::workdir::WorkDir;
use crate::commands::answer::{Answer, ReportRef, Timings};

/// The results of the stages of a finished report.
pub struct Output {
    /// The report.
    pub report: ReportId,
    /// The bag's folder, still inside the working folder.
    pub bag: PathBuf,
    submission: SubmissionRef,
    media: MediaView,
    transcript: TranscriptView,
    stages: Vec<StageView>,
}

impl Output {
    /// Reads what the stages committed.
    pub async fn collect(
        backends: &Backends,
        work: &WorkDir,
        id: SubmissionId,
        jobs: &[Job],
        lang: Lang,
    ) -> Result<Self, Failure> {
        let gone = || Failure::internal("a finished report is incomplete");
        let mut snapshot = backends.store.snapshot().await?;
        let submission = snapshot.submissions().get(id).await?.ok_or_else(gone)?;
        let transcript = snapshot.transcripts().current_version(id).await?.ok_or_else(gone)?;
        let archive = Stage::Archive.as_str();
        let archive = jobs.iter().find(|job| job.kind == archive).ok_or_else(gone)?;
        let bag = work.files().join(StorageKey::bag(id, archive.token).as_str());
        let media = submission.media.ok_or_else(gone)?;
        let rendition = submission.rendition.ok_or_else(gone)?;
        Ok(Self {
            report: submission.report_id,
            submission: SubmissionRef { id: id.uuid(), version: submission.version },
            bag,
            media: MediaView::new(&media, Some(&rendition)),
            transcript: TranscriptView::from(&transcript),
            stages: StageView::all(jobs, lang),
        })
    }

    /// The answer, with the final `place` of the bag and the duration of the command.
    pub fn answer(self, place: PathBuf, total: Duration) -> Answer {
        Answer {
            report: ReportRef { id: self.report, submission: Some(self.submission) },
            media: self.media,
            transcript: self.transcript,
            bag: Some(place),
            url: None,
            timings: Timings::new(&self.stages, total),
        }
    }
}
