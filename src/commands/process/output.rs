//! What `huibao process` answers with.

use std::path::PathBuf;
use std::time::Duration;

use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::{Job, Stage};
use huibao_models::storage::StorageKey;
use uuid::Uuid;

use super::workdir::WorkDir;
use crate::commands::answer::{Answer, Media, ReportRef, Timings, Transcript};
use crate::commands::stages::StageStatus;

/// What the stages made of a finished report.
pub struct Output {
    /// The report.
    pub id: Uuid,
    /// The bag's folder, still inside the working folder.
    pub bag: PathBuf,
    media: Media,
    transcript: Transcript,
    stages: Vec<StageStatus>,
}

impl Output {
    /// Reads what the stages committed.
    pub async fn collect(
        backends: &Backends,
        work: &WorkDir,
        id: Uuid,
        jobs: &[Job],
    ) -> Result<Self, Failure> {
        let gone = || Failure::internal("a finished report is not whole");
        let report = backends.store.report(id).await?.ok_or_else(gone)?;
        let transcript = backends.store.transcript(id).await?.ok_or_else(gone)?;
        let archive = jobs.iter().find(|job| job.stage == Stage::Archive).ok_or_else(gone)?;
        let bag = work.files().join(StorageKey::bag(id, archive.token).as_str());
        let media = report.media.ok_or_else(gone)?;
        let rendition = report.rendition.ok_or_else(gone)?;
        Ok(Self {
            id,
            bag,
            media: Media::new(media, &rendition),
            transcript: transcript.into(),
            stages: jobs.iter().map(StageStatus::from).collect(),
        })
    }

    /// The answer, once the bag is at its `place` and `total` has passed.
    pub fn answer(self, place: PathBuf, total: Duration) -> Answer {
        Answer {
            report: ReportRef { id: self.id },
            media: self.media,
            transcript: self.transcript,
            bag: Some(place),
            url: None,
            timings: Timings::new(&self.stages, total),
        }
    }
}
