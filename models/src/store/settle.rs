//! How attempts end that made nothing: failed, handed back, or buried.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::types::Json;
use uuid::Uuid;

use super::engine::{Tx, execute, read};
use super::jobs::{lock_report, update_report_state};
use super::messages::REPUBLISH;
use super::{Claim, Lost, Store, StoreError};
use crate::domain::failure::{Failure, FailureCode};
use crate::domain::job::{JobMessage, JobState, RetryPolicy, Verdict};

impl Store {
    /// Ends an attempt that failed: the job is tried again later, or is dead with its reason.
    pub async fn fail(
        &self,
        claim: &Claim,
        failure: &Failure,
        policy: &RetryPolicy,
        now: DateTime<Utc>,
    ) -> Result<Result<Verdict, Lost>, StoreError> {
        let verdict = policy.judge(claim.attempt, failure);
        let mut tx = self.begin().await?;
        lock_report(&mut tx, claim.report_id).await?;
        let held = match verdict {
            Verdict::RetryAfter(delay) => requeue(&mut tx, claim, failure, delay, now).await?,
            Verdict::Dead => kill(&mut tx, claim, failure, now).await?,
        };
        if !held {
            return Ok(Err(Lost));
        }
        tx.commit().await?;
        Ok(Ok(verdict))
    }

    /// Gives a job back unharmed, because this worker stops. The attempt does not count. Returns
    /// the message for whoever goes on with it.
    pub async fn hand_back(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
    ) -> Result<Result<JobMessage, Lost>, StoreError> {
        let mut tx = self.begin().await?;
        let held = execute!(
            &mut tx,
            sqlx::query(
                "UPDATE jobs SET state = 'queued', not_before = $1, publish_due = $2, messages = 0,
                        attempt = attempt - 1, worker = NULL, lease_until = NULL, progress = 0
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now,
            now + REPUBLISH,
            claim.job_id,
            claim.token
        )?;
        if held == 0 {
            return Ok(Err(Lost));
        }
        tx.commit().await?;
        Ok(Ok(JobMessage { job_id: claim.job_id, stage: claim.stage, token: claim.token }))
    }
}

impl Store {
    /// Ends the job that a message speaks of, if its holders vanished in each of `attempts` attempts.
    pub(super) async fn bury_exhausted(
        &self,
        message: &JobMessage,
        attempts: u32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let report_id = read!(
            self,
            fetch_optional,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT report_id FROM jobs WHERE id = $1 AND token = $2
                 AND state = 'running' AND lease_until <= $3 AND attempt >= $4"
            ),
            message.job_id,
            message.token,
            now,
            i64::from(attempts)
        )?;
        let Some(report_id) = report_id else { return Ok(()) };
        let (job_id, stage, token) = (message.job_id, message.stage, message.token);
        let last = Claim { job_id, report_id, stage, attempt: attempts, token };
        let detail = format!("the worker vanished in each of {attempts} attempts");
        let failure = Failure::new(FailureCode::ChildCrashed, detail);
        let mut tx = self.begin().await?;
        lock_report(&mut tx, report_id).await?;
        // If its holder was only slow and has come to an end meanwhile, that counts.
        kill(&mut tx, &last, &failure, now).await?;
        tx.commit().await
    }
}

/// Queues a held job again. Its message is due when it may run: the relay tells the queue then.
async fn requeue(
    tx: &mut Tx,
    claim: &Claim,
    failure: &Failure,
    delay: Duration,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let held = execute!(
        tx,
        sqlx::query(
            "UPDATE jobs SET state = 'queued', not_before = $1, publish_due = $1, messages = 0,
                    error = $2, worker = NULL, lease_until = NULL
             WHERE id = $3 AND token = $4 AND state = 'running'"
        ),
        now + delay,
        Json(failure),
        claim.job_id,
        claim.token
    )?;
    Ok(held == 1)
}

/// Ends a held job for good, with the reason.
async fn kill(
    tx: &mut Tx,
    claim: &Claim,
    failure: &Failure,
    now: DateTime<Utc>,
) -> Result<bool, StoreError> {
    let held = execute!(
        tx,
        sqlx::query(
            "UPDATE jobs SET state = $1, finished_at = $2, publish_due = NULL, error = $3,
                    lease_until = NULL
             WHERE id = $4 AND token = $5 AND state = 'running'"
        ),
        JobState::Dead,
        now,
        Json(failure),
        claim.job_id,
        claim.token
    )?;
    if held == 0 {
        return Ok(false);
    }
    update_report_state(tx, claim.report_id, Some(failure)).await?;
    Ok(true)
}
