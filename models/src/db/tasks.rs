//! Claiming tasks, keeping their leases, and giving them up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::{Database, DbError};
use crate::failure::{Failure, FailureCode};
use crate::report::ReportState;
use crate::task::{RetryPolicy, Stage, Task, TaskState, Verdict};

/// A task held under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The task.
    pub task_id: Uuid,
    /// The report it works for.
    pub report_id: Uuid,
    /// Which step it is.
    pub stage: Stage,
    /// Which attempt this is; 1 is the first.
    pub attempt: u32,
    /// Fencing token: what this claim may commit with, and only while it is the latest.
    pub token: i64,
}

/// Somebody else holds the task now. Whoever reads this stops working and commits nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease was lost")]
pub struct Lost;

#[derive(FromRow)]
struct TaskRow {
    id: Uuid,
    report_id: Uuid,
    stage: Stage,
    state: TaskState,
    attempt: i64,
    token: i64,
    progress: f64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    work_ms: Option<i64>,
    error: Option<Json<Failure>>,
}

impl From<TaskRow> for Task {
    fn from(row: TaskRow) -> Self {
        Self {
            id: row.id,
            report_id: row.report_id,
            stage: row.stage,
            state: row.state,
            attempt: u32::try_from(row.attempt).unwrap_or(u32::MAX),
            token: row.token,
            #[expect(clippy::cast_possible_truncation, reason = "a fraction for display")]
            progress: row.progress as f32,
            started_at: row.started_at,
            finished_at: row.finished_at,
            work_ms: row.work_ms.map(i64::unsigned_abs),
            error: row.error.map(|Json(value)| value),
        }
    }
}

impl Database {
    /// Claims the most urgent task of these stages that is due, or `None`.
    ///
    /// A task whose lease ran out is due as well: its holder died or hangs, and the new token
    /// fences it off.
    pub async fn claim(
        &self,
        stages: &[Stage],
        worker: &str,
        lease: Duration,
        now: DateTime<Utc>,
    ) -> Result<Option<Claim>, DbError> {
        let [ingest, transcode, transcribe, archive] =
            Stage::ALL.map(|stage| stages.contains(&stage).then_some(stage));
        let mut tx = self.write().await?;
        let row: Option<TaskRow> = sqlx::query_as(
            "UPDATE tasks SET state = 'running', attempt = attempt + 1, token = token + 1,
                    worker = $1, lease_until = $2, started_at = $3, progress = 0
             WHERE id = (
                 SELECT id FROM tasks
                 WHERE ((state = 'queued' AND not_before <= $3)
                     OR (state = 'running' AND lease_until < $3))
                   AND stage IN ($4, $5, $6, $7)
                 ORDER BY priority, report_id LIMIT 1)
             RETURNING id, report_id, stage, state, attempt, token, progress, started_at,
                       finished_at, work_ms, error",
        )
        .bind(worker)
        .bind(now + lease)
        .bind(now)
        .bind(ingest)
        .bind(transcode)
        .bind(transcribe)
        .bind(archive)
        .fetch_optional(&mut *tx)
        .await?;
        let Some(task) = row.map(Task::from) else { return Ok(None) };
        update_report_state(&mut tx, task.report_id).await?;
        tx.commit().await?;
        Ok(Some(Claim {
            task_id: task.id,
            report_id: task.report_id,
            stage: task.stage,
            attempt: task.attempt,
            token: task.token,
        }))
    }

    /// Extends a lease and tells how far the work is.
    pub async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        progress: f32,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Lost>, DbError> {
        let held = sqlx::query(
            "UPDATE tasks SET lease_until = $1, progress = $2
             WHERE id = $3 AND token = $4 AND state = 'running'",
        )
        .bind(now + lease)
        .bind(progress)
        .bind(claim.task_id)
        .bind(claim.token)
        .execute(&self.pool)
        .await?;
        Ok(if held.rows_affected() == 1 { Ok(()) } else { Err(Lost) })
    }

