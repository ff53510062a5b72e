//! Claiming jobs and keeping their leases.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::engine::{returning, write};
use super::jobs::{JobRow, job_columns};
use super::{Lost, Store, StoreError};
use crate::domain::job::{Job, JobMessage, RetryPolicy, Stage};

/// A job is taken so much before its time. The processes' clocks differ by as much as it took the
/// database to tell them the time, and a message is often quicker than that: refused, it would come
/// again only after half a minute.
const EARLY: Duration = Duration::from_secs(1);

/// Who claims.
#[derive(Debug, Clone, Copy)]
pub struct Claimant<'a> {
    /// The worker's name.
    pub worker: &'a str,
    /// How long it may be silent before the job is somebody else's.
    pub lease: Duration,
}

/// A job held under a lease.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Claim {
    /// The job.
    pub job_id: Uuid,
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
    /// The claim that a job's row holds.
    pub(super) fn of(job: &Job) -> Self {
        Self {
            job_id: job.id,
            report_id: job.report_id,
            stage: job.stage,
            attempt: job.attempt,
            token: job.token,
        }
    }
}

impl Store {
    /// Claims the job that a message speaks of, or `None` if the message is out of date: the job is
    /// not due, is somebody else's, or is over.
    ///
    /// A job whose lease ran out is due as well: its holder died or hangs, and the new token
    /// fences it off. One that took every holder with it, as often as the policy allows, is buried
    /// here: without this, a file that kills its worker would be claimed for ever.
    pub async fn claim(
        &self,
        message: &JobMessage,
        claimant: &Claimant<'_>,
        policy: &RetryPolicy,
        now: DateTime<Utc>,
    ) -> Result<Option<Claim>, StoreError> {
        let row = returning!(
            self,
            fetch_optional,
            sqlx::query_as::<_, JobRow>(concat!(
                "UPDATE jobs SET state = 'running', attempt = attempt + 1, token = token + 1,
                        worker = $1, lease_until = $2, publish_due = $2, messages = 0, started_at = $3,
                        progress = 0
                 WHERE id = $4 AND token = $5 AND attempt < $6
                   AND ((state = 'queued' AND not_before <= $7)
                     OR (state = 'running' AND lease_until <= $3))
                 RETURNING ",
                job_columns!()
            )),
            claimant.worker,
            now + claimant.lease,
            now,
            message.job_id,
            message.token,
            i64::from(policy.max_attempts),
            now + EARLY
        )?;
        if row.is_none() {
            self.bury_exhausted(message, policy.max_attempts, now).await?;
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
    ) -> Result<Result<(), Lost>, StoreError> {
        let held = write!(
            self,
            sqlx::query(
                "UPDATE jobs SET lease_until = $1, publish_due = $1, messages = 0, progress = $2
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now + lease,
            f64::from(progress),
            claim.job_id,
            claim.token
        )?;
        Ok(if held == 1 { Ok(()) } else { Err(Lost) })
    }
}
