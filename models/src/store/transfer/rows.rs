//! Every table, with every column.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::table::table;
use crate::domain::job::JobState;

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

table!(JobRow, "jobs", "report_id", "id", {
    id: Uuid,
    report_id: Uuid,
    stage: String,
    state: JobState,
    attempt: i64,
    token: i64,
    worker: Option<String>,
    lease_until: Option<DateTime<Utc>>,
    not_before: DateTime<Utc>,
    publish_due: Option<DateTime<Utc>>,
    messages: i64,
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

impl JobRow {
    /// The job as it begins in another installation: nobody holds it there, and the queue there
    /// has not heard of it. The token stays, so the next claim is newer than all before.
    pub(super) fn settle_in(&mut self, now: DateTime<Utc>) {
        self.let_go();
        if self.state == JobState::Queued {
            self.publish_due = Some(self.not_before.max(now));
        }
    }

    /// Takes away what only holds where the job is run.
    pub(super) fn let_go(&mut self) {
        if self.state == JobState::Running {
            self.state = JobState::Queued;
            self.worker = None;
            self.progress = 0.0;
        }
        (self.lease_until, self.publish_due, self.messages) = (None, None, 0);
    }
}
