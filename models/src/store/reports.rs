//! The repository of reports.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch};
use super::rows::named;
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::ids::{ReportId, SubmissionId};
use crate::domain::report::{Report, ReportState};
use crate::domain::submission::Submission;

/// Reports in a session.
pub struct Reports<'s, S>(pub(super) &'s mut S);

/// What a new report begins with.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// Chosen by the caller.
    pub id: ReportId,
    /// What the activist calls it; may be empty.
    pub title: String,
    /// Who speaks; may be empty.
    pub speaker: String,
}

/// A report with the submission that counts.
#[derive(Debug, Clone)]
pub struct ReportOverview {
    /// The report.
    pub report: Report,
    /// Its current submission; `None` for a draft.
    pub submission: Option<Submission>,
}

#[derive(FromRow)]
struct ReportRow {
    id: Uuid,
    title: String,
    speaker: String,
    state: String,
    created_at: DateTime<Utc>,
    current_submission: Option<Uuid>,
}

impl TryFrom<ReportRow> for Report {
    type Error = StoreError;

    fn try_from(row: ReportRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            title: row.title,
            speaker: row.speaker,
            state: named(&row.state)?,
            created_at: row.created_at,
            current_submission: row.current_submission.map(SubmissionId::from),
        })
    }
}

/// The columns of [`ReportRow`].
macro_rules! report_columns {
    () => {
        "id, title, speaker, state, created_at, current_submission"
    };
}

impl<S: Session> Reports<'_, S> {
    /// The report, or `None`.
    pub async fn get(&mut self, id: ReportId) -> Result<Option<Report>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE id = $1"
            )),
            id.uuid()
        )?;
        row.map(Report::try_from).transpose()
    }

    /// The report with its current submission, or `None`.
    pub async fn overview(&mut self, id: ReportId) -> Result<Option<ReportOverview>, StoreError> {
        let Some(report) = self.get(id).await? else { return Ok(None) };
        let submission = match report.current_submission {
            Some(id) => super::Submissions(&mut *self.0).get(id).await?,
            None => None,
        };
        Ok(Some(ReportOverview { report, submission }))
    }

    /// The newest reports first, at most `limit`, older than `before` if that is given, with their
    /// current submissions.
    pub async fn newest(
        &mut self,
        before: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportOverview>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ReportRow>(concat!(
                "SELECT ",
                report_columns!(),
                " FROM reports WHERE $1 IS NULL OR id < $1 ORDER BY id DESC LIMIT $2"
            )),
            before.map(ReportId::uuid),
            i64::from(limit)
        )?;
        let (Some(newest), Some(oldest)) = (rows.first(), rows.last()) else { return Ok(vec![]) };
        let mut submissions =
            super::Submissions(&mut *self.0).current_of(oldest.id.into(), newest.id.into()).await?;
        rows.into_iter()
            .map(|row| {
                let report = Report::try_from(row)?;
                let submission = submissions.remove(&report.id);
                Ok(ReportOverview { report, submission })
            })
            .collect()
    }
}

impl Reports<'_, UnitOfWork> {
    /// Adds a report, as a draft.
    pub async fn insert(&mut self, new: &NewReport) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO reports (id, title, speaker, state, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6)"
            ),
            new.id.uuid(),
            &new.title,
            &new.speaker,
            ReportState::Draft.as_str(),
            actor,
            now
        )?;
        self.0.changed(Change::Report(new.id));
        Ok(())
    }

    /// Moves a report on in its life cycle.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if it [may not](ReportState::may_become) become that, and
    /// [`StoreError::NoSuchRow`] if there is no such report.
    pub async fn set_state(&mut self, id: ReportId, next: ReportState) -> Result<(), StoreError> {
        let state = self.lock(id).await?;
        if !state.may_become(next) {
            let (from, to) = (state.as_str(), next.as_str());
            return Err(StoreError::IllegalTransition { what: "report", from, to });
        }
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE reports SET state = $1 WHERE id = $2"),
            next.as_str(),
            id.uuid()
        )?;
        self.0.changed(Change::Report(id));
        Ok(())
    }

    /// Makes a submission the one that counts.
    pub(super) async fn set_current(
        &mut self,
        id: ReportId,
        submission: SubmissionId,
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE reports SET current_submission = $1 WHERE id = $2"),
            submission.uuid(),
            id.uuid()
        )?;
        self.0.changed(Change::Report(id));
        Ok(())
    }

    /// The state of a report, which nobody else changes until the unit of work ends.
    async fn lock(&mut self, id: ReportId) -> Result<ReportState, StoreError> {
        let state: Option<String> = match self.0.tx() {
            // SQLite has one writer.
            super::engine::Tx::Sqlite(tx) => {
                sqlx::query_scalar("SELECT state FROM reports WHERE id = $1")
                    .bind(id.uuid())
                    .fetch_optional(&mut **tx)
                    .await?
            }
            super::engine::Tx::Postgres(tx) => {
                sqlx::query_scalar("SELECT state FROM reports WHERE id = $1 FOR UPDATE")
                    .bind(id.uuid())
                    .fetch_optional(&mut **tx)
                    .await?
            }
        };
        let state = state.ok_or(StoreError::NoSuchRow { what: "report", id: id.uuid() })?;
        named(&state)
    }
}
