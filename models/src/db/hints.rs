//! What the queue must be told, and when. The task row is the outbox: what makes a task ready also
//! sets the time at which a hint is due, in the same transaction.
//!
//! Whoever commits also publishes, at once. Only what went missing (the process died in between,
//! the broker was away, its queues were purged, a lease ran out) is found here later.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::engine::{Tx, execute, fetch, write};
use super::tasks::HintRow;
use super::{Database, DbError};
use crate::task::Hint;

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

/// The hints of tasks that were just made ready, with their hints put off: the caller publishes.
pub(super) async fn queue_stage(
    tx: &mut Tx,
    report: Uuid,
    stage: crate::task::Stage,
    now: DateTime<Utc>,
) -> Result<Option<Hint>, DbError> {
    let mut needs = stage.needs().iter().copied();
    let row = fetch!(
        tx,
        fetch_optional,
        sqlx::query_as::<_, HintRow>(
            "UPDATE tasks SET state = 'queued', not_before = $1, hint_due = $2, hints = 0
             WHERE report_id = $3 AND stage = $4 AND state = 'waiting'
               AND NOT EXISTS (SELECT 1 FROM tasks AS need WHERE need.report_id = $3
                               AND need.stage IN ($5, $6) AND need.state <> 'done')
             RETURNING id, stage, token"
        ),
        now,
        now + REHINT,
        report,
        stage,
        needs.next(),
        needs.next()
    )?;
    Ok(row.map(Hint::from))
}
