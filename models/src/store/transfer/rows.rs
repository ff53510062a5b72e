//! Every table, with every column.

use chrono::{DateTime, Utc};
use serde_json::Value;
use sqlx::types::Json;
use uuid::Uuid;

use super::table::table;
use crate::domain::job::JobState;

// JSON stays what it is: a version of Huibao that no longer reads a field must not drop it.

table!(ReportRow, "reports", "id = $1", "id", {
    id: Uuid,
    title: String,
    speaker: String,
    state: String,
    current_submission: Option<Uuid>,
    created_by: String,
    created_at: DateTime<Utc>,
    author_id: Option<Uuid>,
    branch: String,
    kind: String,
    period: String,
    written_text: String,
    language: String,
    revision: i64,
    draft_submission: Option<Uuid>,
    round_id: Option<Uuid>,
});

table!(SubmissionRow, "submissions", "report_id = $1", "version", {
    id: Uuid,
    report_id: Uuid,
    version: i64,
    language: String,
    state: String,
    media: Option<Json<Value>>,
    rendition: Option<Json<Value>>,
    written: Option<Json<Value>>,
    failure: Option<Json<Value>>,
    current_transcript: Option<Uuid>,
    created_by: String,
    created_at: DateTime<Utc>,
    quick_pass_at: Option<DateTime<Utc>>,
});

table!(FileRow, "files", "submission_id IN (SELECT id FROM submissions WHERE report_id = $1)", "id", {
    id: Uuid,
    submission_id: Uuid,
    kind: String,
    key: String,
    name: String,
    size_bytes: i64,
    sha256: String,
});

table!(JobRow, "jobs", "submission_id IN (SELECT id FROM submissions WHERE report_id = $1)", "id", {
    id: Uuid,
    kind: String,
    urgency: String,
    submission_id: Option<Uuid>,
    needs: String,
    payload: Option<Json<Value>>,
    unique_key: Option<String>,
    state: String,
    attempt: i64,
    token: i64,
    worker: Option<String>,
    lease_until: Option<DateTime<Utc>>,
    not_before: DateTime<Utc>,
    publish_due: Option<DateTime<Utc>>,
    published: i64,
    progress: f64,
    started_at: Option<DateTime<Utc>>,
    finished_at: Option<DateTime<Utc>>,
    work_ms: Option<i64>,
    error: Option<Json<Value>>,
    created_by: String,
    created_at: DateTime<Utc>,
    discarded_at: Option<DateTime<Utc>>,
});

table!(
    TranscriptRow,
    "transcripts",
    "submission_id IN (SELECT id FROM submissions WHERE report_id = $1)",
    // Versions come after those that they were made from.
    "submission_id, version",
    {
        id: Uuid,
        submission_id: Uuid,
        version: i64,
        origin: String,
        author: String,
        parent_id: Option<Uuid>,
        body: Option<Json<Value>>,
        created_at: DateTime<Utc>,
        base_id: Option<Uuid>,
        person_id: Option<Uuid>,
        undoes: Option<i64>,
    }
);

table!(
    PartialRow,
    "partial_segments",
    "submission_id IN (SELECT id FROM submissions WHERE report_id = $1)",
    "submission_id, token, seq",
    {
        submission_id: Uuid,
        token: i64,
        seq: i64,
        body: Json<Value>,
    }
);

table!(
    SegmentChangeRow,
    "segment_changes",
    "base_id IN (SELECT transcripts.id FROM transcripts
                 JOIN submissions ON submissions.id = submission_id WHERE report_id = $1)",
    "base_id, version, segment_id",
    {
        base_id: Uuid,
        version: i64,
        segment_id: i64,
        before: Option<Json<Value>>,
        after: Option<Json<Value>>,
    }
);

table!(
    ComparisonRow,
    "comparisons",
    "transcript_id IN (SELECT transcripts.id FROM transcripts
                       JOIN submissions ON submissions.id = submission_id WHERE report_id = $1)",
    "transcript_id",
    {
        transcript_id: Uuid,
        format: i64,
        body: Json<Value>,
    }
);

table!(DecisionRow, "decisions", "report_id = $1", "id", {
    id: Uuid,
    report_id: Uuid,
    submission_id: Uuid,
    transcript_id: Uuid,
    verdict: String,
    reasons: String,
    person_id: Uuid,
    created_by: String,
    created_at: DateTime<Utc>,
    open_questions: Json<Value>,
});

table!(RubricAnswerRow, "rubric_answers", "report_id = $1", "id", {
    id: Uuid,
    report_id: Uuid,
    submission_id: Uuid,
    question_id: Uuid,
    question: String,
    person_id: Uuid,
    text: String,
    evidence: Json<Value>,
    revision: i64,
    changed_by: String,
    changed_at: DateTime<Utc>,
});

table!(ExampleRow, "examples", "report_id = $1", "report_id", {
    report_id: Uuid,
    consented_at: DateTime<Utc>,
    published_at: Option<DateTime<Utc>>,
    published_by: Option<Uuid>,
});

// Answers come after what they answer: ids sort by time.
table!(CommentRow, "comments", "report_id = $1", "id", {
    id: Uuid,
    report_id: Uuid,
    submission_id: Uuid,
    parent_id: Option<Uuid>,
    person_id: Uuid,
    text: String,
    anchor: Json<Value>,
    shared: bool,
    created_by: String,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    removed_at: Option<DateTime<Utc>>,
});

