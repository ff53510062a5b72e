//! Committing what a stage made: results, files, the job's end and the next stages' start, in
//! one transaction that checks the fencing token.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, execute, fetch};
use super::jobs::lock_report;
use super::messages::ready_stages;
use super::reports::insert_files;
use super::transcripts::insert_recognition;
use super::{Claim, Claimant, Lost, Store, StoreError};
use crate::domain::job::{Job, JobMessage};
use crate::domain::media::{MediaInfo, Rendition};
use crate::domain::report::{ReportState, StoredFile, WrittenContent};
use crate::domain::transcript::Recognition;

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

/// What a stage made.
#[derive(Debug, Clone)]
pub enum Completion {
    /// Of ingest.
    Ingest(Box<IngestResult>),
    /// Of transcode.
    Transcode(TranscodeResult),
    /// Of transcribe.
    Transcribe(Box<Recognition>),
    /// Of archive: the files of the bag.
    Archive(Vec<StoredFile>),
}

impl Completion {
    /// The files it adds to the report. Their keys carry the claim's token.
    fn files(&self) -> &[StoredFile] {
        match self {
            Self::Ingest(result) => &result.files,
            Self::Transcode(result) => std::slice::from_ref(&result.file),
            Self::Transcribe(_) => &[],
            Self::Archive(files) => files,
        }
    }
}

/// What a commit made ready.
#[derive(Debug, Default)]
pub struct Committed {
    /// Messages that the caller publishes.
    pub messages: Vec<JobMessage>,
    /// What the caller holds and goes on with.
    pub next: Option<Claim>,
}

impl Store {
    /// Commits a stage's results, or returns [`Lost`] and nothing is changed. If the stage
    /// [leads to](crate::domain::job::Stage::leads_to) another that is ready now, `next` holds it in the same
    /// transaction, which saves a message and a claim.
    ///
    /// May be called again when it is not known whether a call succeeded: what is committed
    /// already counts as success. What `next` holds without knowing is free when its lease ends.
    pub async fn complete(
        &self,
        claim: &Claim,
        completion: &Completion,
        work_ms: u64,
        next: Option<&Claimant<'_>>,
        now: DateTime<Utc>,
    ) -> Result<Result<Committed, Lost>, StoreError> {
        let mut tx = self.begin().await?;
        update_report(&mut tx, claim.report_id, completion).await?;
        let held = execute!(
            &mut tx,
            sqlx::query(
                "UPDATE jobs SET state = 'done', progress = 1, finished_at = $1, work_ms = $2,
                        error = NULL, lease_until = NULL, publish_due = NULL
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now,
            i64::try_from(work_ms).unwrap_or(i64::MAX),
            claim.job_id,
            claim.token
        )?;
        if held == 0 {
            return committed_before(&mut tx, claim, completion).await;
        }
        insert_rows(&mut tx, claim.report_id, completion, now).await?;
        let next = next.filter(|_| claim.stage.leads_to().is_some());
        let unlocked = claim.stage.unlocks();
        let ready = ready_stages(&mut tx, claim.report_id, unlocked, next, now).await?;
        tx.commit().await?;
        Ok(Ok(if next.is_some() {
            Committed { messages: Vec::new(), next: ready.first().map(Claim::of) }
        } else {
            Committed { messages: ready.iter().map(Job::message).collect(), next: None }
        }))
    }
}

/// Whether this very claim has committed, and only the answer was lost. The file rows know it also
/// where the job was begun anew since: whoever is told [`Lost`] removes what it stored.
async fn committed_before(
    tx: &mut Tx,
    claim: &Claim,
    completion: &Completion,
) -> Result<Result<Committed, Lost>, StoreError> {
    let ours = fetch!(
        tx,
        fetch_optional,
        sqlx::query_scalar::<_, Uuid>(
            "SELECT report_id FROM jobs WHERE id = $1 AND token = $2 AND state = 'done'
             UNION SELECT report_id FROM files WHERE key = $3"
        ),
        claim.job_id,
        claim.token,
        completion.files().first().map(|file| file.key.as_str())
    )?;
    Ok(ours.map(|_| Committed::default()).ok_or(Lost))
}

/// What the report's own row learns. It comes first in the transaction and locks the row even if
/// there is nothing to learn, which makes stages that end at the same time see each other.
async fn update_report(
    tx: &mut Tx,
    report: Uuid,
    completion: &Completion,
) -> Result<(), StoreError> {
    match completion {
        Completion::Ingest(result) => execute!(
            tx,
            sqlx::query("UPDATE reports SET media = $1, written = $2, state = $3 WHERE id = $4"),
            Json(&result.media),
            result.written.as_ref().map(Json),
            ReportState::Processing,
            report
        )?,
        Completion::Transcode(result) => execute!(
            tx,
            sqlx::query("UPDATE reports SET rendition = $1 WHERE id = $2"),
            Json(&result.rendition),
            report
        )?,
        Completion::Transcribe(_) => return lock_report(tx, report).await,
        // It needs all others, so with it the report is ready.
        Completion::Archive(_) => execute!(
            tx,
            sqlx::query("UPDATE reports SET state = $1 WHERE id = $2"),
            ReportState::Ready,
            report
        )?,
    };
    Ok(())
}

/// What goes into rows of its own.
async fn insert_rows(
    tx: &mut Tx,
    report: Uuid,
    completion: &Completion,
    now: DateTime<Utc>,
) -> Result<(), StoreError> {
    if let Completion::Transcribe(heard) = completion {
        insert_recognition(tx, report, heard, now).await?;
    }
    insert_files(tx, report, completion.files()).await
}
