//! How attempts end that made nothing: failed, handed back, or given up.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::messages::REPUBLISH;
use super::row::{JobRow, job_columns};
use super::{Claim, Jobs};
use crate::domain::actor::Actor;
use crate::domain::failure::{Failure, FailureCode};
use crate::domain::ids::SubmissionId;
use crate::domain::job::{Job, JobMessage, RetryPolicy, Verdict};
use crate::domain::submission::SubmissionState;
use crate::store::engine::{execute, read};
use crate::store::unit::HasTx;
use crate::store::{Lost, Store, StoreError, UnitOfWork};

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
        let mut unit = self.begin_to_end(claim, now).await?;
        let held = match verdict {
            Verdict::RetryAfter(delay) => requeue(&mut unit, claim, failure, delay).await?,
            Verdict::Dead => kill(&mut unit, claim, failure).await?,
        };
        if !held {
            return Ok(Err(Lost));
        }
        unit.commit().await?;
        self.job_changed(claim);
        Ok(Ok(verdict))
    }

    /// Gives a job back unharmed, because this worker stops. The attempt does not count. Returns
    /// the message for whoever goes on with it.
    pub async fn hand_back(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
    ) -> Result<Result<JobMessage, Lost>, StoreError> {
        let mut unit = self.begin(Actor::Worker(claim.worker.clone()), now).await?;
        let held = execute!(
            unit.tx(),
            sqlx::query(
                "UPDATE jobs SET state = 'queued', not_before = $1, publish_due = $2, published = 0,
                        attempt = attempt - 1, worker = NULL, lease_until = NULL, progress = 0
                 WHERE id = $3 AND token = $4 AND state = 'running'"
            ),
            now,
            now + REPUBLISH,
            claim.job_id.uuid(),
            claim.token
        )?;
        if held == 0 {
            return Ok(Err(Lost));
        }
        unit.commit().await?;
        self.job_changed(claim);
        Ok(Ok(JobMessage { job_id: claim.job_id, urgency: claim.urgency, token: claim.token }))
    }

    /// Ends the job that a message is about, if its holders vanished in each of `attempts` attempts.
    pub(super) async fn bury_exhausted(
        &self,
        message: &JobMessage,
        attempts: u32,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let row = read!(
            self,
            fetch_optional,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE id = $1 AND token = $2
                 AND state = 'running' AND lease_until <= $3 AND attempt >= $4"
            )),
            message.job_id.uuid(),
            message.token,
            now,
            i64::from(attempts)
        )?;
        let Some(row) = row else { return Ok(()) };
        let last = Claim::from(Job::try_from(row)?);
        let detail = format!("the worker vanished in each of {attempts} attempts");
        let failure = Failure::new(FailureCode::ChildCrashed, detail);
        let mut unit = self.begin_to_end(&last, now).await?;
        // If its holder was only slow and has come to an end meanwhile, that counts.
        kill(&mut unit, &last, &failure).await?;
        unit.commit().await?;
        self.job_changed(&last);
        Ok(())
    }

    /// Begins a unit of work that ends an attempt: the submission is locked.
    async fn begin_to_end(
        &self,
        claim: &Claim,
        now: DateTime<Utc>,
    ) -> Result<UnitOfWork, StoreError> {
        let mut unit = self.begin(Actor::Worker(claim.worker.clone()), now).await?;
        if let Some(submission) = claim.submission {
            unit.submissions().lock(submission).await?;
        }
        Ok(unit)
    }
}

/// Queues a held job again. Its message is due when it may run: the relay publishes it then.
async fn requeue(
    unit: &mut UnitOfWork,
    claim: &Claim,
    failure: &Failure,
    delay: Duration,
) -> Result<bool, StoreError> {
    let time = unit.now() + delay;
    let held = execute!(
        unit.tx(),
        sqlx::query(
            "UPDATE jobs SET state = 'queued', not_before = $1, publish_due = $1, published = 0,
                    error = $2, worker = NULL, lease_until = NULL
             WHERE id = $3 AND token = $4 AND state = 'running'"
        ),
        time,
        Json(failure),
        claim.job_id.uuid(),
        claim.token
    )?;
    Ok(held == 1)
}

/// Ends a held job for good, with the reason.
async fn kill(unit: &mut UnitOfWork, claim: &Claim, failure: &Failure) -> Result<bool, StoreError> {
    let now = unit.now();
    let held = execute!(
        unit.tx(),
        sqlx::query(
            "UPDATE jobs SET state = 'dead', finished_at = $1, publish_due = NULL, error = $2,
                    lease_until = NULL
             WHERE id = $3 AND token = $4 AND state = 'running'"
        ),
        now,
        Json(failure),
        claim.job_id.uuid(),
        claim.token
    )?;
    if held == 0 {
        return Ok(false);
    }
    if let Some(submission) = claim.submission {
        unit.jobs().add_up(submission, Some(failure)).await?;
    }
    Ok(true)
}

impl Jobs<'_, UnitOfWork> {
    /// Writes the state that a submission's jobs add up to now, and why it failed.
    pub(super) async fn add_up(
        &mut self,
        submission: SubmissionId,
        failure: Option<&Failure>,
    ) -> Result<(), StoreError> {
        let state = SubmissionState::from_jobs(self.states(submission).await?);
        self.0.submissions().set_state(submission, state, failure).await
    }
}
