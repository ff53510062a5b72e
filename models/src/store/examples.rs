//! The repository of good examples.

use std::cmp::Reverse;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::changes::Change;
use super::engine::{execute, fetch};
use super::reports::{ReportOverview, Reports};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::access::ExampleScope;
use crate::domain::audit::AuditAction;
use crate::domain::example::{Example, Published};
use crate::domain::ids::{PersonId, ReportId};
use crate::domain::report::ReportState;

/// Examples in a session.
pub struct Examples<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct ExampleRow {
    report_id: Uuid,
    consented_at: DateTime<Utc>,
    published_at: Option<DateTime<Utc>>,
    published_by: Option<Uuid>,
    publisher: Option<String>,
}

impl From<ExampleRow> for Example {
    fn from(row: ExampleRow) -> Self {
        let published = row.published_by.zip(row.published_at);
        let by_name = row.publisher.unwrap_or_default();
        Self {
            report: row.report_id.into(),
            consented_at: row.consented_at,
            published: published.map(|(by, at)| Published { by: by.into(), by_name, at }),
        }
    }
}

impl<S: Session> Examples<'_, S> {
    /// Whether a report may be shown as an example, and is; `None` if its author does not agree.
    pub async fn get(&mut self, report: ReportId) -> Result<Option<Example>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, ExampleRow>(
                "SELECT report_id, consented_at, published_at, published_by, display_name AS publisher
                 FROM examples LEFT JOIN people ON people.id = published_by WHERE report_id = $1"
            ),
            report.uuid()
        )?;
        Ok(row.map(Example::from))
    }

    /// The examples that somebody may open, at most `limit`, with when each was published: the newest first.
    pub async fn newest_for(
        &mut self,
        scope: &ExampleScope,
        limit: u32,
    ) -> Result<Vec<(ReportOverview, DateTime<Utc>)>, StoreError> {
        let own = ("", "", String::new());
        let shown = scope.shown_to.iter().map(|branch| (branch.key(), "", String::new()));
        let reviewed = scope.reviewed.iter().map(|branch| ("", branch.key(), branch.end()));
        let mut found: Vec<(Uuid, DateTime<Utc>)> = Vec::new();
        // A branch's page is for those whose branch begins with its path.
        for (member_of, from, to) in std::iter::once(own).chain(shown).chain(reviewed) {
            found.extend(fetch!(
                self.0.tx(),
                fetch_all,
                sqlx::query_as::<_, (Uuid, DateTime<Utc>)>(
                    "SELECT report_id, published_at FROM examples JOIN reports ON reports.id = report_id
                     WHERE published_at IS NOT NULL AND state = 'accepted'
                       AND (author_id = $1 OR substr($2, 1, length(branch)) = branch
                            OR (branch >= $3 AND branch < $4))
                     ORDER BY published_at DESC, report_id DESC LIMIT $5"
                ),
                scope.own.uuid(),
                member_of,
                from,
                to,
                i64::from(limit)
            )?);
        }
        found.sort_unstable_by_key(|(id, at)| Reverse((*at, *id)));
        found.dedup_by_key(|(id, _)| *id);
        found.truncate(limit as usize);
        let ids: Vec<_> = found.iter().map(|(id, _)| ReportId::from(*id)).collect();
        let mut reports = Reports(&mut *self.0).of_ids(&ids).await?;
        let with_report = |(id, at): (Uuid, DateTime<Utc>)| Some((reports.remove(&id.into())?, at));
        Ok(found.into_iter().filter_map(with_report).collect())
    }
}

impl Examples<'_, UnitOfWork> {
    /// Writes down that the author of an accepted report agrees to its being shown.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if it is not accepted.
    pub async fn consent(&mut self, report: ReportId) -> Result<(), StoreError> {
        self.accepted(report).await?;
        let now = self.0.now();
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO examples (report_id, consented_at) VALUES ($1, $2) ON CONFLICT DO NOTHING"
            ),
            report.uuid(),
            now
        )?;
        if added > 0 { self.told(AuditAction::ExampleConsented, report).await } else { Ok(()) }
    }

    /// Takes the consent back: nobody sees the report as an example any more.
    pub async fn refuse(&mut self, report: ReportId) -> Result<(), StoreError> {
        let gone = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM examples WHERE report_id = $1"),
            report.uuid()
        )?;
        if gone > 0 { self.told(AuditAction::ExampleRefused, report).await } else { Ok(()) }
    }

    /// Shows an accepted report on its branch's page of examples.
    ///
    /// # Errors
    ///
    /// [`StoreError::IllegalTransition`] if it is not accepted, or its author does not agree.
    pub async fn publish(&mut self, report: ReportId) -> Result<(), StoreError> {
        self.accepted(report).await?;
        let Some(example) = self.get(report).await? else {
            return Err(StoreError::IllegalTransition {
                what: "report",
                from: "without consent",
                to: "example",
            });
        };
        if example.published.is_some() {
            return Ok(());
        }
        let person = self.0.person();
        let person = person.ok_or_else(|| StoreError::Corrupt("nobody publishes".into()))?;
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE examples SET published_at = $1, published_by = $2 WHERE report_id = $3"
            ),
            now,
            PersonId::uuid(person),
            report.uuid()
        )?;
        self.told(AuditAction::ExamplePublished, report).await
    }

    /// Takes a report off the page of examples. Its author agrees as before.
    pub async fn withdraw(&mut self, report: ReportId) -> Result<(), StoreError> {
        let changed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE examples SET published_at = NULL, published_by = NULL
                 WHERE report_id = $1 AND published_at IS NOT NULL"
            ),
            report.uuid()
        )?;
        if changed > 0 { self.told(AuditAction::ExampleWithdrawn, report).await } else { Ok(()) }
    }

    async fn accepted(&mut self, report: ReportId) -> Result<(), StoreError> {
        match self.0.reports().lock(report).await? {
            ReportState::Accepted => Ok(()),
            other => Err(StoreError::IllegalTransition {
                what: "report",
                from: other.as_str(),
                to: "example",
            }),
        }
    }

    async fn told(&mut self, action: AuditAction, report: ReportId) -> Result<(), StoreError> {
        self.0.audit().record(action, report, serde_json::json!({})).await?;
        self.0.changed(Change::Report(report));
        Ok(())
    }
}
