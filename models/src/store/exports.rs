//! The repository of exports. Their progress is that of the jobs that make them.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::{all, branch, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::branch::BranchPath;
use crate::domain::export::{Export, ExportFile, ExportFormat, ExportSubject, KEPT};
use crate::domain::failure::Failure;
use crate::domain::ids::{ExportId, JobId, PersonId, ReportId, RoundId};
use crate::domain::job::{JobState, NewJob, Urgency};

/// The kind of the jobs that make exports.
pub const EXPORT_JOB: &str = "export";

/// Exports in a session.
pub struct Exports<'s, S>(pub(super) &'s mut S);

/// Which exports of a person to list; `None` takes all.
#[derive(Debug, Clone, Copy, Default)]
pub struct ExportFilter {
    /// Only those of this report.
    pub report: Option<ReportId>,
    /// Only those of this round.
    pub round: Option<RoundId>,
    /// Only those older than this one.
    pub before: Option<ExportId>,
}

#[derive(FromRow)]
struct ExportRow {
    id: Uuid,
    report_id: Option<Uuid>,
    round_id: Option<Uuid>,
    branches: Json<Vec<String>>,
    format: String,
    requested_by: Uuid,
    created_at: DateTime<Utc>,
    expires_at: DateTime<Utc>,
    key: Option<String>,
    name: Option<String>,
    size_bytes: Option<i64>,
    sha256: Option<String>,
    state: String,
    progress: f64,
    error: Option<Json<Failure>>,
}

impl ExportRow {
    fn subject(&self) -> Result<ExportSubject, StoreError> {
        match (self.report_id, self.round_id) {
            (Some(report), None) => Ok(ExportSubject::Report(report.into())),
            (None, Some(round)) => Ok(ExportSubject::Round(round.into())),
            _ => Err(StoreError::Corrupt("an export of nothing, or of two things".into())),
        }
    }

    fn file(&mut self) -> Option<ExportFile> {
        Some(ExportFile {
            key: self.key.take()?,
            name: self.name.take()?,
            size_bytes: self.size_bytes?.unsigned_abs(),
            sha256: self.sha256.take()?,
        })
    }
}

impl TryFrom<ExportRow> for Export {
    type Error = StoreError;

    fn try_from(mut row: ExportRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            subject: row.subject()?,
            branches: row.branches.0.iter().map(|key| branch(key)).collect::<Result<_, _>>()?,
            format: named(&row.format)?,
            requested_by: row.requested_by.into(),
            created_at: row.created_at,
            expires_at: row.expires_at,
            file: row.file(),
            state: named(&row.state)?,
            #[expect(clippy::cast_possible_truncation, reason = "a fraction for display")]
            progress: row.progress as f32,
            failure: row.error.map(|Json(failure)| failure),
        })
    }
}

/// Exports with the state of their jobs. A job is kept for longer than its export.
macro_rules! exports_where {
    ($condition:literal) => {
        concat!(
            "SELECT exports.id, report_id, round_id, branches, format, requested_by, exports.created_at,
                    expires_at, key, name, size_bytes, sha256, state, progress, error
             FROM exports JOIN jobs ON jobs.id = exports.job_id WHERE ",
            $condition
        )
    };
}

impl<S: Session> Exports<'_, S> {
    /// The export, or `None`; also for one that has expired.
    pub async fn get(
        &mut self,
        id: ExportId,
        now: DateTime<Utc>,
    ) -> Result<Option<Export>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, ExportRow>(exports_where!("exports.id = $1 AND expires_at > $2")),
            id.uuid(),
            now
        )?;
        row.map(Export::try_from).transpose()
    }

    /// What a person asked for and can still fetch, the newest first, at most `limit`.
    pub async fn of(
        &mut self,
        person: PersonId,
        filter: &ExportFilter,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<Export>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ExportRow>(exports_where!(
                "requested_by = $1 AND ($2 IS NULL OR report_id = $2)
                 AND ($3 IS NULL OR round_id = $3) AND ($4 IS NULL OR exports.id < $4)
                 AND expires_at > $5 ORDER BY exports.id DESC LIMIT $6"
            )),
            person.uuid(),
            filter.report.map(ReportId::uuid),
            filter.round.map(RoundId::uuid),
            filter.before.map(ExportId::uuid),
            now,
            i64::from(limit)
        )?)
    }
}

impl Exports<'_, UnitOfWork> {
    /// Asks for an export, of a round in some branches, and returns its id. One that is asked for again while it
    /// is being made is the same.
    pub async fn request(
        &mut self,
        person: PersonId,
        subject: ExportSubject,
        branches: &[BranchPath],
        format: ExportFormat,
    ) -> Result<ExportId, StoreError> {
        let now = self.0.now();
        let (report, round) = (subject.report(), subject.round());
        let filter = ExportFilter { report, round, before: None };
        let at_work = |export: &Export| {
            export.format == format
                && export.branches == branches
                && !matches!(export.state, JobState::Done | JobState::Dead)
        };
        let pending = self.of(person, &filter, u32::MAX, now).await?.into_iter().find(at_work);
        if let Some(pending) = pending {
            return Ok(pending.id);
        }
        let (id, job) = (ExportId::new(), JobId::new());
        let new = NewJob {
            payload: Some(serde_json::json!({ "export": id })),
            ..NewJob::new(EXPORT_JOB, Urgency::Low).unique(id)
        };
        self.0.jobs().insert_as(job, &new).await?;
        let actor = self.0.actor().to_string();
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO exports (id, report_id, round_id, branches, format, requested_by,
                                      created_by, created_at, expires_at, job_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            ),
            id.uuid(),
            report.map(ReportId::uuid),
            round.map(RoundId::uuid),
            Json(branches.iter().map(BranchPath::key).collect::<Vec<_>>()),
            format.as_str(),
            person.uuid(),
            actor,
            now,
            now + KEPT,
            job.uuid()
        )?;
        let detail = serde_json::json!({ "export": id, "format": format });
        self.0.audit().record(AuditAction::ExportRequested, subject, detail).await?;
        Ok(id)
    }

    /// Writes down the file that was made, and which reports are in it.
    pub async fn finish(
        &mut self,
        id: ExportId,
        person: PersonId,
        file: &ExportFile,
        reports: &[ReportId],
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE exports SET key = $1, name = $2, size_bytes = $3, sha256 = $4 WHERE id = $5"
            ),
            &file.key,
            &file.name,
            i64::try_from(file.size_bytes).unwrap_or(i64::MAX),
            &file.sha256,
            id.uuid()
        )?;
        for report in reports {
            // A worker makes it, so it is the detail that tells for whom.
            let detail = serde_json::json!({ "export": id, "for": person });
            self.0.audit().record(AuditAction::ReportExported, *report, detail).await?;
        }
        Ok(())
    }

    /// Removes exports that have expired, with their jobs, unless these are still at work. The collector
    /// removes the files. Returns how many.
    pub async fn prune(&mut self) -> Result<u64, StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query(
                "DELETE FROM jobs WHERE state IN ('done', 'dead')
                 AND id IN (SELECT job_id FROM exports WHERE expires_at <= $1)"
            ),
            now
        )?;
        Ok(execute!(
            self.0.tx(),
            sqlx::query(
                "DELETE FROM exports WHERE expires_at <= $1
                 AND NOT EXISTS (SELECT 1 FROM jobs WHERE jobs.id = job_id)"
            ),
            now
        )?)
    }
}