    /// Ends an attempt that failed: the task is tried again later, or is dead with its reason.
    pub async fn fail(
        &self,
        claim: &Claim,
        failure: &Failure,
        policy: &RetryPolicy,
        now: DateTime<Utc>,
    ) -> Result<Result<Verdict, Lost>, DbError> {
        let verdict = policy.judge(claim.attempt, failure);
        let (state, not_before, finished_at) = match verdict {
            Verdict::RetryAfter(delay) => (TaskState::Queued, now + delay, None),
            Verdict::Dead => (TaskState::Dead, now, Some(now)),
        };
        let mut tx = self.write().await?;
        let held = sqlx::query(
            "UPDATE tasks SET state = $1, not_before = $2, finished_at = $3, error = $4,
                    worker = NULL, lease_until = NULL
             WHERE id = $5 AND token = $6 AND state = 'running'",
        )
        .bind(state)
        .bind(not_before)
        .bind(finished_at)
        .bind(Json(failure))
        .bind(claim.task_id)
        .bind(claim.token)
        .execute(&mut *tx)
        .await?;
        if held.rows_affected() == 0 {
            return Ok(Err(Lost));
        }
        if verdict == Verdict::Dead {
            sqlx::query("UPDATE reports SET failure = $1 WHERE id = $2")
                .bind(Json(failure))
                .bind(claim.report_id)
                .execute(&mut *tx)
                .await?;
        }
        update_report_state(&mut tx, claim.report_id).await?;
        tx.commit().await?;
        Ok(Ok(verdict))
    }

    /// Gives a task back unharmed, because this worker stops. The attempt does not count.
    pub async fn hand_back(&self, claim: &Claim, now: DateTime<Utc>) -> Result<(), DbError> {
        sqlx::query(
            "UPDATE tasks SET state = 'queued', not_before = $1, attempt = attempt - 1,
                    worker = NULL, lease_until = NULL, progress = 0
             WHERE id = $2 AND token = $3 AND state = 'running'",
        )
        .bind(now)
        .bind(claim.task_id)
        .bind(claim.token)
        .execute(&self.pool)
        .await?;
        Ok(())
    }

    /// Buries tasks whose holders vanished as often as the policy allows. Without this, a file
    /// that kills its worker would be claimed for ever.
    pub async fn bury_abandoned(
        &self,
        policy: &RetryPolicy,
        now: DateTime<Utc>,
    ) -> Result<u32, DbError> {
        let mut buried = 0;
        let rows: Vec<TaskRow> = sqlx::query_as(
            "SELECT id, report_id, stage, state, attempt, token, progress, started_at,
                    finished_at, work_ms, error
             FROM tasks WHERE state = 'running' AND lease_until < $1 AND attempt >= $2",
        )
        .bind(now)
        .bind(policy.max_attempts)
        .fetch_all(&self.pool)
        .await?;
        for task in rows.into_iter().map(Task::from) {
            let claim = Claim {
                task_id: task.id,
                report_id: task.report_id,
                stage: task.stage,
                attempt: task.attempt,
                token: task.token,
            };
            let failure = Failure::new(
                FailureCode::ChildCrashed,
                format!("the worker vanished in each of {} attempts", task.attempt),
            );
            buried += u32::from(self.fail(&claim, &failure, policy, now).await?.is_ok());
        }
        Ok(buried)
    }

    /// The tasks of a report, in the order of the stages.
    pub async fn tasks(&self, report: Uuid) -> Result<Vec<Task>, DbError> {
        let rows: Vec<TaskRow> = sqlx::query_as(
            "SELECT id, report_id, stage, state, attempt, token, progress, started_at,
                    finished_at, work_ms, error
             FROM tasks WHERE report_id = $1",
        )
        .bind(report)
        .fetch_all(&self.pool)
        .await?;
        let mut tasks: Vec<Task> = rows.into_iter().map(Task::from).collect();
        tasks.sort_by_key(|task| task.stage);
        Ok(tasks)
    }
}

/// Writes the state that the report's tasks now add up to.
pub(super) async fn update_report_state(
    tx: &mut sqlx::SqliteConnection,
    report: Uuid,
) -> Result<(), DbError> {
    let states: Vec<TaskState> = sqlx::query_scalar("SELECT state FROM tasks WHERE report_id = $1")
        .bind(report)
        .fetch_all(&mut *tx)
        .await?;
    sqlx::query("UPDATE reports SET state = $1 WHERE id = $2")
        .bind(ReportState::from_tasks(states))
        .bind(report)
        .execute(tx)
        .await?;
    Ok(())
}
