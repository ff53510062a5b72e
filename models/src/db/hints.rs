//! What the queue must be told, and when. The task row is the outbox: what makes a task ready also
//! sets the time at which a hint is due, in the same transaction.
//!
//! Whoever commits also publishes, at once. Only what went missing (the process died in between,
//! the broker was away, its queues were purged, a lease ran out) is found here later.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::engine::{Tx, execute, fetch, write};
use super::tasks::{HintRow, TaskRow, task_columns};
use super::{Claimant, Database, DbError};
use crate::task::{Hint, Stage, Task, TaskState};

/// A task that is still queued this long after its hint was published is hinted again.
pub(super) const REHINT: Duration = Duration::from_secs(30);

/// The waiting doubles so often, up to about two hours: a long queue is no lost message.
const MAX_DOUBLINGS: i64 = 8;

impl Database {
    /// Takes up to `limit` hints that are due, oldest first, and puts their next time off. If the
    /// caller cannot publish them, it says so with [`Self::hint_soon`].
    pub async fn due_hints(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<Hint>, DbError> {
        let mut tx = self.begin().await?;
        let due = due(&mut tx, limit, now).await?;
        for (task, hints) in &due {
            let next = now + REHINT * (1 << (*hints).clamp(0, MAX_DOUBLINGS));
            execute!(
                &mut tx,
                sqlx::query("UPDATE tasks SET hint_due = $1, hints = hints + 1 WHERE id = $2"),
                next,
                task.task_id
            )?;
        }
        tx.commit().await?;
        Ok(due.into_iter().map(|(task, _)| task).collect())
    }

    /// Makes a hint due now: it could not be published.
    pub async fn hint_soon(&self, hints: &[Hint], now: DateTime<Utc>) -> Result<(), DbError> {
        let mut tx = self.begin().await?;
        for hint in hints {
            execute!(
                &mut tx,
                sqlx::query(
                    "UPDATE tasks SET hint_due = $1 WHERE id = $2 AND token = $3
                     AND state = 'queued' AND not_before <= $1"
                ),
                now,
                hint.task_id,
                hint.token
            )?;
        }
        tx.commit().await
    }

    /// Makes every task that could run due for a hint, and ends every lease. For an embedded
    /// installation that is opened: its queue was in memory, and no other process has it open, so
    /// whoever held a lease is gone.
    pub async fn recover(&self, now: DateTime<Utc>) -> Result<(), DbError> {
        write!(
            self,
            sqlx::query(
                "UPDATE tasks SET hint_due = CASE WHEN not_before > $1 THEN not_before ELSE $1 END,
                        hints = 0,
                        lease_until = CASE WHEN state = 'running' THEN $1 ELSE NULL END
                 WHERE state IN ('queued', 'running')"
            ),
            now
        )?;
        Ok(())
    }
}

#[derive(sqlx::FromRow)]
struct DueRow {
    #[sqlx(flatten)]
    hint: HintRow,
    hints: i64,
}

async fn due(tx: &mut Tx, limit: u32, now: DateTime<Utc>) -> Result<Vec<(Hint, i64)>, DbError> {
    let limit = i64::from(limit);
    let rows: Vec<DueRow> = match tx {
        // Others that look at the same time take other rows.
        Tx::Postgres(tx) => {
            sqlx::query_as(
                "SELECT id, stage, token, hints FROM tasks WHERE hint_due <= $1
                 ORDER BY hint_due LIMIT $2 FOR UPDATE SKIP LOCKED",
            )
            .bind(now)
            .bind(limit)
            .fetch_all(&mut **tx)
            .await?
        }
        Tx::Sqlite(_) => fetch!(
            tx,
            fetch_all,
            sqlx::query_as(
                "SELECT id, stage, token, hints FROM tasks WHERE hint_due <= $1
                 ORDER BY hint_due LIMIT $2"
            ),
            now,
            limit
        )?,
    };
    Ok(rows.into_iter().map(|row| (Hint::from(row.hint), row.hints)).collect())
}

/// Readies those of `stages`, at most two with the same needs, that wait for nothing any more: they
/// are held by `holder` from now on, or queued with the next hint put off, and the caller publishes.
pub(super) async fn ready_stages(
    tx: &mut Tx,
    report: Uuid,
    mut stages: impl Iterator<Item = Stage>,
    holder: Option<&Claimant<'_>>,
    now: DateTime<Utc>,
) -> Result<Vec<Task>, DbError> {
    let Some(first) = stages.next() else { return Ok(Vec::new()) };
    let mut needs = first.needs().iter().copied();
    let lease_until = holder.map(|holder| now + holder.lease);
    let rows = fetch!(
        tx,
        fetch_all,
        sqlx::query_as::<_, TaskRow>(concat!(
            "UPDATE tasks SET state = $1, not_before = $2, hint_due = $3, hints = 0, worker = $4,
                    lease_until = $5, started_at = $6, attempt = attempt + $7, token = token + $7
             WHERE report_id = $8 AND stage IN ($9, $10) AND state = 'waiting'
               AND NOT EXISTS (SELECT 1 FROM tasks AS need WHERE need.report_id = $8
                               AND need.stage IN ($11, $12) AND need.state <> 'done')
             RETURNING ",
            task_columns!()
        )),
        if holder.is_some() { TaskState::Running } else { TaskState::Queued },
        now,
        lease_until.unwrap_or(now + REHINT),
        holder.map(|holder| holder.worker),
        lease_until,
        holder.map(|_| now),
        i64::from(holder.is_some()),
        report,
        first,
        stages.next(),
        needs.next(),
        needs.next()
    )?;
    Ok(rows.into_iter().map(Task::from).collect())
}
