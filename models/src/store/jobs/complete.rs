//! Committing what a job made: its results, the job's end and the next jobs' start, in one
//! transaction that checks the fencing token.

use async_trait::async_trait;
use chrono::{DateTime, Utc};

use super::messages::REPUBLISH;
use super::row::{JobRow, job_columns};
use super::{Claim, Claimant};
use crate::domain::actor::Actor;
use crate::domain::ids::SubmissionId;
use crate::domain::job::{Job, JobMessage};
use crate::store::changes::Change;
use crate::store::engine::{Tx, fetch};
use crate::store::rows::named;
use crate::store::unit::HasTx;
use crate::store::{Lost, Store, StoreError, UnitOfWork};

/// What a job made: rows that are written in the transaction that ends it.
#[async_trait]
pub trait Outcome: Send + Sync {
    /// Writes the rows. The actor is the worker that holds the claim.
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError>;

    /// The key of one of the files that are written, if there are any. Keys carry the claim's token, so
    /// it tells whether a commit whose answer was lost has happened.
    fn file_key(&self) -> Option<&str> {
        None
    }
}

/// What a worker would go on with at once, instead of letting a message find another one.
#[derive(Debug, Clone, Copy)]
pub struct Continuation<'a> {
    /// The kind of the job, which waits for the one that ends.
    pub kind: &'a str,
    /// Who would hold it.
    pub claimant: Claimant<'a>,
}

/// What a commit made ready.
#[derive(Debug, Default, PartialEq)]
pub struct Committed {
    /// Messages that the caller publishes.
    pub messages: Vec<JobMessage>,
    /// What the caller holds and goes on with.
    pub next: Option<Claim>,
}

impl Store {
    /// Commits a job's results, or returns [`Lost`] and nothing is changed. If the job to continue with
    /// is ready now, `next` holds it in the same transaction, which saves a message and a claim.
    ///
    /// May be called again when it is not known whether a call succeeded: what is committed
    /// already counts as success. What `next` holds without knowing is free when its lease ends.
    pub async fn complete(
        &self,
        claim: &Claim,
        outcome: &dyn Outcome,
        work_ms: u64,
        continuation: Option<&Continuation<'_>>,
        now: DateTime<Utc>,
    ) -> Result<Result<Committed, Lost>, StoreError> {
        let mut unit = self.begin(Actor::Worker(claim.worker.clone()), now).await?;
        if let Some(submission) = claim.submission {
            unit.changed(Change::Submission(submission));
        }
        let Some(needed) = end(&mut unit, claim, work_ms).await? else {
            let committed = committed_before(&mut unit, claim, outcome).await?;
            return Ok(if committed { Ok(Committed::default()) } else { Err(Lost) });
        };
        outcome.write(&mut unit, claim).await?;
        let mut next = None;
        if let Some(submission) = claim.submission.filter(|_| needed) {
            for job in unlock(&mut unit, submission, &claim.kind, continuation, now).await? {
                if continuation.is_some_and(|continuation| continuation.kind == job.kind) {
                    next = Some(Claim::from(job));
                } else {
                    unit.publish(job.message());
                }
            }
        }
        let messages = unit.commit().await?;
        Ok(Ok(Committed { messages, next }))
    }
}

