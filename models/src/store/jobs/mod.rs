//! Jobs of any kind. A row is its own outbox: what makes a job ready also sets the time at which a
//! message is due.
//!
//! What people and other repositories do with jobs belongs to a unit of work ([`Jobs`]). What workers
//! do (claim, renew, complete, fail, hand back) are functions of the [`Store`](super::Store), each a
//! transaction of its own.

mod backlog;
mod claim;
mod complete;
mod console;
mod messages;
mod replay;
mod row;
mod second_pass;
mod settle;

pub use backlog::Backlog;
pub use claim::{Claim, Claimant};
pub use complete::{Committed, Continuation, Outcome};
pub use console::{FailureGroup, Throughput};
pub use messages::Unanswered;

use self::messages::REPUBLISH;
use self::row::{JobRow, job_columns};
use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch};
use super::rows::{all, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::ids::{JobId, SubmissionId};
use crate::domain::job::{Job, JobMessage, JobState, NewJob};

/// Jobs in a session.
pub struct Jobs<'s, S>(pub(super) &'s mut S);

/// Which jobs to list; `None` takes all.
#[derive(Debug, Clone, Default)]
pub struct JobFilter {
    /// Only jobs in this state.
    pub state: Option<JobState>,
    /// Only jobs of this kind.
    pub kind: Option<String>,
    /// Only jobs of this submission.
    pub submission: Option<SubmissionId>,
    /// Only jobs that failed with this code.
    pub code: Option<String>,
    /// Only jobs older than this one.
    pub before: Option<JobId>,
}

impl<S: Session> Jobs<'_, S> {
    /// The job, or `None`.
    pub async fn get(&mut self, id: JobId) -> Result<Option<Job>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE id = $1"
            )),
            id.uuid()
        )?;
        row.map(Job::try_from).transpose()
    }

    /// The jobs of a submission's pipeline, in the order in which they were added.
    pub async fn of_submission(&mut self, id: SubmissionId) -> Result<Vec<Job>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE submission_id = $1 ORDER BY id"
            )),
            id.uuid()
        )?)
    }

    /// Up to `limit` jobs, the newest first. Those that were discarded are not among them.
    pub async fn list(&mut self, filter: &JobFilter, limit: u32) -> Result<Vec<Job>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, JobRow>(concat!(
                "SELECT ",
                job_columns!(),
                " FROM jobs WHERE ($1 IS NULL OR state = $1) AND ($2 IS NULL OR kind = $2)
                    AND ($3 IS NULL OR submission_id = $3) AND ($4 IS NULL OR error ->> 'code' = $4)
                    AND ($5 IS NULL OR id < $5) AND discarded_at IS NULL
                  ORDER BY id DESC LIMIT $6"
            )),
            filter.state.map(JobState::as_str),
            filter.kind.as_deref(),
            filter.submission.map(SubmissionId::uuid),
            filter.code.as_deref(),
            filter.before.map(JobId::uuid),
            i64::from(limit)
        )?)
    }

    /// The states of the jobs of a submission's pipeline.
    pub(super) async fn states(&mut self, of: SubmissionId) -> Result<Vec<JobState>, StoreError> {
        let states = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, String>("SELECT state FROM jobs WHERE submission_id = $1"),
            of.uuid()
        )?;
        states.iter().map(|state| named(state)).collect()
    }
}

impl Jobs<'_, UnitOfWork> {
    /// Adds a job, unless there is one with its unique key; says whether it was added. If it can run at
    /// once, its message is among those that the commit returns. If its time is still to come, the
    /// relay publishes it then.
    pub async fn insert(&mut self, new: &NewJob) -> Result<bool, StoreError> {
        self.insert_as(JobId::new(), new).await
    }

    /// Adds a job, unless one of its kind waits to be run already.
    pub async fn insert_once(&mut self, new: &NewJob) -> Result<(), StoreError> {
        let waiting = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM jobs WHERE kind = $1 AND state = 'queued'"
            ),
            new.kind
        )?;
        if waiting == 0 {
            self.insert(new).await?;
        }
        Ok(())
    }

    /// Like [`insert`](Self::insert), with an id that another row refers to.
    pub(in crate::store) async fn insert_as(
        &mut self,
        id: JobId,
        new: &NewJob,
    ) -> Result<bool, StoreError> {
        let now = self.0.now();
        let actor = self.0.actor().to_string();
        let waits = !new.needs.is_empty();
        let later = new.not_before.filter(|time| *time > now);
        let state = if waits { JobState::Waiting } else { JobState::Queued };
        // Whoever commits publishes; the relay does if nobody has for a while.
        let publish_due = (!waits).then(|| later.unwrap_or(now + REPUBLISH));
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO jobs (id, kind, urgency, submission_id, needs, payload, unique_key,
                                   state, not_before, publish_due, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12)
                 ON CONFLICT DO NOTHING"
            ),
            id.uuid(),
            new.kind,
            new.urgency.as_str(),
            new.submission.map(SubmissionId::uuid),
            needs_column(&new.needs),
            &new.payload,
            new.unique_key.as_deref(),
            state.as_str(),
            later.unwrap_or(now),
            publish_due,
            actor,
            now
        )?;
        if added == 1 && !waits && later.is_none() {
            self.0.publish(JobMessage { job_id: id, urgency: new.urgency, token: 0 });
        }
        if let Some(submission) = new.submission {
            self.0.changed(Change::Submission(submission));
        }
        Ok(added == 1)
    }

    /// Removes jobs that are done, belong to no submission, and ended before `before`. Returns how many.
    pub async fn prune(
        &mut self,
        before: chrono::DateTime<chrono::Utc>,
    ) -> Result<u64, StoreError> {
        Ok(execute!(
            self.0.tx(),
            sqlx::query(
                "DELETE FROM jobs
                 WHERE submission_id IS NULL AND state = 'done' AND finished_at < $1"
            ),
            before
        )?)
    }
}

/// How the kinds that a job needs are stored: `,transcode,transcribe,`, so that a kind is found with
/// `LIKE` on either engine. Empty for none.
fn needs_column(kinds: &[&str]) -> String {
    if kinds.is_empty() { String::new() } else { format!(",{},", kinds.join(",")) }
}
