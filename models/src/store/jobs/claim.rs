//! Claiming jobs and keeping their leases.

use std::time::Duration;

use chrono::{DateTime, Utc};
use serde_json::Value;

use super::row::{JobRow, job_columns};
use crate::domain::ids::{JobId, SubmissionId};
use crate::domain::job::{Job, JobMessage, RetryPolicy, Urgency};
use crate::store::changes::Change;
use crate::store::engine::{returning, write};
use crate::store::{Lost, Store, StoreError};

/// A job is claimed so much before its time. The processes' clocks differ by as much as it took the
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
#[derive(Debug, Clone, PartialEq)]
pub struct Claim {
    /// The job.
    pub job_id: JobId,
    /// The name of its kind.
    pub kind: String,
    /// How urgent it is.
    pub urgency: Urgency,
    /// The submission whose pipeline it is a stage of.
    pub submission: Option<SubmissionId>,
    /// What its kind makes of it.
    pub payload: Option<Value>,
    /// Which attempt this is; 1 is the first.
    pub attempt: u32,
    /// Fencing token: what this claim may commit with, and only while it is the latest.
    pub token: i64,
    /// The name of the worker that holds it.
    pub worker: String,
}

impl From<Job> for Claim {
    /// The claim that a running job's row holds.
    fn from(job: Job) -> Self {
        Self {
            job_id: job.id,
            kind: job.kind,
            urgency: job.urgency,
            submission: job.submission,
            payload: job.payload,
            attempt: job.attempt,
            token: job.token,
            worker: job.worker.unwrap_or_default(),
        }
    }
}

impl Store {
    /// Claims the job that a message is about, or `None` if the message is out of date: the job is
    /// not due, is somebody else's, or is over.
    ///
    /// A job whose lease ran out is due as well: its holder died or hangs, and the new token
    /// fences it off. One that took every holder with it, as often as the policy allows, ends dead
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
                        worker = $1, lease_until = $2, publish_due = $2, published = 0,
                        started_at = $3, progress = 0
                 WHERE id = $4 AND token = $5 AND attempt < $6
                   AND ((state = 'queued' AND not_before <= $7)
                     OR (state = 'running' AND lease_until <= $3))
                 RETURNING ",
                job_columns!()
            )),
            claimant.worker,
            now + claimant.lease,
            now,
            message.job_id.uuid(),
            message.token,
            i64::from(policy.max_attempts),
            now + EARLY
        )?;
        let Some(row) = row else {
            self.bury_exhausted(message, policy.max_attempts, now).await?;
            return Ok(None);
        };
        let claim = Claim::from(Job::try_from(row)?);
        self.job_changed(&claim);
        Ok(Some(claim))
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
                "UPDATE jobs SET lease_until = $1, publish_due = $1, published = 0, progress = $2
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now + lease,
            f64::from(progress),
            claim.job_id.uuid(),
            claim.token
        )?;
        self.job_changed(claim);
        Ok(if held == 1 { Ok(()) } else { Err(Lost) })
    }

    /// Tells followers of a submission that one of its jobs has changed.
    pub(super) fn job_changed(&self, claim: &Claim) {
        self.changes.announce(claim.submission.map(Change::Submission));
    }
}
