//! What the queue must be told, and when. The task row is the outbox: what makes a task ready also
//! sets the time at which a hint is due, in the same transaction.
//!
//! Whoever commits also publishes, at once. Only what went missing (the process died in between,
//! the broker was away, its queues were purged, a lease ran out) is found here later.
//!
//! A row's `hints` says how often its hint is known to have been published. What never was, is due at
//! `hint_due`. What was, waits in the queue or is lost, and the row cannot tell which. It is due as well
//! if the stage's queue is empty; else only when it has been unanswered for very long. So a task costs
//! the same however many wait before it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Engine, Tx, execute, fetch, read, write};
use super::tasks::{HintRow, TaskRow, task_columns};
use super::{Claimant, Database, DbError};
use crate::task::{Hint, Stage, Task, TaskState};

/// A task that is still queued this long after its hint was published is hinted again, if the hint
/// cannot be among those that wait.
pub(super) const REHINT: Duration = Duration::from_secs(30);

/// Where hints wait, one that was published may be among them, or lost before they came. It is held
/// back for so long, and longer each time.
const HELD_BACK: Duration = Duration::from_mins(10);

/// How many times longer. The longest is about eleven hours.
const EACH_TIME: u32 = 4;

/// More publications than this are not counted. [`Database::unanswered`] looks for each count.
const MOST_HINTS: i64 = 4;

/// Hints of a stage that were published, equally often, and that nobody has answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered {
    /// The stage.
    pub stage: Stage,
    /// Since when the first of them is due, if it is lost.
    pub since: DateTime<Utc>,
    hints: i64,
}

impl Unanswered {
    /// Those that are due since then are to be published again, if so many hints wait for the stage.
    /// `None` is for a queue that cannot tell.
    pub fn lost_since(&self, waiting: Option<u64>, now: DateTime<Utc>) -> DateTime<Utc> {
        let first = match waiting {
            Some(0) => return now,
            Some(_) => HELD_BACK,
            None => REHINT,
        };
        let times = u32::try_from(self.hints - 1).unwrap_or(0);
        now - first * EACH_TIME.saturating_pow(times)
    }
}

/// Takes the hints that a condition describes, oldest first: `take!(db, "…", until, limit, next due,
/// hints then, more binds…)`.
macro_rules! take {
    ($db:expr, $which:literal $(, $bind:expr)* $(,)?) => {
        match &$db.engine {
            Engine::Sqlite { write, .. } => {
                sqlx::query_as::<_, HintRow>(take!(@ $which, ""))
                    $(.bind($bind))*.fetch_all(write).await
            }
            // Others that look at the same time take other rows.
            Engine::Postgres(pool) => {
                sqlx::query_as::<_, HintRow>(take!(@ $which, " FOR UPDATE SKIP LOCKED"))
                    $(.bind($bind))*.fetch_all(pool).await
            }
        }
    };
    (@ $which:literal, $lock:literal) => {
        concat!(
            "WITH due AS (SELECT id FROM tasks WHERE ", $which, " AND hint_due <= $1
                          ORDER BY hint_due LIMIT $2", $lock, ")
             UPDATE tasks SET hint_due = $3, hints = $4 WHERE id IN (SELECT id FROM due)
             RETURNING id, stage, token"
        )
    };
}

/// The statement of [`Database::hints_published`], for each engine's way to hand over a list. A token
/// changes with every claim, so what fits has not been answered.
macro_rules! published {
    ($list:literal, $id:literal, $token:literal) => {
        concat!(
            "UPDATE tasks
             SET hints = 1, hint_due = CASE WHEN hint_due > $1 THEN hint_due ELSE $2 END
             FROM ",
            $list,
            "
             WHERE tasks.id = ",
            $id,
            " AND tasks.token = ",
            $token,
            "
               AND hints = 0 AND hint_due IS NOT NULL"
        )
    };
}

impl Database {
    /// Takes up to `limit` hints that are due and were not published, the oldest, and counts them as
    /// published. If the caller cannot publish them, it says so with [`Self::hint_soon`].
    pub async fn due_hints(&self, limit: u32, now: DateTime<Utc>) -> Result<Vec<Hint>, DbError> {
        let rows = take!(self, "hints = 0", now, i64::from(limit), now + REHINT, 1_i64)?;
        Ok(rows.into_iter().map(Hint::from).collect())
    }

    /// What was published and is due again, if it is lost. Looks at the oldest alone, so this is quick
    /// however many they are.
    pub async fn unanswered(&self, now: DateTime<Utc>) -> Result<Vec<Unanswered>, DbError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, (Stage, i64, Option<DateTime<Utc>>)>(
                "WITH stages (stage) AS (VALUES ('ingest'), ('transcode'), ('transcribe'), ('archive')),
                      counts (hints) AS (VALUES (CAST(1 AS bigint)), (2), (3), (4))
                 SELECT stage, hints,
                        (SELECT hint_due FROM tasks
                         WHERE hints > 0 AND tasks.stage = stages.stage
                           AND tasks.hints = counts.hints AND hint_due <= $1
                         ORDER BY hint_due LIMIT 1)
                 FROM stages CROSS JOIN counts"
            ),
            now
        )?;
        let due = rows.into_iter().filter_map(|(stage, hints, since)| {
            since.map(|since| Unanswered { stage, since, hints })
        });
        Ok(due.collect())
    }

    /// Like [`Self::due_hints`], for those of `which` that are due since `lost_since` or longer.
    pub async fn lost_hints(
        &self,
        which: &Unanswered,
        lost_since: DateTime<Utc>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<Hint>, DbError> {
        let rows = take!(
            self,
            "hints > 0 AND stage = $5 AND hints = $6",
            lost_since,
            i64::from(limit),
            now + REHINT,
            MOST_HINTS.min(which.hints + 1),
            which.stage,
            which.hints
        )?;
        Ok(rows.into_iter().map(Hint::from).collect())
    }

    /// Says that hints were published which whoever committed them has published. Those that are
    /// answered already count no more.
    pub async fn hints_published(&self, hints: &[Hint], now: DateTime<Utc>) -> Result<(), DbError> {
        match &self.engine {
            Engine::Sqlite { write, .. } => {
                let hints =
                    hints.iter().map(|hint| (hint.task_id.simple().to_string(), hint.token));
                let hints = Json(hints.collect::<Vec<_>>());
                sqlx::query(published!(
                    "json_each($3) AS hint",
                    "unhex(value ->> 0)",
                    "value ->> 1"
                ))
                .bind(now)
                .bind(now + REHINT)
                .bind(hints)
                .execute(write)
                .await?;
            }
            Engine::Postgres(pool) => {
                let (ids, tokens): (Vec<_>, Vec<_>) =
                    hints.iter().map(|hint| (hint.task_id, hint.token)).unzip();
                sqlx::query(published!(
                    "unnest($3::uuid[], $4::bigint[]) AS hint (id, token)",
                    "hint.id",
                    "hint.token"
                ))
                .bind(now)
                .bind(now + REHINT)
                .bind(ids)
                .bind(tokens)
                .execute(pool)
                .await?;
            }
        }
        Ok(())
    }

    /// Makes a hint due now: it could not be published.
    pub async fn hint_soon(&self, hints: &[Hint], now: DateTime<Utc>) -> Result<(), DbError> {
        let mut tx = self.begin().await?;
        for hint in hints {
            execute!(
                &mut tx,
                sqlx::query(
                    "UPDATE tasks SET hint_due = $1, hints = 0 WHERE id = $2 AND token = $3
                     AND ((state = 'queued' AND not_before <= $1)
                       OR (state = 'running' AND lease_until <= $1))"
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
