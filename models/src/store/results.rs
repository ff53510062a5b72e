//! What the stages of the pipeline leave behind when they end.

use async_trait::async_trait;

use super::{Claim, Outcome, StoreError, UnitOfWork};
use crate::domain::comparison::Comparison;
use crate::domain::export::ExportFile;
use crate::domain::ids::{ExportId, PersonId, ReportId, SubmissionId, TranscriptId};
use crate::domain::media::{MediaInfo, Rendition};
use crate::domain::submission::{StoredFile, SubmissionState, WrittenContent};
use crate::domain::transcript::Recognition;

/// Of a job that leaves no rows behind.
#[derive(Debug, Clone, Copy)]
pub struct NoResult;

/// What ingest made.
#[derive(Debug, Clone)]
pub struct IngestResult {
    /// What the video contains.
    pub media: MediaInfo,
    /// The text of the written report, if there is one.
    pub written: Option<WrittenContent>,
    /// Audio and poster.
    pub files: Vec<StoredFile>,
}

/// What transcode made.
#[derive(Debug, Clone)]
pub struct TranscodeResult {
    /// What the rendition is like.
    pub rendition: Rendition,
    /// The rendition.
    pub file: StoredFile,
}

/// What archive made.
#[derive(Debug, Clone, Default)]
pub struct ArchiveResult {
    /// The files of the bag.
    pub files: Vec<StoredFile>,
    /// The comparison of the transcript version that is in the bag, if it was not there before.
    pub comparison: Option<(TranscriptId, Comparison)>,
}

/// What a job made that exports something.
#[derive(Debug, Clone)]
pub struct ExportResult {
    /// The export.
    pub export: ExportId,
    /// Who asked for it.
    pub person: PersonId,
    /// The file.
    pub file: ExportFile,
    /// The reports that are in it.
    pub reports: Vec<ReportId>,
}

fn submission(claim: &Claim) -> Result<SubmissionId, StoreError> {
    claim
        .submission
        .ok_or_else(|| StoreError::Corrupt(format!("{} without submission", claim.kind)))
}

#[async_trait]
impl Outcome for NoResult {
    async fn write(&self, _: &mut UnitOfWork, _: &Claim) -> Result<(), StoreError> {
        Ok(())
    }
}

#[async_trait]
impl Outcome for IngestResult {
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        let id = submission(claim)?;
        unit.submissions().set_media(id, &self.media, self.written.as_ref()).await?;
        unit.submissions().add_files(id, &self.files).await
    }

    fn file_key(&self) -> Option<&str> {
        self.files.first().map(|file| file.key.as_str())
    }
}

#[async_trait]
impl Outcome for TranscodeResult {
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        let id = submission(claim)?;
        unit.submissions().set_rendition(id, &self.rendition).await?;
        unit.submissions().add_files(id, std::slice::from_ref(&self.file)).await
    }

    fn file_key(&self) -> Option<&str> {
        Some(&self.file.key)
    }
}

#[async_trait]
impl Outcome for Recognition {
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        unit.transcripts().add_recognition(submission(claim)?, self).await
    }
}

#[async_trait]
impl Outcome for ArchiveResult {
    /// Archive needs all other stages, so with it the submission is ready.
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        let id = submission(claim)?;
        unit.submissions().set_state(id, SubmissionState::Ready, None).await?;
        if let Some((transcript, comparison)) = &self.comparison {
            unit.transcripts().keep_comparison(*transcript, comparison).await?;
        }
        unit.submissions().add_files(id, &self.files).await
    }

    fn file_key(&self) -> Option<&str> {
        self.files.first().map(|file| file.key.as_str())
    }
}

#[async_trait]
impl Outcome for ExportResult {
    async fn write(&self, unit: &mut UnitOfWork, _: &Claim) -> Result<(), StoreError> {
        unit.exports().finish(self.export, self.person, &self.file, &self.reports).await
    }
}
