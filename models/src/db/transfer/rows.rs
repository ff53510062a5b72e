//! Every table, with every column.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::table::table;
use crate::task::TaskState;

// JSON stays what it is: a version of Huibao that no longer reads a field must not drop it.

table!(ReportRow, "reports", "id", "id", {
    id: Uuid,
    title: String,
    speaker: String,
    language: String,
    state: String,
    created_at: DateTime<Utc>,
    media: Option<Json<Value>>,
    rendition: Option<Json<Value>>,
    written: Option<Json<Value>>,
    failure: Option<Json<Value>>,
});

table!(FileRow, "files", "report_id", "id", {
    id: Uuid,
    report_id: Uuid,
    kind: String,
    key: String,
    name: String,
    size_bytes: i64,
    sha256: String,
});

table!(TaskRow, "tasks", "report_id", "id", {
    id: Uuid,
    report_id: Uuid,
    stage: String,
    state: TaskState,
    attempt: i64,
    token: i64,
    worker: Option<String>,
    lease_until: Option<DateTime<Utc>>,
    not_before: DateTime<Utc>,
    hint_due: Option<DateTime<Utc>>,
    hints: i64,
    progress: f64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    work_ms: Option<i64>,
    error: Option<Json<Value>>,
    model: Option<String>,
});

table!(TranscriptRow, "transcripts", "report_id", "version", {
    id: Uuid,
    report_id: Uuid,
    version: i64,
    origin: String,
    body: Json<Value>,
    created_at: DateTime<Utc>,
});

table!(PartialRow, "partial_segments", "report_id", "token, seq", {
    report_id: Uuid,
    token: i64,
    seq: i64,
    body: Json<Value>,
});

impl TaskRow {
    /// The task as it begins in another installation: nobody holds it there, and the queue there
    /// has not heard of it. The token stays, so the next claim is newer than all before.
    pub(super) fn settle_in(&mut self, now: DateTime<Utc>) {
        self.let_go();
        if self.state == TaskState::Queued {
            self.hint_due = Some(self.not_before.max(now));
        }
    }

    /// Takes away what only holds where the task is run.
    pub(super) fn let_go(&mut self) {
        if self.state == TaskState::Running {
            self.state = TaskState::Queued;
            self.worker = None;
            self.progress = 0.0;
        }
        (self.lease_until, self.hint_due, self.hints) = (None, None, 0);
    }
}
