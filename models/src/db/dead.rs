//! Tasks as an operator looks at them: list, inspect, replay the dead ones.

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, fetch, read};
use super::hints::REHINT;
use super::tasks::{HintRow, TaskRow, lock_report, task_columns, update_report_state};
use super::{Database, DbError};
use crate::failure::Failure;
use crate::task::{Hint, Stage, Task, TaskState};

/// Which tasks to list; `None` takes all.
#[derive(Debug, Clone, Copy, Default)]
pub struct TaskFilter {
    /// Only tasks in this state.
    pub state: Option<TaskState>,
    /// Only tasks of this stage.
    pub stage: Option<Stage>,
    /// Only tasks of this report.
    pub report: Option<Uuid>,
}

impl Database {
    /// Up to `limit` tasks, those of the newest reports first.
    pub async fn list_tasks(&self, filter: &TaskFilter, limit: u32) -> Result<Vec<Task>, DbError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, TaskRow>(concat!(
                "SELECT ",
                task_columns!(),
                " FROM tasks WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR stage = $2)
                    AND ($3 IS NULL OR report_id = $3)
                  ORDER BY report_id DESC, stage LIMIT $4"
            )),
            filter.state,
            filter.stage,
            filter.report,
            i64::from(limit)
        )?;
        Ok(rows.into_iter().map(Task::from).collect())
    }

    /// The task, or `None`.
    pub async fn task(&self, id: Uuid) -> Result<Option<Task>, DbError> {
        let row = read!(
            self,
            fetch_optional,
            sqlx::query_as::<_, TaskRow>(concat!(
                "SELECT ",
                task_columns!(),
                " FROM tasks WHERE id = $1"
            )),
            id
        )?;
        Ok(row.map(Task::from))
    }

    /// Queues a dead task again, with all its attempts before it, and with the model it had. `None` if
    /// it is not dead.
    /// Returns the hint to publish.
    pub async fn replay(&self, task: Uuid, now: DateTime<Utc>) -> Result<Option<Hint>, DbError> {
        let Some(report) = self.task(task).await?.map(|task| task.report_id) else {
            return Ok(None);
        };
        let mut tx = self.begin().await?;
        lock_report(&mut tx, report).await?;
        let row = fetch!(
            &mut tx,
            fetch_optional,
            sqlx::query_as::<_, HintRow>(
                "UPDATE tasks SET state = 'queued', attempt = 0, not_before = $1, hint_due = $2,
                        hints = 0, finished_at = NULL, progress = 0, worker = NULL
                 WHERE id = $3 AND state = 'dead' RETURNING id, stage, token"
            ),
            now,
            now + REHINT,
            task
        )?;
        let Some(hint) = row.map(Hint::from) else { return Ok(None) };
        forget_failure(&mut tx, report).await?;
        tx.commit().await?;
        Ok(Some(hint))
    }
}

/// Gives a report the reason of another dead task, or none, and the state that follows.
async fn forget_failure(tx: &mut Tx, report: Uuid) -> Result<(), DbError> {
    let other = fetch!(
        tx,
        fetch_optional,
        sqlx::query_scalar::<_, Option<Json<Failure>>>(
            "SELECT error FROM tasks WHERE report_id = $1 AND state = 'dead'
             ORDER BY finished_at LIMIT 1"
        ),
        report
    )?;
    let other = other.flatten().map(|Json(failure)| failure);
    update_report_state(tx, report, other.as_ref()).await
}
