//! Jobs as an operator looks at them: list, inspect, replay the dead ones.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, fetch, read};
use super::jobs::{JobRow, MessageRow, job_columns, lock_report, update_report_state};
use super::messages::REPUBLISH;
use super::{Store, StoreError};
use crate::domain::failure::Failure;
use crate::domain::job::{Job, JobMessage, JobState, Stage};

/// Which jobs to list; `None` takes all.
#[derive(Debug, Clone, Copy, Default)]
pub struct JobFilter {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs of this stage.
    pub stage: Option<Stage>,
    /// Only jobs of this report.
    pub report: Option<Uuid>,
}

impl Store {
    /// Up to `limit` jobs, those of the newest reports first.
    pub async fn list_jobs(&self, filter: &JobFilter, limit: u32) -> Result<Vec<Job>, StoreError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR stage = $2)
                    AND ($3 IS NULL OR report_id = $3)
                  ORDER BY report_id DESC, stage LIMIT $4"
            )),
            filter.state,
            filter.stage,
            filter.report,
            i64::from(limit)
        )?;
        Ok(rows.into_iter().map(Job::from).collect())
    }

    /// The job, or `None`.
    pub async fn job(&self, id: Uuid) -> Result<Option<Job>, StoreError> {
        let row = read!(
            self,
            fetch_optional,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE id = $1"
            )),
            id
        )?;
        Ok(row.map(Job::from))
    }

    /// Queues a dead job again, with all its attempts before it, and with the model it had. `None` if
    /// it is not dead.
    /// Returns the message to publish.
    pub async fn replay(
        &self,
        job: Uuid,
        now: DateTime<Utc>,
    ) -> Result<Option<JobMessage>, StoreError> {
        let Some(report) = self.job(job).await?.map(|job| job.report_id) else {
            return Ok(None);
        };
        let mut tx = self.begin().await?;
        lock_report(&mut tx, report).await?;
        let row = fetch!(
            &mut tx,
            fetch_optional,
            sqlx::query_as::<_, MessageRow>(
                "UPDATE jobs SET state = 'queued', attempt = 0, not_before = $1, publish_due = $2,
                        messages = 0, finished_at = NULL, progress = 0, worker = NULL
                 WHERE id = $3 AND state = 'dead' RETURNING id, stage, token"
            ),
            now,
            now + REPUBLISH,
            job
        )?;
        let Some(message) = row.map(JobMessage::from) else { return Ok(None) };
        forget_failure(&mut tx, report).await?;
        tx.commit().await?;
        Ok(Some(message))
    }
}

/// Gives a report the reason of another dead job, or none, and the state that follows.
async fn forget_failure(tx: &mut Tx, report: Uuid) -> Result<(), StoreError> {
    let other = fetch!(
        tx,
        fetch_optional,
        sqlx::query_scalar::<_, Option<Json<Failure>>>(
            "SELECT error FROM jobs WHERE report_id = $1 AND state = 'dead'
             ORDER BY finished_at LIMIT 1"
        ),
        report
    )?;
    let other = other.flatten().map(|Json(failure)| failure);
    update_report_state(tx, report, other.as_ref()).await
}
