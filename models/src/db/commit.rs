//! Committing what a stage made: results, files, the task's end and the next stages' start, in
//! one transaction that checks the fencing token.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::engine::{Tx, execute, fetch};
use super::hints::queue_stage;
use super::reports::insert_files;
use super::tasks::{lock_report, update_report_state};
use super::transcripts::insert_recognition;
use super::{Claim, Database, DbError, Lost};
use crate::media::{MediaInfo, Rendition};
use crate::report::{StoredFile, WrittenContent};
use crate::task::{Hint, Stage};
use crate::transcript::Transcript;

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
    /// Of [`Stage::Ingest`].
    Ingest(Box<IngestResult>),
    /// Of [`Stage::Transcode`].
    Transcode(TranscodeResult),
    /// Of [`Stage::Transcribe`].
    Transcribe(Transcript),
    /// Of [`Stage::Archive`]: the files of the bag.
    Archive(Vec<StoredFile>),
}

impl Database {
    /// Commits a stage's results. Returns the hints of the stages that became ready, which the
    /// caller publishes, or [`Lost`] and nothing is changed.
    ///
    /// May be called again when it is not known whether a call succeeded: what is committed
    /// already counts as success.
    pub async fn complete(
        &self,
        claim: &Claim,
        completion: &Completion,
        work_ms: u64,
        now: DateTime<Utc>,
    ) -> Result<Result<Vec<Hint>, Lost>, DbError> {
        let mut tx = self.begin().await?;
        lock_report(&mut tx, claim.report_id).await?;
        let held = execute!(
            &mut tx,
            sqlx::query(
                "UPDATE tasks SET state = 'done', progress = 1, finished_at = $1, work_ms = $2,
                        error = NULL, lease_until = NULL, hint_due = NULL
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now,
            i64::try_from(work_ms).unwrap_or(i64::MAX),
            claim.task_id,
            claim.token
        )?;
        if held == 0 {
            return self.committed_before(&mut tx, claim).await;
        }
        store(&mut tx, claim, completion, now).await?;
        let mut ready = Vec::new();
        for stage in claim.stage.unlocks() {
            ready.extend(queue_stage(&mut tx, claim.report_id, stage, now).await?);
        }
        if claim.stage == Stage::Archive {
            update_report_state(&mut tx, claim.report_id).await?;
        }
        tx.commit().await?;
        Ok(Ok(ready))
    }

    /// Whether this very claim has committed, and only the answer was lost.
    async fn committed_before(
        &self,
        tx: &mut Tx,
        claim: &Claim,
    ) -> Result<Result<Vec<Hint>, Lost>, DbError> {
        let ours = fetch!(
            tx,
            fetch_optional,
            sqlx::query_scalar::<_, i64>(
                "SELECT token FROM tasks WHERE id = $1 AND token = $2 AND state = 'done'"
            ),
            claim.task_id,
            claim.token
        )?;
        Ok(ours.map(|_| Vec::new()).ok_or(Lost))
    }
}

async fn store(
    tx: &mut Tx,
    claim: &Claim,
    completion: &Completion,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let report = claim.report_id;
    match completion {
        Completion::Ingest(result) => {
            execute!(
                tx,
                sqlx::query("UPDATE reports SET media = $1, written = $2 WHERE id = $3"),
                Json(&result.media),
                result.written.as_ref().map(Json),
                report
            )?;
            insert_files(tx, report, &result.files).await
        }
        Completion::Transcode(result) => {
            execute!(
                tx,
                sqlx::query("UPDATE reports SET rendition = $1 WHERE id = $2"),
                Json(&result.rendition),
                report
            )?;
            insert_files(tx, report, std::slice::from_ref(&result.file)).await
        }
        Completion::Transcribe(transcript) => insert_recognition(tx, report, transcript, now).await,
        Completion::Archive(files) => insert_files(tx, report, files).await,
    }
}
