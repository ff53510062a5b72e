//! Recognising again what can be read already. The report stays ready all the time: readers keep
//! the transcript they have until a newer version is committed, and also if that never happens.

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::engine::{Tx, execute, fetch};
use super::hints::REHINT;
use super::tasks::{HintRow, lock_report, task_states};
use super::{Database, DbError};
use crate::report::ReportState;
use crate::task::Hint;

impl Database {
    /// Queues the recognition of a report once more, with another model; its archive waits for that.
    /// `None` if the report [may not](ReportState::may_be_recognized_again) be recognised again now.
    /// Returns the hint to publish.
    pub async fn recognize_again(
        &self,
        report: Uuid,
        model: &str,
        now: DateTime<Utc>,
    ) -> Result<Option<Hint>, DbError> {
        let mut tx = self.begin().await?;
        // Whatever else begins or ends tasks that are done or dead takes this lock as well.
        lock_report(&mut tx, report).await?;
        let state = fetch!(
            &mut tx,
            fetch_optional,
            sqlx::query_scalar::<_, ReportState>("SELECT state FROM reports WHERE id = $1"),
            report
        )?;
        let tasks = task_states(&mut tx, report).await?;
        if !state.is_some_and(|state| state.may_be_recognized_again(tasks)) {
            return Ok(None);
        }
        let hint = queue_recognition(&mut tx, report, model, now).await?;
        hold_archive(&mut tx, report).await?;
        tx.commit().await?;
        Ok(hint)
    }
}

/// The token stays: claims alone raise it, and a hint of an earlier one does not fit any more.
async fn queue_recognition(
    tx: &mut Tx,
    report: Uuid,
    model: &str,
    now: DateTime<Utc>,
) -> Result<Option<Hint>, DbError> {
    let row = fetch!(
        tx,
        fetch_optional,
        sqlx::query_as::<_, HintRow>(
            "UPDATE tasks SET state = 'queued', model = $1, not_before = $2, hint_due = $3,
                    hints = 0, attempt = 0, progress = 0, worker = NULL, started_at = NULL,
                    finished_at = NULL, work_ms = NULL, error = NULL
             WHERE report_id = $4 AND stage = 'transcribe' RETURNING id, stage, token"
        ),
        model,
        now,
        now + REHINT,
        report
    )?;
    Ok(row.map(Hint::from))
}

async fn hold_archive(tx: &mut Tx, report: Uuid) -> Result<(), DbError> {
    execute!(
        tx,
        sqlx::query(
            "UPDATE tasks SET state = 'waiting', attempt = 0, progress = 0, worker = NULL,
                    started_at = NULL, finished_at = NULL, work_ms = NULL, error = NULL
             WHERE report_id = $1 AND stage = 'archive'"
        ),
        report
    )?;
    Ok(())
}
