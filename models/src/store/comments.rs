//! The repository of comments.

use std::collections::HashMap;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch, fetch_of_ids};
use super::rows::all;
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::ids::{CommentId, PersonId, ReportId, SubmissionId};
use crate::domain::review::{Anchor, Comment};

/// Comments in a session.
pub struct Comments<'s, S>(pub(super) &'s mut S);

/// Something that is to be said about a report.
#[derive(Debug, Clone)]
pub struct NewComment {
    /// The report.
    pub report: ReportId,
    /// The submission that was read.
    pub submission: SubmissionId,
    /// The comment that it answers: what it is about and who sees it, the answer takes from there.
    pub parent: Option<CommentId>,
    /// What it says.
    pub text: String,
    /// What it is about.
    pub anchor: Anchor,
    /// Whether the report's author sees it.
    pub shared: bool,
}

#[derive(FromRow)]
struct CommentRow {
    id: Uuid,
    submission_id: Uuid,
    parent_id: Option<Uuid>,
    person_id: Uuid,
    person_name: Option<String>,
    text: String,
    anchor: Json<Anchor>,
    shared: bool,
    created_at: DateTime<Utc>,
    edited_at: Option<DateTime<Utc>>,
    resolved_at: Option<DateTime<Utc>>,
    removed_at: Option<DateTime<Utc>>,
}

impl TryFrom<CommentRow> for Comment {
    type Error = StoreError;

    fn try_from(row: CommentRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            submission: row.submission_id.into(),
            parent: row.parent_id.map(CommentId::from),
            person: row.person_id.into(),
            person_name: row.person_name.unwrap_or_default(),
            text: row.text,
            anchor: row.anchor.0,
            shared: row.shared,
            created_at: row.created_at,
            edited_at: row.edited_at,
            resolved_at: row.resolved_at,
            removed_at: row.removed_at,
        })
    }
}

/// Comments on a report, which is `$1`.
macro_rules! comments {
    () => {
        "SELECT comments.id, submission_id, parent_id, person_id, display_name AS person_name, text,
                anchor, shared, comments.created_at, edited_at, resolved_at, removed_at
         FROM comments LEFT JOIN people ON people.id = person_id
         WHERE report_id = $1"
    };
}

impl<S: Session> Comments<'_, S> {
    /// What was said about a report, the oldest first.
    pub async fn of(&mut self, report: ReportId) -> Result<Vec<Comment>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, CommentRow>(concat!(comments!(), " ORDER BY comments.id")),
            report.uuid()
        )?)
    }

    /// When others have last said something about reports that a reader sees; nothing of reports without.
    pub async fn newest_of_others(
        &mut self,
        reports: &[ReportId],
        reader: PersonId,
    ) -> Result<HashMap<ReportId, DateTime<Utc>>, StoreError> {
        let ids: Vec<Uuid> = reports.iter().map(|id| id.uuid()).collect();
        let said = fetch_of_ids!(
            self.0.tx(),
            query_as::<(Uuid, DateTime<Utc>)>,
            ["SELECT report_id, comments.created_at
              FROM comments JOIN reports ON reports.id = report_id
              WHERE person_id <> $2 AND removed_at IS NULL
                AND (shared OR author_id IS NULL OR author_id <> $2) AND report_id"],
            &ids[..],
            reader.uuid(),
        )?;
        let mut newest = HashMap::new();
        for (report, at) in said {
            let known = newest.entry(report.into()).or_insert(at);
            *known = at.max(*known);
        }
        Ok(newest)
    }

    /// The comment on a report, or `None`.
    pub async fn get(
        &mut self,
        report: ReportId,
        id: CommentId,
    ) -> Result<Option<Comment>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, CommentRow>(concat!(comments!(), " AND comments.id = $2")),
            report.uuid(),
            id.uuid()
        )?;
        row.map(Comment::try_from).transpose()
    }
}

impl Comments<'_, UnitOfWork> {
    /// Says something about a report, and tells those whom it is for.
    ///
    /// # Errors
    ///
    /// [`StoreError::NoSuchRow`] if the report has no such comment to answer.
    pub async fn add(&mut self, new: &NewComment) -> Result<CommentId, StoreError> {
        let person = self.0.person();
        let person = person.ok_or_else(|| StoreError::Corrupt("nobody comments".into()))?;
        let (mut anchor, mut shared) = (new.anchor.clone(), new.shared);
        if let Some(parent) = new.parent {
            let answered = self.get(new.report, parent).await?;
            let answered = answered.filter(|comment| comment.parent.is_none());
            let missing = StoreError::NoSuchRow { what: "comment", id: parent.uuid() };
            let answered = answered.ok_or(missing)?;
            (anchor, shared) = (answered.anchor, answered.shared);
        }
        let (id, actor, now) = (CommentId::new(), self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO comments (id, report_id, submission_id, parent_id, person_id, text, anchor,
                                       shared, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)"
            ),
            id.uuid(),
            new.report.uuid(),
            new.submission.uuid(),
            new.parent.map(CommentId::uuid),
            PersonId::uuid(person),
            &new.text,
            Json(&anchor),
            shared,
            actor,
            now
        )?;
        self.told(AuditAction::CommentAdded, new.report, id).await?;
        if shared {
            self.0.notices().of_comment(new.report, person).await?;
        }
        Ok(id)
    }

    /// Changes what a comment says.
    pub async fn edit(
        &mut self,
        report: ReportId,
        id: CommentId,
        text: &str,
    ) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE comments SET text = $1, edited_at = $2 WHERE id = $3"),
            text,
            now,
            id.uuid()
        )?;
        self.told(AuditAction::CommentChanged, report, id).await
    }

    /// Settles a comment, or opens it again.
    pub async fn resolve(
        &mut self,
        report: ReportId,
        id: CommentId,
        resolved: bool,
    ) -> Result<(), StoreError> {
        let at = resolved.then(|| self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE comments SET resolved_at = $1 WHERE id = $2"),
            at,
            id.uuid()
        )?;
        let action =
            if resolved { AuditAction::CommentResolved } else { AuditAction::CommentReopened };
        self.told(action, report, id).await
    }

    /// Removes what a comment says. Nothing is left of one that nobody has answered.
    pub async fn remove(&mut self, report: ReportId, id: CommentId) -> Result<(), StoreError> {
        let now = self.0.now();
        let gone = execute!(
            self.0.tx(),
            sqlx::query(
                "DELETE FROM comments WHERE id = $1
                 AND NOT EXISTS (SELECT 1 FROM comments AS answers WHERE answers.parent_id = $1)"
            ),
            id.uuid()
        )?;
        if gone == 0 {
            execute!(
                self.0.tx(),
                sqlx::query("UPDATE comments SET text = '', removed_at = $1 WHERE id = $2"),
                now,
                id.uuid()
            )?;
        }
        self.told(AuditAction::CommentRemoved, report, id).await
    }

    async fn told(
        &mut self,
        action: AuditAction,
        report: ReportId,
        id: CommentId,
    ) -> Result<(), StoreError> {
        let detail = serde_json::json!({ "comment": id });
        self.0.audit().record(action, report, detail).await?;
        self.0.changed(Change::Report(report));
        Ok(())
    }
}
