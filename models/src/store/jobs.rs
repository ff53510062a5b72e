//! Job rows as they are read.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, execute, fetch, read};
use super::{Store, StoreError};
use crate::domain::failure::Failure;
use crate::domain::job::{Job, JobMessage, JobState, Stage};
use crate::domain::report::ReportState;

/// The columns of [`JobRow`].
macro_rules! job_columns {
    () => {
        "id, report_id, stage, state, attempt, token, worker, progress, started_at, finished_at,
         work_ms, error, model"
    };
}
pub(super) use job_columns;

#[derive(FromRow)]
pub(super) struct JobRow {
    id: Uuid,
    report_id: Uuid,
    stage: Stage,
    state: JobState,
    attempt: i64,
    token: i64,
    worker: Option<String>,
    progress: f64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    work_ms: Option<i64>,
    error: Option<Json<Failure>>,
    model: Option<String>,
}

impl From<JobRow> for Job {
    fn from(row: JobRow) -> Self {
        Self {
            id: row.id,
            report_id: row.report_id,
            stage: row.stage,
            state: row.state,
            attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
            token: row.token,
            worker: row.worker,
            #[expect(clippy::cast_possible_truncation, reason = "a fraction for display")]
            progress: row.progress as f32,
            started_at: row.started_at,
            finished_at: row.finished_at,
            work_ms: row.work_ms.map(i64::unsigned_abs),
            error: row.error.map(|Json(value)| value),
            model: row.model,
        }
    }
}

#[derive(FromRow)]
pub(super) struct MessageRow {
    id: Uuid,
    stage: Stage,
    token: i64,
}

impl From<MessageRow> for JobMessage {
    fn from(row: MessageRow) -> Self {
        Self { job_id: row.id, stage: row.stage, token: row.token }
    }
}

impl Store {
    /// The jobs of a report, in the order of the stages.
    pub async fn jobs(&self, report: Uuid) -> Result<Vec<Job>, StoreError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE report_id = $1"
            )),
            report
        )?;
        let mut jobs: Vec<Job> = rows.into_iter().map(Job::from).collect();
        jobs.sort_by_key(|job| job.stage);
        Ok(jobs)
    }
}

/// Locks a report's row until the transaction ends. On PostgreSQL, stages that end at the same
/// time would otherwise not see each other, and none would queue what waits for both. SQLite has
/// one writer anyway.
pub(super) async fn lock_report(tx: &mut Tx, report: Uuid) -> Result<(), StoreError> {
    if let Tx::Postgres(tx) = tx {
        sqlx::query("SELECT 1 FROM reports WHERE id = $1 FOR UPDATE")
            .bind(report)
            .execute(&mut **tx)
            .await?;
    }
    Ok(())
}

/// The states of a report's jobs.
pub(super) async fn job_states(tx: &mut Tx, report: Uuid) -> Result<Vec<JobState>, StoreError> {
    Ok(fetch!(
        tx,
        fetch_all,
        sqlx::query_scalar::<_, JobState>("SELECT state FROM jobs WHERE report_id = $1"),
        report
    )?)
}

/// Writes the state that the report's jobs now add up to, and why it failed. A report that can be
/// read stays as it is: what happens to its jobs then is the operator's business, not the reader's.
pub(super) async fn update_report_state(
    tx: &mut Tx,
    report: Uuid,
    failure: Option<&Failure>,
) -> Result<(), StoreError> {
    let states = job_states(tx, report).await?;
    execute!(
        tx,
        sqlx::query(
            "UPDATE reports SET state = $1, failure = $2 WHERE id = $3 AND state <> 'ready'"
        ),
        ReportState::from_jobs(states),
        failure.map(Json),
        report
    )?;
    Ok(())
}
