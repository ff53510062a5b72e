//! The repository of reports: their rows, and their life cycle. What authors do with drafts is in `drafts`,
//! what readers find in `list` and
//! `counts`.

mod counts;
mod drafts;
mod list;
mod versions;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch};
use super::rows::{branch, count, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::branch::BranchPath;
use crate::domain::ids::{PersonId, ReportId, RoundId, SubmissionId};
use crate::domain::notice::NoticeEvent;
use crate::domain::report::{Period, Report, ReportKind, ReportState};
use crate::domain::submission::Submission;

pub use counts::ReportCounts;
pub use list::ReportFilter;
pub(super) use list::{filter, filter_of_any_state, visible_state};
pub use versions::DraftVersion;

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
    /// Whose it is.
    pub author: Option<PersonId>,
    /// The branch that it is handed in to.
    pub branch: BranchPath,
    /// The round that it is for.
    pub round: Option<RoundId>,
    /// What its author writes.
    pub content: ReportContent,
}

impl NewReport {
    /// A report that belongs to nobody.
    pub fn anonymous(id: ReportId, title: String, speaker: String) -> Self {
        let (author, branch, round) = (None, BranchPath::root(), None);
        Self { id, title, speaker, author, branch, round, content: ReportContent::default() }
    }
}

/// What the author writes of a report, besides the title.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReportContent {
    /// What it is about.
    pub kind: ReportKind,
    /// The quarter that it is for.
    pub period: Period,
    /// The written report, if it is typed.
    pub written_text: String,
    /// Language of the speech: an ISO 639-1 code or `auto`.
    pub language: String,
}

impl Default for ReportContent {
    fn default() -> Self {
        Self {
            kind: ReportKind::default(),
            period: Period::default(),
            written_text: String::new(),
            language: "zh".into(),
        }
    }
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
    author_id: Option<Uuid>,
    author_name: Option<String>,
    branch: String,
    round_id: Option<Uuid>,
    kind: String,
    period: String,
    written_text: String,
    language: String,
    state: String,
    revision: i64,
    draft_submission: Option<Uuid>,
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
            author: row.author_id.map(PersonId::from),
            author_name: row.author_name,
            branch: branch(&row.branch)?,
            round: row.round_id.map(RoundId::from),
            kind: named(&row.kind)?,
            period: named(&row.period)?,
            written_text: row.written_text,
            language: row.language,
            state: named(&row.state)?,
            revision: count(row.revision),
            draft_submission: row.draft_submission.map(SubmissionId::from),
            created_at: row.created_at,
            current_submission: row.current_submission.map(SubmissionId::from),
        })
    }
}

/// The columns of [`ReportRow`].
macro_rules! report_columns {
    () => {
        "id, title, speaker, author_id,
         (SELECT display_name FROM people WHERE people.id = author_id) AS author_name,
         branch, round_id, kind, period, written_text, language, state, revision, draft_submission,
         created_at, current_submission"
    };
}
use report_columns;

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
}

impl Reports<'_, UnitOfWork> {
    /// Adds a report, as a draft. Says whether it was added: its author may have one for its round already.
    pub async fn insert(&mut self, new: &NewReport) -> Result<bool, StoreError> {
        self.0.people().need_branch(&new.branch).await?;
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO reports (id, title, speaker, state, created_by, created_at, author_id,
                                      branch, kind, period, written_text, language, round_id)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)
                 ON CONFLICT DO NOTHING"
            ),
            new.id.uuid(),
            &new.title,
            &new.speaker,
            ReportState::Draft.as_str(),
            actor,
            now,
            new.author.map(PersonId::uuid),
            new.branch.key(),
            new.content.kind.as_str(),
            new.content.period.as_str(),
            &new.content.written_text,
            &new.content.language,
            new.round.map(RoundId::uuid)
        )?;
        if added == 1 {
            let detail = serde_json::json!({ "branch": new.branch.to_string() });
            self.0.audit().record(AuditAction::ReportCreated, new.id, detail).await?;
            self.0.changed(Change::Report(new.id));
        }
        Ok(added == 1)
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
        match next {
            ReportState::Returned => {
                self.0.notices().of_report(id, NoticeEvent::Returned, None).await?;
            }
            ReportState::Accepted => {
                self.0.notices().of_report(id, NoticeEvent::Accepted, None).await?;
            }
            _ => {}
        }
        let action = match next {
            ReportState::Withdrawn => Some(AuditAction::ReportWithdrawn),
            ReportState::InReview if state == ReportState::Submitted => {
                Some(AuditAction::ReviewBegun)
            }
            _ => None,
        };
        if let Some(action) = action {
            self.0.audit().record(action, id, serde_json::json!({})).await?;
        }
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
            sqlx::query(
                "UPDATE reports SET current_submission = $1, draft_submission = NULL WHERE id = $2"
            ),
            submission.uuid(),
            id.uuid()
        )?;
        self.0.search().mark(id).await?;
        self.0.changed(Change::Report(id));
        Ok(())
    }

    /// The state of a report, which nobody else changes until the unit of work ends.
    pub(super) async fn lock(&mut self, id: ReportId) -> Result<ReportState, StoreError> {
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
