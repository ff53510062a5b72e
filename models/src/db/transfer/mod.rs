//! Reports with all their rows, for moving them between installations. Rows are read and written as
//! they are stored: ids, times, tokens and versions stay what they were.

mod rows;
mod table;
#[cfg(test)]
mod tests;

use chrono::{DateTime, SubsecRound, Utc};
use uuid::Uuid;

use self::rows::{FileRow, PartialRow, ReportRow, TaskRow, TranscriptRow};
use super::engine::read;
use super::{Database, DbError};

/// PostgreSQL keeps microseconds. SQLite keeps what it is given.
const SUBSECOND_DIGITS: u16 = 6;

/// A report with all its rows.
#[derive(Debug, Clone, PartialEq)]
pub struct ReportRows {
    report: ReportRow,
    files: Vec<FileRow>,
    tasks: Vec<TaskRow>,
    transcripts: Vec<TranscriptRow>,
    partials: Vec<PartialRow>,
}

/// An object that a file row refers to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reference {
    /// Its key, as text.
    pub key: String,
    /// Its size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of its bytes, lowercase hex.
    pub sha256: String,
}

/// How much a database holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Extent {
    /// Reports.
    pub reports: u64,
    /// Files that reports refer to.
    pub files: u64,
    /// Size of these files together, in bytes.
    pub bytes: u64,
    /// Tasks.
    pub tasks: u64,
    /// Transcript versions.
    pub transcripts: u64,
    /// Segments of recognitions that are not finished.
    pub partials: u64,
}

impl ReportRows {
    /// The report's id.
    pub fn id(&self) -> Uuid {
        self.report.id
    }

    /// The objects that the report refers to.
    pub fn objects(&self) -> Vec<Reference> {
        let object = |file: &FileRow| Reference {
            key: file.key.clone(),
            size_bytes: file.size_bytes.unsigned_abs(),
            sha256: file.sha256.clone(),
        };
        self.files.iter().map(object).collect()
    }

    /// Whether both hold the same, apart from what only counts where tasks are run (leases, hints)
    /// and from times finer than every engine keeps. A running task equals a queued one: whoever
    /// ran it stays behind.
    pub fn same_as(&self, other: &Self) -> bool {
        self.clone().essence() == other.clone().essence()
    }

    fn essence(mut self) -> Self {
        let cut = |time: DateTime<Utc>| time.trunc_subsecs(SUBSECOND_DIGITS);
        self.report.created_at = cut(self.report.created_at);
        for task in &mut self.tasks {
            task.let_go();
            task.not_before = cut(task.not_before);
            task.started_at = task.started_at.map(cut);
            task.finished_at = task.finished_at.map(cut);
        }
        for transcript in &mut self.transcripts {
            transcript.created_at = cut(transcript.created_at);
        }
        self
    }
}

impl Database {
    /// The ids of up to `limit` reports, oldest first, newer than `after` if that is given.
    pub async fn report_ids(&self, after: Option<Uuid>, limit: u32) -> Result<Vec<Uuid>, DbError> {
        Ok(read!(
            self,
            fetch_all,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT id FROM reports WHERE $1 IS NULL OR id > $1 ORDER BY id LIMIT $2"
            ),
            after,
            i64::from(limit)
        )?)
    }

    /// A report with all its rows, or `None`. Nobody else may write to it meanwhile: the tables are
    /// read one after the other.
    pub async fn report_rows(&self, id: Uuid) -> Result<Option<ReportRows>, DbError> {
        let Some(report) = ReportRow::read(self, id).await?.pop() else { return Ok(None) };
        Ok(Some(ReportRows {
            report,
            files: FileRow::read(self, id).await?,
            tasks: TaskRow::read(self, id).await?,
            transcripts: TranscriptRow::read(self, id).await?,
            partials: PartialRow::read(self, id).await?,
        }))
    }

    /// Adds a report of another installation, completely or not at all, and durably. Running tasks
    /// are queued here. Says whether it was added: one that is here already stays as it is.
    ///
    /// # Errors
    ///
    /// [`DbError::Taken`] if another report has one of its rows.
    pub async fn adopt(&self, rows: &ReportRows, now: DateTime<Utc>) -> Result<bool, DbError> {
        let mut tx = self.begin_durable().await?;
        if !rows.report.write(&mut tx).await? {
            return Ok(false);
        }
        let mut whole = true;
        for file in &rows.files {
            whole &= file.write(&mut tx).await?;
        }
        for task in &rows.tasks {
            let mut task = task.clone();
            task.settle_in(now);
            whole &= task.write(&mut tx).await?;
        }
        for transcript in &rows.transcripts {
            whole &= transcript.write(&mut tx).await?;
        }
        for partial in &rows.partials {
            whole &= partial.write(&mut tx).await?;
        }
        if !whole {
            return Err(DbError::Taken(rows.id()));
        }
        tx.commit().await?;
        Ok(true)
    }

    /// Counts everything.
    pub async fn extent(&self) -> Result<Extent, DbError> {
        let (reports, files, bytes, tasks, transcripts, partials) = read!(
            self,
            fetch_one,
            sqlx::query_as::<_, (i64, i64, i64, i64, i64, i64)>(
                "SELECT (SELECT count(*) FROM reports), (SELECT count(*) FROM files),
                        (SELECT CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM files),
                        (SELECT count(*) FROM tasks), (SELECT count(*) FROM transcripts),
                        (SELECT count(*) FROM partial_segments)"
            )
        )?;
        Ok(Extent {
            reports: reports.unsigned_abs(),
            files: files.unsigned_abs(),
            bytes: bytes.unsigned_abs(),
            tasks: tasks.unsigned_abs(),
            transcripts: transcripts.unsigned_abs(),
            partials: partials.unsigned_abs(),
        })
    }

    /// How many tasks are running under a lease that has not run out: somebody works here.
    pub async fn leased_tasks(&self, now: DateTime<Utc>) -> Result<u64, DbError> {
        let count = read!(
            self,
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM tasks WHERE state = 'running' AND lease_until > $1"
            ),
            now
        )?;
        Ok(count.unsigned_abs())
    }
}