/// Ends a held job after locking its submission, so that stages which end at the same time see each
/// other. Returns whether a job waits for this one; `None` if the claim is lost.
///
/// It is one statement, because the number of statements is what a short job costs.
async fn end(
    unit: &mut UnitOfWork,
    claim: &Claim,
    work_ms: u64,
) -> Result<Option<bool>, StoreError> {
    /// `replace` and not `LIKE`: SQLite compiles a statement anew whenever a pattern is bound to it.
    /// With `$from` and `$state` as the engine locks a submission and tells its state.
    macro_rules! end_job {
        ($from:literal, $state:literal) => {
            concat!(
                "UPDATE jobs SET state = 'done', progress = 1, finished_at = $1, work_ms = $2,
                        error = NULL, lease_until = NULL, publish_due = NULL ",
                $from,
                " WHERE jobs.id = $3 AND jobs.token = $4 AND jobs.state = 'running'
                  RETURNING ",
                $state,
                ", EXISTS (SELECT 1 FROM jobs AS other
                           WHERE other.submission_id = $5 AND other.state = 'waiting'
                             AND replace(other.needs, $6, '') <> other.needs)"
            )
        };
    }
    // SQLite has one writer, so nothing is to be locked.
    const SQLITE: &str =
        end_job!("", "(SELECT state FROM submissions WHERE id = jobs.submission_id)");
    // An update locks the rows that it joins before those that it changes.
    const POSTGRES: &str = end_job!(
        "FROM (VALUES (1)) AS once
         LEFT JOIN (SELECT state FROM submissions WHERE id = $5 FOR UPDATE) AS submission ON TRUE",
        "submission.state"
    );
    let statement = match unit.tx() {
        Tx::Sqlite(_) => SQLITE,
        Tx::Postgres(_) => POSTGRES,
    };
    let submission = claim.submission.map(SubmissionId::uuid);
    let now = unit.now();
    let ended = fetch!(
        unit.tx(),
        fetch_optional,
        sqlx::query_as::<_, (Option<String>, bool)>(statement),
        now,
        i64::try_from(work_ms).unwrap_or(i64::MAX),
        claim.job_id.uuid(),
        claim.token,
        submission,
        format!(",{},", claim.kind)
    )?;
    let Some((state, needed)) = ended else { return Ok(None) };
    if let Some((submission, state)) = claim.submission.zip(state) {
        unit.set_locked(submission, named(&state)?);
    }
    Ok(Some(needed))
}

/// Whether this very claim has committed, and only the answer was lost. The file rows know it also
/// where the job was begun anew since: whoever is told [`Lost`] removes what it stored.
async fn committed_before(
    unit: &mut UnitOfWork,
    claim: &Claim,
    outcome: &dyn Outcome,
) -> Result<bool, StoreError> {
    let ours = fetch!(
        unit.tx(),
        fetch_optional,
        sqlx::query_scalar::<_, i32>(
            "SELECT 1 FROM jobs WHERE id = $1 AND token = $2 AND state = 'done'
             UNION SELECT 1 FROM files WHERE key = $3"
        ),
        claim.job_id.uuid(),
        claim.token,
        outcome.file_key()
    )?;
    Ok(ours.is_some())
}

/// Readies the jobs of a submission that waited for one of this kind and wait for nothing any more. The
/// one to continue with is held from now on; the others are queued, and the next publication is put
/// off, because the caller publishes.
async fn unlock(
    unit: &mut UnitOfWork,
    submission: SubmissionId,
    ended: &str,
    continuation: Option<&Continuation<'_>>,
    now: DateTime<Utc>,
) -> Result<Vec<Job>, StoreError> {
    let claimant = continuation.map(|continuation| continuation.claimant);
    let rows = fetch!(
        unit.tx(),
        fetch_all,
        sqlx::query_as::<_, JobRow>(concat!(
            "UPDATE jobs SET
                    state = CASE WHEN kind = $1 THEN 'running' ELSE 'queued' END,
                    publish_due = CASE WHEN kind = $1 THEN $2 ELSE $3 END,
                    lease_until = CASE WHEN kind = $1 THEN $2 END,
                    worker = CASE WHEN kind = $1 THEN $4 END,
                    started_at = CASE WHEN kind = $1 THEN $5 END,
                    attempt = attempt + CASE WHEN kind = $1 THEN 1 ELSE 0 END,
                    token = token + CASE WHEN kind = $1 THEN 1 ELSE 0 END,
                    not_before = $5, published = 0
             WHERE submission_id = $6 AND state = 'waiting' AND replace(needs, $7, '') <> needs
               AND NOT EXISTS (SELECT 1 FROM jobs AS need
                               WHERE need.submission_id = $6 AND need.state <> 'done'
                                 AND jobs.needs LIKE '%,' || need.kind || ',%')
             RETURNING ",
            job_columns!()
        )),
        continuation.map(|continuation| continuation.kind),
        claimant.map(|claimant| now + claimant.lease),
        now + REPUBLISH,
        claimant.map(|claimant| claimant.worker),
        now,
        submission.uuid(),
        format!(",{ended},")
    )?;
    rows.into_iter().map(Job::try_from).collect()
}
