//! Claiming tasks and keeping their leases.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::engine::{returning, write};
use super::tasks::{TaskRow, task_columns};
use super::{Database, DbError, Lost};
use crate::task::{Hint, RetryPolicy, Stage, Task};

/// A task is taken so much before its time. The processes' clocks differ by as much as it took the
/// database to tell them the time, and a hint is often quicker than that: refused, it would come
/// again only after half a minute.
const EARLY: Duration = Duration::from_secs(1);

/// Who claims.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    /// The worker's name.
    pub worker: &'a str,
    /// How long it may be silent before the task is somebody else's.
    pub lease: Duration,
}

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

impl Claim {
    /// The claim that a task's row holds.
    pub(super) fn of(task: &Task) -> Self {
        Self {
            task_id: task.id,
            report_id: task.report_id,
            stage: task.stage,
            attempt: task.attempt,
            token: task.token,
        }
    }
}

impl Database {
    /// Claims the task that a hint speaks of, or `None` if the hint is out of date: the task is
    /// not due, is somebody else's, or is over.
    ///
    /// A task whose lease ran out is due as well: its holder died or hangs, and the new token
    /// fences it off. One that took every holder with it, as often as the policy allows, is buried
    /// here: without this, a file that kills its worker would be claimed for ever.
    pub async fn claim(
        &self,
        hint: &Hint,
        claimant: &Claimant<'_>,
        policy: &RetryPolicy,
        now: DateTime<Utc>,
    ) -> Result<Option<Claim>, DbError> {
        let row = returning!(
            self,
            fetch_optional,
            sqlx::query_as::<_, TaskRow>(concat!(
                "UPDATE tasks SET state = 'running', attempt = attempt + 1, token = token + 1,
                        worker = $1, lease_until = $2, hint_due = $2, hints = 0, started_at = $3,
                        progress = 0
                 WHERE id = $4 AND token = $5 AND attempt < $6
                   AND ((state = 'queued' AND not_before <= $7)
                     OR (state = 'running' AND lease_until <= $3))
                 RETURNING ",
                task_columns!()
            )),
            claimant.worker,
            now + claimant.lease,
            now,
            hint.task_id,
            hint.token,
            i64::from(policy.max_attempts),
            now + EARLY
        )?;
        if row.is_none() {
            self.bury_exhausted(hint, policy.max_attempts, now).await?;
        }
        Ok(row.map(|row| Claim::of(&row.into())))
    }

    /// Extends a lease and tells how far the work is.
    pub async fn renew(
        &self,
        claim: &Claim,
        lease: Duration,
        progress: f32,
        now: DateTime<Utc>,
    ) -> Result<Result<(), Lost>, DbError> {
        let held = write!(
            self,
            sqlx::query(
                "UPDATE tasks SET lease_until = $1, hint_due = $1, hints = 0, progress = $2
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now + lease,
            f64::from(progress),
            claim.task_id,
            claim.token
        )?;
        Ok(if held == 1 { Ok(()) } else { Err(Lost) })
    }
}
