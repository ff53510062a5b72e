//! What `huibao process` answers with.

use std::path::PathBuf;
use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::domain::job::Job;
use huibao_models::domain::pipeline::Stage;
use huibao_models::storage::StorageKey;

use super::workdir::WorkDir;
use crate::commands::answer::{Answer, Media, ReportRef, SubmissionRef, Timings, Transcript};
use crate::commands::stages::StageStatus;

/// What the stages made of a finished report.
pub struct Output {
    /// The report.
    pub report: ReportId,
    /// The bag's folder, still inside the working folder.
    pub bag: PathBuf,
    submission: SubmissionRef,
    media: Media,
    transcript: Transcript,
    stages: Vec<StageStatus>,
}

impl Output {
    /// Reads what the stages committed.
    pub async fn collect(
        backends: &Backends,
        work: &WorkDir,
        id: SubmissionId,
        jobs: &[Job],
    ) -> Result<Self, Failure> {
        let gone = || Failure::internal("a finished report is not whole");
        let mut snapshot = backends.store.snapshot().await?;
        let submission = snapshot.submissions().get(id).await?.ok_or_else(gone)?;
        let transcript = snapshot.transcripts().current(id).await?.ok_or_else(gone)?;
        let archive = Stage::Archive.as_str();
        let archive = jobs.iter().find(|job| job.kind == archive).ok_or_else(gone)?;
        let bag = work.files().join(StorageKey::bag(id, archive.token).as_str());
        let media = submission.media.ok_or_else(gone)?;
        let rendition = submission.rendition.ok_or_else(gone)?;
        Ok(Self {
            report: submission.report_id,
            submission: SubmissionRef { id, version: submission.version },
            bag,
            media: Media::new(media, &rendition),
            transcript: transcript.into(),
            stages: jobs.iter().filter_map(StageStatus::of).collect(),
        })
    }

    /// The answer, once the bag is at its `place` and `total` has passed.
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
