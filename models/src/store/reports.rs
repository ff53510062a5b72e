//! Reports and their files.

use std::collections::HashSet;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, execute, read};
use super::messages::ready_stages;
use super::{Store, StoreError};
use crate::domain::failure::Failure;
use crate::domain::job::{Job, JobMessage, JobState, Stage};
use crate::domain::media::{MediaInfo, Rendition};
use crate::domain::report::{FileKind, Report, ReportState, StoredFile, WrittenContent};

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

/// The columns of [`ReportRow`]. That work on a report has begun is written when its first stage
/// ends; until then, the job tells.
macro_rules! report_columns {
    () => {
        "id, title, speaker, language,
         CASE WHEN state = 'submitted' AND EXISTS (SELECT 1 FROM jobs
                   WHERE report_id = reports.id AND jobs.state = 'running')
              THEN 'processing' ELSE state END AS state,
         created_at, media, rendition, written, failure"
    };
}

/// The columns of [`FileRow`].
macro_rules! file_columns {
    () => {
        "kind, key, name, size_bytes, sha256"
    };
}

impl Store {
    /// Files a report with its jobs, all at once. When this returns, the report survives a power
    /// cut. Returns the message of its first stage, which the caller publishes.
    pub async fn submit(
        &self,
        new: &NewReport,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobMessage>, StoreError> {
        let mut tx = self.begin_durable().await?;
        execute!(
            &mut tx,
            sqlx::query(
                "INSERT INTO reports (id, title, speaker, language, state, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)"
            ),
            new.id,
            &new.title,
            &new.speaker,
            &new.language,
            ReportState::Submitted,
            now
        )?;
        insert_files(&mut tx, new.id, &new.files).await?;
        for stage in Stage::ALL {
            execute!(
                &mut tx,
                sqlx::query(
                    "INSERT INTO jobs (id, report_id, stage, state, not_before)
                     VALUES ($1, $2, $3, $4, $5)"
                ),
                Uuid::now_v7(),
                new.id,
                stage,
                JobState::Waiting,
                now
            )?;
        }
        let first = std::iter::once(Stage::Ingest);
        let ready = ready_stages(&mut tx, new.id, first, None, now).await?;
        tx.commit().await?;
        Ok(ready.iter().map(Job::message).collect())
    }

    /// The report, or `None`.
    pub async fn report(&self, id: Uuid) -> Result<Option<Report>, StoreError> {
        let row = read!(
            self,
            fetch_optional,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE id = $1"
            )),
            id
        )?;
        Ok(row.map(Report::from))
    }

    /// The newest reports first, at most `limit`, older than `before` if that is given.
    pub async fn reports(
        &self,
        before: Option<Uuid>,
        limit: u32,
    ) -> Result<Vec<Report>, StoreError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE $1 IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
            )),
            before,
            i64::from(limit)
        )?;
        Ok(rows.into_iter().map(Report::from).collect())
    }

    /// Which reports with ids from `oldest` to `newest`, both included, have a file of this kind.
    pub async fn reports_with_file(
        &self,
        kind: FileKind,
        oldest: Uuid,
        newest: Uuid,
    ) -> Result<HashSet<Uuid>, StoreError> {
        let ids = read!(
            self,
            fetch_all,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT DISTINCT report_id FROM files
                 WHERE report_id BETWEEN $1 AND $2 AND kind = $3"
            ),
            oldest,
            newest,
            kind
        )?;
        Ok(ids.into_iter().collect())
    }

    /// All files of a report, oldest first.
    pub async fn files(&self, report: Uuid) -> Result<Vec<StoredFile>, StoreError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, FileRow>(concat!(
                "SELECT ",
                file_columns!(),
                " FROM files WHERE report_id = $1 ORDER BY id"
            )),
            report
        )?;
        Ok(rows.into_iter().map(StoredFile::from).collect())
    }

    /// The newest file of this kind, or `None`.
    pub async fn file(
        &self,
        report: Uuid,
        kind: FileKind,
    ) -> Result<Option<StoredFile>, StoreError> {
        let row = read!(
            self,
            fetch_optional,
            sqlx::query_as::<_, FileRow>(concat!(
                "SELECT ",
                file_columns!(),
                " FROM files WHERE report_id = $1 AND kind = $2 ORDER BY id DESC LIMIT 1"
            )),
            report,
            kind
        )?;
        Ok(row.map(StoredFile::from))
    }
}

/// Adds file rows in a running transaction.
pub(super) async fn insert_files(
    tx: &mut Tx,
    report: Uuid,
    files: &[StoredFile],
) -> Result<(), StoreError> {
    for file in files {
        execute!(
            tx,
            sqlx::query(
                "INSERT INTO files (id, report_id, kind, key, name, size_bytes, sha256)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)"
            ),
            Uuid::now_v7(),
            report,
            file.kind,
            &file.key,
            &file.name,
            i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
            &file.sha256
        )?;
    }
    Ok(())
}
