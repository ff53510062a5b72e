//! What `huibao process` answers with.

use std::path::PathBuf;
use std::time::Duration;

use huibao_models::failure::Failure;
use huibao_models::keepers::Keepers;
use huibao_models::storage::StorageKey;
use huibao_models::task::{Stage, Task};
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
        keepers: &Keepers,
        work: &WorkDir,
        id: Uuid,
        tasks: &[Task],
    ) -> Result<Self, Failure> {
        let gone = || Failure::internal("a finished report is not whole");
        let report = keepers.db.report(id).await?.ok_or_else(gone)?;
        let transcript = keepers.db.transcript(id).await?.ok_or_else(gone)?;
        let archive = tasks.iter().find(|task| task.stage == Stage::Archive).ok_or_else(gone)?;
        let bag = work.files().join(StorageKey::bag(id, archive.token).as_str());
        let media = report.media.ok_or_else(gone)?;
        let rendition = report.rendition.ok_or_else(gone)?;
        Ok(Self {
            id,
            bag,
            media: Media::new(media, &rendition),
            transcript: transcript.into(),
            stages: tasks.iter().map(StageStatus::from).collect(),
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
