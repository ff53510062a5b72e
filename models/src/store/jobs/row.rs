//! Job rows as they are read.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use crate::domain::failure::Failure;
use crate::domain::ids::SubmissionId;
use crate::domain::job::{Job, JobMessage};
use crate::store::StoreError;
use crate::store::rows::{count, named};

/// The columns of [`JobRow`].
macro_rules! job_columns {
    () => {
        "id, kind, urgency, submission_id, payload, state, attempt, token, worker, progress,
         started_at, finished_at, work_ms, error"
    };
}
pub(super) use job_columns;

#[derive(FromRow)]
pub(super) struct JobRow {
    id: Uuid,
    kind: String,
    urgency: String,
    submission_id: Option<Uuid>,
    payload: Option<Value>,
    state: String,
    attempt: i64,
    token: i64,
    worker: Option<String>,
    progress: f64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    work_ms: Option<i64>,
    error: Option<Json<Failure>>,
}

impl TryFrom<JobRow> for Job {
    type Error = StoreError;

    fn try_from(row: JobRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            kind: row.kind,
            urgency: named(&row.urgency)?,
            submission: row.submission_id.map(SubmissionId::from),
            payload: row.payload,
            state: named(&row.state)?,
            attempt: count(row.attempt),
            token: row.token,
            worker: row.worker,
            #[expect(clippy::cast_possible_truncation, reason = "a fraction for display")]
            progress: row.progress as f32,
            started_at: row.started_at,
            finished_at: row.finished_at,
            work_ms: row.work_ms.map(i64::unsigned_abs),
            error: row.error.map(|Json(value)| value),
        })
    }
}

#[derive(FromRow)]
pub(super) struct MessageRow {
    id: Uuid,
    urgency: String,
    token: i64,
}

impl TryFrom<MessageRow> for JobMessage {
    type Error = StoreError;

    fn try_from(row: MessageRow) -> Result<Self, StoreError> {
        Ok(Self { job_id: row.id.into(), urgency: named(&row.urgency)?, token: row.token })
    }
}
