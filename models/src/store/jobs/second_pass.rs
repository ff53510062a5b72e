//! Second passes: a better model hears what a quick one wrote, once no other recognition waits.

use serde_json::json;
use uuid::Uuid;

use super::Jobs;
use crate::domain::ids::SubmissionId;
use crate::domain::pipeline::Stage;
use crate::store::StoreError;
use crate::store::changes::Change;
use crate::store::engine::{execute, fetch};
use crate::store::rows::count;
use crate::store::unit::{HasTx, UnitOfWork};

impl Jobs<'_, UnitOfWork> {
    /// Notes that a quick pass wrote the newest recognition of a submission, so that a second one is to follow.
    pub async fn await_second_pass(&mut self, of: SubmissionId) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE submissions SET quick_pass_at = $1 WHERE id = $2"),
            now,
            of.uuid()
        )?;
        Ok(())
    }

    /// Whether a second pass is to follow for any submission.
    pub async fn is_second_pass_awaited(&mut self) -> Result<bool, StoreError> {
        let found = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT id FROM submissions WHERE quick_pass_at IS NOT NULL LIMIT 1"
            )
        )?;
        Ok(found.is_some())
    }

    /// Queues second passes, of those submissions first that have waited longest, so that at most `at_once`
    /// recognitions are under way or wait. Returns how many were queued. A report that is decided, that its author
    /// has withdrawn, or whose text a person has corrected stays as it is.
    pub async fn begin_second_passes(&mut self, at_once: u32) -> Result<u32, StoreError> {
        self.forget_needless_passes().await?;
        let busy = self.recognitions_ahead().await?;
        let ids = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT id FROM submissions
                 WHERE quick_pass_at IS NOT NULL AND state = 'ready'
                   AND NOT EXISTS (SELECT 1 FROM jobs WHERE submission_id = submissions.id
                                                        AND jobs.state IN ('queued', 'running'))
                 ORDER BY quick_pass_at, id LIMIT $1"
            ),
            i64::from(at_once.saturating_sub(busy))
        )?;
        let mut queued = 0;
        for id in ids.into_iter().map(SubmissionId::from) {
            queued += u32::from(self.begin_second_pass(id).await?);
        }
        Ok(queued)
    }

    async fn begin_second_pass(&mut self, of: SubmissionId) -> Result<bool, StoreError> {
        let state = self.0.submissions().lock(of).await?;
        if !state.may_be_recognized_again(self.states(of).await?) {
            return Ok(false);
        }
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE submissions SET quick_pass_at = NULL WHERE id = $1"),
            of.uuid()
        )?;
        let payload = json!({ "second_pass": true });
        self.restart(of, Stage::Transcribe.as_str(), Some(&payload)).await?;
        self.0.changed(Change::Submission(of));
        Ok(true)
    }

    /// How many recognitions run or wait, or will wait once their videos are looked at.
    async fn recognitions_ahead(&mut self) -> Result<u32, StoreError> {
        let found = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "SELECT count(*) FROM jobs
                 WHERE kind IN ($1, $2) AND state IN ('queued', 'running') AND discarded_at IS NULL"
            ),
            Stage::Ingest.as_str(),
            Stage::Transcribe.as_str()
        )?;
        Ok(count(found))
    }

    async fn forget_needless_passes(&mut self) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE submissions SET quick_pass_at = NULL
                 WHERE quick_pass_at IS NOT NULL
                   AND (EXISTS (SELECT 1 FROM transcripts WHERE transcripts.id = current_transcript
                                                            AND origin = 'correction')
                        OR NOT EXISTS (SELECT 1 FROM reports
                                       WHERE current_submission = submissions.id
                                         AND reports.state IN ('submitted', 'in_review')))"
            )
        )?;
        Ok(())
    }
}
