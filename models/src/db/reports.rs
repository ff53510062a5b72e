//! Reports and their files.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Database, DbError};
use crate::failure::Failure;
use crate::media::{MediaInfo, Rendition};
use crate::report::{FileKind, Report, ReportState, StoredFile, WrittenContent};
use crate::task::{Stage, TaskState};

/// What is handed in.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Chosen by the caller, because files are stored under it first.
    pub id: Uuid,
    /// What the activist calls it; may be empty.
    pub title: String,
    /// Who speaks; may be empty.
    pub speaker: String,
    /// Language asked for: an ISO 639-1 code or `auto`.
    pub language: String,
    /// The stored video and, if there is one, the stored written report.
    pub files: Vec<StoredFile>,
}

#[derive(FromRow)]
struct ReportRow {
    id: Uuid,
    title: String,
    speaker: String,
    language: String,
    state: ReportState,
    created_at: DateTime<Utc>,
    media: Option<Json<MediaInfo>>,
    rendition: Option<Json<Rendition>>,
    written: Option<Json<WrittenContent>>,
    failure: Option<Json<Failure>>,
}

impl From<ReportRow> for Report {
    fn from(row: ReportRow) -> Self {
        Self {
            id: row.id,
            title: row.title,
            speaker: row.speaker,
            language: row.language,
            state: row.state,
            created_at: row.created_at,
            media: row.media.map(|Json(value)| value),
            rendition: row.rendition.map(|Json(value)| value),
            written: row.written.map(|Json(value)| value),
            failure: row.failure.map(|Json(value)| value),
        }
    }
}

#[derive(FromRow)]
struct FileRow {
    kind: FileKind,
    key: String,
    name: String,
    size_bytes: i64,
    sha256: String,
}

impl From<FileRow> for StoredFile {
    fn from(row: FileRow) -> Self {
        Self {
            kind: row.kind,
            key: row.key,
            name: row.name,
            size_bytes: row.size_bytes.unsigned_abs(),
            sha256: row.sha256,
        }
    }
}

const REPORT_COLUMNS: &str =
    "id, title, speaker, language, state, created_at, media, rendition, written, failure";

impl Database {
    /// Files a report with its tasks, all at once.
    pub async fn submit(&self, new: &NewReport, now: DateTime<Utc>) -> Result<(), DbError> {
        let mut tx = self.write().await?;
        sqlx::query(
            "INSERT INTO reports (id, title, speaker, language, state, created_at)
             VALUES ($1, $2, $3, $4, $5, $6)",
        )
        .bind(new.id)
        .bind(&new.title)
        .bind(&new.speaker)
        .bind(&new.language)
        .bind(ReportState::Submitted)
        .bind(now)
        .execute(&mut *tx)
        .await?;
        for file in &new.files {
            insert_file(&mut tx, new.id, file).await?;
        }
        for stage in Stage::ALL {
            let state =
                if stage.needs().is_empty() { TaskState::Queued } else { TaskState::Waiting };
            sqlx::query(
                "INSERT INTO tasks (id, report_id, stage, priority, state, not_before)
                 VALUES ($1, $2, $3, $4, $5, $6)",
            )
            .bind(Uuid::now_v7())
            .bind(new.id)
            .bind(stage)
            .bind(claim_priority(stage))
            .bind(state)
            .bind(now)
            .execute(&mut *tx)
            .await?;
        }
        tx.commit().await?;
        Ok(())
    }

    /// The report, or `None`.
    pub async fn report(&self, id: Uuid) -> Result<Option<Report>, DbError> {
        let sql = format!("SELECT {REPORT_COLUMNS} FROM reports WHERE id = $1");
        let row: Option<ReportRow> =
            sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(id).fetch_optional(&self.pool).await?;
        Ok(row.map(Report::from))
    }

    /// The newest reports first, at most `limit`, older than `before` if that is given.
    pub async fn reports(&self, before: Option<Uuid>, limit: u32) -> Result<Vec<Report>, DbError> {
        let sql = format!(
            "SELECT {REPORT_COLUMNS} FROM reports WHERE $1 IS NULL OR id < $1
             ORDER BY id DESC LIMIT $2"
        );
        let rows: Vec<ReportRow> = sqlx::query_as(sqlx::AssertSqlSafe(sql))
            .bind(before)
            .bind(limit)
            .fetch_all(&self.pool)
            .await?;
        Ok(rows.into_iter().map(Report::from).collect())
    }

    /// Which reports with ids from `oldest` to `newest`, both included, have a file of this kind.
    pub async fn reports_with_file(
        &self,
        kind: FileKind,
        oldest: Uuid,
        newest: Uuid,
    ) -> Result<HashSet<Uuid>, DbError> {
        let ids: Vec<Uuid> = sqlx::query_scalar(
            "SELECT DISTINCT report_id FROM files WHERE report_id BETWEEN $1 AND $2 AND kind = $3",
        )
        .bind(oldest)
        .bind(newest)
        .bind(kind)
        .fetch_all(&self.pool)
        .await?;
        Ok(ids.into_iter().collect())
    }

    /// All files of a report, oldest first.
    pub async fn files(&self, report: Uuid) -> Result<Vec<StoredFile>, DbError> {
        let rows: Vec<FileRow> = sqlx::query_as(
            "SELECT kind, key, name, size_bytes, sha256 FROM files
             WHERE report_id = $1 ORDER BY id",
        )
        .bind(report)
        .fetch_all(&self.pool)
        .await?;
        Ok(rows.into_iter().map(StoredFile::from).collect())
    }

    /// The newest file of this kind, or `None`.
    pub async fn file(&self, report: Uuid, kind: FileKind) -> Result<Option<StoredFile>, DbError> {
        let row: Option<FileRow> = sqlx::query_as(
            "SELECT kind, key, name, size_bytes, sha256 FROM files
             WHERE report_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1",
        )
        .bind(report)
        .bind(kind)
        .fetch_optional(&self.pool)
        .await?;
        Ok(row.map(StoredFile::from))
    }
}

/// Adds a file row in a running transaction.
pub(super) async fn insert_file(
    tx: &mut sqlx::SqliteConnection,
    report: Uuid,
    file: &StoredFile,
) -> Result<(), DbError> {
    sqlx::query(
        "INSERT INTO files (id, report_id, kind, key, name, size_bytes, sha256)
         VALUES ($1, $2, $3, $4, $5, $6, $7)",
    )
    .bind(Uuid::now_v7())
    .bind(report)
    .bind(file.kind)
    .bind(&file.key)
    .bind(&file.name)
    .bind(i64::try_from(file.size_bytes).unwrap_or(i64::MAX))
    .bind(&file.sha256)
    .execute(tx)
    .await?;
    Ok(())
}

/// Smaller is claimed first. Ingest tells an activist at once that a file is no good; archive ends
/// what is nearly done; text is what readers wait for.
const fn claim_priority(stage: Stage) -> i32 {
    match stage {
        Stage::Ingest => 0,
        Stage::Archive => 1,
        Stage::Transcribe => 2,
        Stage::Transcode => 3,
    }
}