table!(BranchRow, "branches", "$1 IS NULL", "path", {
    path: String,
    created_by: String,
    created_at: DateTime<Utc>,
});

table!(PersonRow, "people", "$1 IS NULL", "id", {
    id: Uuid,
    name: String,
    display_name: String,
    password_hash: Option<String>,
    disabled_at: Option<DateTime<Utc>>,
    created_by: String,
    created_at: DateTime<Utc>,
    number: Option<String>,
    email: Option<String>,
});

table!(GrantRow, "grants", "$1 IS NULL", "person_id, role, branch", {
    person_id: Uuid,
    role: String,
    branch: String,
    created_by: String,
    created_at: DateTime<Utc>,
    source: String,
});

table!(ContactRow, "contacts", "$1 IS NULL", "contact_id, activist_id", {
    contact_id: Uuid,
    activist_id: Uuid,
    created_by: String,
    created_at: DateTime<Utc>,
});

table!(TokenRow, "tokens", "$1 IS NULL", "id", {
    id: Uuid,
    person_id: Uuid,
    name: String,
    secret_hash: Vec<u8>,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    used_at: Option<DateTime<Utc>>,
    scopes: String,
});

table!(IdentityRow, "identities", "$1 IS NULL", "provider, subject", {
    provider: String,
    subject: String,
    person_id: Uuid,
    created_at: DateTime<Utc>,
});

table!(RoundRow, "rounds", "$1 IS NULL", "id", {
    id: Uuid,
    branch: String,
    title: String,
    period: String,
    kinds: Json<Value>,
    instructions: String,
    max_seconds: Option<i64>,
    deadline: DateTime<Utc>,
    closed_at: Option<DateTime<Utc>>,
    revision: i64,
    created_by: String,
    created_at: DateTime<Utc>,
});

table!(ExceptionRow, "round_exceptions", "$1 IS NULL", "round_id, person_id", {
    round_id: Uuid,
    person_id: Uuid,
    extended_to: Option<DateTime<Utc>>,
    excused: bool,
    reason: String,
    created_by: String,
    created_at: DateTime<Utc>,
});

table!(RubricRow, "rubrics", "$1 IS NULL", "branch, kind", {
    branch: String,
    kind: String,
    questions: Json<Value>,
    revision: i64,
    changed_by: String,
    changed_at: DateTime<Utc>,
});

table!(DraftVersionRow, "draft_versions", "report_id = $1", "report_id, revision", {
    report_id: Uuid,
    revision: i64,
    title: String,
    written_text: String,
    replaced_by: String,
    replaced_at: DateTime<Utc>,
});

table!(NoticeRow, "notices", "$1 IS NULL", "id", {
    id: Uuid,
    person_id: Uuid,
    event: String,
    report_id: Option<Uuid>,
    round_id: Option<Uuid>,
    detail: Json<Value>,
    mail: String,
    created_at: DateTime<Utc>,
    read_at: Option<DateTime<Utc>>,
});

table!(NoticeSettingsRow, "notice_settings", "$1 IS NULL", "person_id", {
    person_id: Uuid,
    mail: String,
    muted: Json<Value>,
    quiet_from: Option<i64>,
    quiet_to: Option<i64>,
    utc_offset: i64,
    lang: String,
});

table!(ChannelRow, "channels", "$1 IS NULL", "id", {
    id: Uuid,
    branch: String,
    kind: String,
    name: String,
    url: String,
    secret: String,
    events: Json<Value>,
    next_at: DateTime<Utc>,
    created_by: String,
    created_at: DateTime<Utc>,
});

table!(AuditRow, "audit_entries", "$1 IS NULL", "id", {
    id: Uuid,
    at: DateTime<Utc>,
    actor: String,
    person_id: Option<Uuid>,
    address: Option<String>,
    action: String,
    subject: String,
    detail: String,
});

table!(AuditPendingRow, "audit_pending", "$1 IS NULL", "entry_id", {
    entry_id: Uuid,
});

table!(AuditChainRow, "audit_chain", "$1 IS NULL", "seq", {
    seq: i64,
    entry_id: Uuid,
    hash: Vec<u8>,
});

table!(AuditCheckpointRow, "audit_checkpoints", "$1 IS NULL", "seq", {
    seq: i64,
    note: String,
    made_at: DateTime<Utc>,
});

impl JobRow {
    /// The job as it begins in another installation: nobody holds it there, and the queue there
    /// has not heard of it. The token stays, so the next claim is newer than all before.
    pub(super) fn settle_in(&mut self, now: DateTime<Utc>) {
        self.let_go();
        if self.state == JobState::Queued.as_str() {
            self.publish_due = Some(self.not_before.max(now));
        }
    }

    /// Takes away what only holds where the job is run.
    pub(super) fn let_go(&mut self) {
        if self.state == JobState::Running.as_str() {
            self.state = JobState::Queued.to_string();
            self.worker = None;
            self.progress = 0.0;
        }
        (self.lease_until, self.publish_due, self.published) = (None, None, 0);
    }
}
