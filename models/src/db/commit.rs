//! Committing what a stage made: results, files, the task's end and the next stages' start, in
//! one transaction that checks the fencing token.

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::reports::insert_file;
use super::tasks::{Claim, Lost, update_report_state};
use super::transcripts::insert_recognition;
use super::{Database, DbError};
use crate::media::{MediaInfo, Rendition};
use crate::report::{StoredFile, WrittenContent};
use crate::task::{Stage, TaskState};
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
    /// Commits a stage's results. Returns the stages that became ready, or [`Lost`] and nothing
    /// is changed.
    pub async fn complete(
        &self,
        claim: &Claim,
        completion: &Completion,
        work_ms: u64,
        now: DateTime<Utc>,
    ) -> Result<Result<Vec<Stage>, Lost>, DbError> {
        let mut tx = self.write().await?;
        let held = sqlx::query(
            "UPDATE tasks SET state = 'done', progress = 1, finished_at = $1, work_ms = $2,
                    error = NULL, worker = NULL, lease_until = NULL
             WHERE id = $3 AND token = $4 AND state = 'running'",
        )
        .bind(now)
        .bind(i64::try_from(work_ms).unwrap_or(i64::MAX))
        .bind(claim.task_id)
        .bind(claim.token)
        .execute(&mut *tx)
        .await?;
        if held.rows_affected() == 0 {
            return Ok(Err(Lost));
        }
        store(&mut tx, claim, completion, now).await?;
        let ready = promote(&mut tx, claim, now).await?;
        update_report_state(&mut tx, claim.report_id).await?;
        tx.commit().await?;
        Ok(Ok(ready))
    }
}

async fn store(
    tx: &mut sqlx::SqliteConnection,
    claim: &Claim,
    completion: &Completion,
    now: DateTime<Utc>,
) -> Result<(), DbError> {
    let report = claim.report_id;
    match completion {
        Completion::Ingest(result) => {
            sqlx::query("UPDATE reports SET media = $1, written = $2 WHERE id = $3")
                .bind(Json(&result.media))
                .bind(result.written.as_ref().map(Json))
                .bind(report)
                .execute(&mut *tx)
                .await?;
            for file in &result.files {
                insert_file(tx, report, file).await?;
            }
        }
        Completion::Transcode(result) => {
            sqlx::query("UPDATE reports SET rendition = $1 WHERE id = $2")
                .bind(Json(&result.rendition))
                .bind(report)
                .execute(&mut *tx)
                .await?;
            insert_file(tx, report, &result.file).await?;
        }
        Completion::Transcribe(transcript) => {
            insert_recognition(tx, report, transcript, now).await?;
        }
        Completion::Archive(files) => {
            for file in files {
                insert_file(tx, report, file).await?;
            }
        }
    }
    Ok(())
}

/// Queues the stages that waited for this one and have nothing else to wait for.
async fn promote(
    tx: &mut sqlx::SqliteConnection,
    claim: &Claim,
    now: DateTime<Utc>,
) -> Result<Vec<Stage>, DbError> {
    let done: Vec<Stage> =
        sqlx::query_scalar("SELECT stage FROM tasks WHERE report_id = $1 AND state = $2")
            .bind(claim.report_id)
            .bind(TaskState::Done)
            .fetch_all(&mut *tx)
            .await?;
    let mut ready = Vec::new();
    for stage in claim.stage.unlocks() {
        if !stage.needs().iter().all(|need| done.contains(need)) {
            continue;
        }
        let promoted = sqlx::query(
            "UPDATE tasks SET state = 'queued', not_before = $1
             WHERE report_id = $2 AND stage = $3 AND state = 'waiting'",
        )
        .bind(now)
        .bind(claim.report_id)
        .bind(stage)
        .execute(&mut *tx)
        .await?;
        if promoted.rows_affected() == 1 {
            ready.push(stage);
        }
    }
    Ok(ready)
}
