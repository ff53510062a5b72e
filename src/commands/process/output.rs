//! The result of `huibao process`.

use std::path::PathBuf;
use std::time::Duration;

use huibao_api::view::{MediaView, StageView, TranscriptView};
use huibao_models::backends::Backends;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::job::{Job, Stage};
use huibao_models::storage::StorageKey;
use uuid::Uuid;

use super::workdir::WorkDir;
use crate::commands::answer::{Answer, ReportRef, Timings};

/// The results of the stages of a finished report.
pub struct Output {
    /// The report.
    pub id: Uuid,
    /// The bag's folder, still inside the working folder.
    pub bag: PathBuf,
    media: MediaView,
    transcript: TranscriptView,
    stages: Vec<StageView>,
}

impl Output {
    /// Reads what the stages committed.
    pub async fn collect(
        backends: &Backends,
        work: &WorkDir,
        id: Uuid,
        jobs: &[Job],
        lang: Lang,
    ) -> Result<Self, Failure> {
        let gone = || Failure::internal("a finished report is incomplete");
        let report = backends.store.report(id).await?.ok_or_else(gone)?;
        let transcript = backends.store.transcript(id).await?.ok_or_else(gone)?;
        let archive = jobs.iter().find(|job| job.stage == Stage::Archive).ok_or_else(gone)?;
        let bag = work.files().join(StorageKey::bag(id, archive.token).as_str());
        let media = report.media.ok_or_else(gone)?;
        let rendition = report.rendition.ok_or_else(gone)?;
        Ok(Self {
            id,
            bag,
            media: MediaView::new(&media, Some(&rendition)),
            transcript: TranscriptView::from(&transcript),
            stages: jobs.iter().map(|job| StageView::new(job, lang)).collect(),
        })
    }

    /// The answer, with the final `place` of the bag and the duration of the command.
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
