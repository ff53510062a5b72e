//! Recognising again what can be read already. The report stays ready all the time: readers keep
//! the transcript they have until a newer version is committed, and also if that never happens.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::engine::{Tx, execute, fetch};
use super::jobs::{MessageRow, job_states, lock_report};
use super::messages::REPUBLISH;
use super::{Store, StoreError};
use crate::domain::job::JobMessage;
use crate::domain::report::ReportState;

impl Store {
    /// Queues the recognition of a report once more, with another model; its archive waits for that.
    /// `None` if the report [may not](ReportState::may_be_recognized_again) be recognised again now.
    /// Returns the message to publish.
    pub async fn recognize_again(
        &self,
        report: Uuid,
        model: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<JobMessage>, StoreError> {
        let mut tx = self.begin().await?;
        // Whatever else begins or ends jobs that are done or dead takes this lock as well.
        lock_report(&mut tx, report).await?;
        let state = fetch!(
            &mut tx,
            fetch_optional,
            sqlx::query_scalar::<_, ReportState>("SELECT state FROM reports WHERE id = $1"),
            report
        )?;
        let jobs = job_states(&mut tx, report).await?;
        if !state.is_some_and(|state| state.may_be_recognized_again(jobs)) {
            return Ok(None);
        }
        let message = queue_recognition(&mut tx, report, model, now).await?;
        hold_archive(&mut tx, report).await?;
        tx.commit().await?;
        Ok(message)
    }
}

/// The token stays: claims alone raise it, and a message of an earlier one does not fit any more.
async fn queue_recognition(
    tx: &mut Tx,
    report: Uuid,
    model: &str,
    now: DateTime<Utc>,
) -> Result<Option<JobMessage>, StoreError> {
    let row = fetch!(
        tx,
        fetch_optional,
        sqlx::query_as::<_, MessageRow>(
            "UPDATE jobs SET state = 'queued', model = $1, not_before = $2, publish_due = $3,
                    messages = 0, attempt = 0, progress = 0, worker = NULL, started_at = NULL,
                    finished_at = NULL, work_ms = NULL, error = NULL
             WHERE report_id = $4 AND stage = 'transcribe' RETURNING id, stage, token"
        ),
        model,
        now,
        now + REPUBLISH,
        report
    )?;
    Ok(row.map(JobMessage::from))
}

async fn hold_archive(tx: &mut Tx, report: Uuid) -> Result<(), StoreError> {
    execute!(
        tx,
        sqlx::query(
            "UPDATE jobs SET state = 'waiting', attempt = 0, progress = 0, worker = NULL,
                    started_at = NULL, finished_at = NULL, work_ms = NULL, error = NULL
             WHERE report_id = $1 AND stage = 'archive'"
        ),
        report
    )?;
    Ok(())
}
