//! Jobs that are begun anew because a person asks for it: dead ones, and the recognition of what can
//! be read already.

use serde_json::{Value, json};
use sqlx::types::Json;

use super::Jobs;
use super::messages::REPUBLISH;
use super::row::MessageRow;
use crate::domain::audit::AuditAction;
use crate::domain::failure::Failure;
use crate::domain::ids::{JobId, SubmissionId};
use crate::domain::job::JobMessage;
use crate::domain::pipeline::Stage;
use crate::store::StoreError;
use crate::store::changes::Change;
use crate::store::engine::{execute, fetch};
use crate::store::unit::{HasTx, UnitOfWork};

impl Jobs<'_, UnitOfWork> {
    /// Queues a dead job again, with all its attempts before it and the payload it had. Says whether it
    /// was dead. Its message is among those that the commit returns.
    pub async fn replay(&mut self, id: JobId) -> Result<bool, StoreError> {
        let Some(job) = self.get(id).await? else { return Ok(false) };
        if let Some(submission) = job.submission {
            self.0.submissions().lock(submission).await?;
        }
        let now = self.0.now();
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, MessageRow>(
                "UPDATE jobs SET state = 'queued', attempt = 0, not_before = $1, publish_due = $2,
                        published = 0, finished_at = NULL, progress = 0, worker = NULL,
                        discarded_at = NULL
                 WHERE id = $3 AND state = 'dead' RETURNING id, urgency, token"
            ),
            now,
            now + REPUBLISH,
            id.uuid()
        )?;
        let Some(row) = row else { return Ok(false) };
        self.0.publish(JobMessage::try_from(row)?);
        self.0.audit().record(AuditAction::JobRetried, id, json!({})).await?;
        if let Some(submission) = job.submission {
            let other = self.failure_of_another(submission).await?;
            self.add_up(submission, other.as_ref()).await?;
        }
        Ok(true)
    }

    /// Queues the recognition of a submission once more, with another model; its archive waits for
    /// that. Readers keep the transcript they have until a newer version is committed, and also if that
    /// never happens. Says whether it [may](crate::domain::submission::SubmissionState::may_be_recognized_again)
    /// be recognised again now.
    pub async fn recognize_again(
        &mut self,
        submission: SubmissionId,
        model: &str,
    ) -> Result<bool, StoreError> {
        // Whatever else begins or ends jobs that are done or dead takes this lock as well.
        let state = self.0.submissions().lock(submission).await?;
        let jobs = self.states(submission).await?;
        if !state.may_be_recognized_again(jobs) {
            return Ok(false);
        }
        let payload = json!({ "model": model });
        self.restart(submission, Stage::Transcribe.as_str(), Some(&payload)).await?;
        self.0.changed(Change::Submission(submission));
        Ok(true)
    }

    /// Queues the archive of a submission once more: something changed that belongs into it. What works on the
    /// submission now ends with an archive anyway.
    pub(in crate::store) async fn archive_again(
        &mut self,
        submission: SubmissionId,
    ) -> Result<(), StoreError> {
        let state = self.0.submissions().lock(submission).await?;
        if state.may_be_recognized_again(self.states(submission).await?) {
            self.restart(submission, Stage::Archive.as_str(), None).await?;
            self.0.changed(Change::Submission(submission));
        }
        Ok(())
    }

    /// Begins a job of a submission anew, with another payload. Jobs that need it wait for it. The
    /// token stays: claims alone raise it, and a message of an earlier one does not fit any more.
    pub(super) async fn restart(
        &mut self,
        submission: SubmissionId,
        kind: &str,
        payload: Option<&Value>,
    ) -> Result<(), StoreError> {
        let now = self.0.now();
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, MessageRow>(
                "UPDATE jobs SET state = 'queued', payload = $1, not_before = $2, publish_due = $3,
                        published = 0, attempt = 0, progress = 0, worker = NULL, started_at = NULL,
                        finished_at = NULL, work_ms = NULL, error = NULL
                 WHERE submission_id = $4 AND kind = $5 RETURNING id, urgency, token"
            ),
            payload,
            now,
            now + REPUBLISH,
            submission.uuid(),
            kind
        )?;
        if let Some(row) = row {
            self.0.publish(JobMessage::try_from(row)?);
        }
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE jobs SET state = 'waiting', attempt = 0, progress = 0, worker = NULL,
                        started_at = NULL, finished_at = NULL, work_ms = NULL, error = NULL
                 WHERE submission_id = $1 AND needs LIKE $2"
            ),
            submission.uuid(),
            format!("%,{kind},%")
        )?;
        Ok(())
    }

    /// Why another job of a submission is dead, if one is.
    async fn failure_of_another(
        &mut self,
        submission: SubmissionId,
    ) -> Result<Option<Failure>, StoreError> {
        let other = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Option<Json<Failure>>>(
                "SELECT error FROM jobs WHERE submission_id = $1 AND state = 'dead'
                 ORDER BY finished_at LIMIT 1"
            ),
            submission.uuid()
        )?;
        Ok(other.flatten().map(|Json(failure)| failure))
    }
}
