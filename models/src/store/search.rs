//! The search index: texts of reports, and the terms by which they are found.
//!
//! Whoever changes a text says so in the same unit of work ([`Search::mark`]), and a job makes the index true again
//! ([`crate::indexing`]). A mark counts changes: what was read before another change is not written.

mod find;
mod scope;

use chrono::{DateTime, TimeDelta, Utc};
use serde_json::json;
use sqlx::types::Json;
use uuid::Uuid;

use super::StoreError;
use super::engine::{Tx, execute, fetch};
use super::rows::count;
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::ids::{PersonId, ReportId, SubmissionId};
use crate::domain::job::{NewJob, Urgency};
use crate::domain::search::{Passage, SearchText};

pub use find::{Found, SearchQuery};

/// The kind of the job that makes the index true again.
pub const INDEX_JOB: &str = "index";

/// People who correct save often; the index follows them at this distance.
const DELAY: TimeDelta = TimeDelta::seconds(3);

/// The search index in a session.
pub struct Search<'s, S>(pub(super) &'s mut S);

/// What the index should know of a report.
#[derive(Debug, Clone)]
pub struct Unindexed {
    report: ReportId,
    mark: i64,
    /// Its texts; `None` if nothing of it is handed in.
    pub text: Option<SearchText>,
}

/// Marks the reports that are handed in and fulfil a condition, whose value is `$2`; returns how many.
macro_rules! mark_where {
    ($unit:expr, $condition:literal $(, $bind:expr)*) => {{
        let now = $unit.now();
        execute!(
            $unit.tx(),
            sqlx::query(concat!(
                "INSERT INTO search_pending (report_id, mark, since)
                 SELECT id, 1, $1 FROM reports WHERE current_submission IS NOT NULL",
                $condition,
                " ON CONFLICT (report_id) DO UPDATE SET mark = search_pending.mark + 1"
            )),
            now
            $(, $bind)*
        )
    }};
}

impl<S: Session> Search<'_, S> {
    /// Reports that wait to be indexed since before a time, the oldest first, from behind one of them on.
    pub async fn waiting(
        &mut self,
        before: DateTime<Utc>,
        after: Option<ReportId>,
        limit: u32,
    ) -> Result<Vec<ReportId>, StoreError> {
        let ids = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, Uuid>(
                "SELECT report_id FROM search_pending
                 WHERE since <= $1 AND ($2 IS NULL OR report_id > $2)
                 ORDER BY report_id LIMIT $3"
            ),
            before,
            after.map(ReportId::uuid),
            i64::from(limit)
        )?;
        Ok(ids.into_iter().map(ReportId::from).collect())
    }

    /// How many reports wait to be indexed.
    pub async fn count_waiting(&mut self) -> Result<u32, StoreError> {
        let waiting = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>("SELECT count(*) FROM search_pending")
        )?;
        Ok(count(waiting))
    }

    /// The texts of a report that waits, or `None` if it does not wait.
    pub async fn unindexed(&mut self, report: ReportId) -> Result<Option<Unindexed>, StoreError> {
        let mark = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, i64>("SELECT mark FROM search_pending WHERE report_id = $1"),
            report.uuid()
        )?;
        let Some(mark) = mark else { return Ok(None) };
        let text = self.text(report).await?;
        Ok(Some(Unindexed { report, mark, text }))
    }

    async fn text(&mut self, of: ReportId) -> Result<Option<SearchText>, StoreError> {
        let Some(overview) = super::Reports(&mut *self.0).overview(of).await? else {
            return Ok(None);
        };
        let Some(submission) = overview.submission else { return Ok(None) };
        let report = overview.report;
        let spoken = super::Transcripts(&mut *self.0).current(submission.id).await?;
        let document = submission.written.map(|written| written.text).unwrap_or_default();
        let author = report.author_name.unwrap_or_default();
        let mut about = vec![report.title.as_str(), &author];
        if report.speaker != author {
            about.push(&report.speaker);
        }
        let written = if document.is_empty() { &report.written_text } else { &document };
        Ok(Some(SearchText::new(&about, spoken.as_ref(), written)))
    }
}

impl Search<'_, UnitOfWork> {
    /// Says that the texts of a report have changed. A job follows, unless one is on its way.
    pub(super) async fn mark(&mut self, report: ReportId) -> Result<(), StoreError> {
        let now = self.0.now();
        let mark = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "INSERT INTO search_pending (report_id, mark, since) VALUES ($1, 1, $2)
                 ON CONFLICT (report_id) DO UPDATE SET mark = search_pending.mark + 1
                 RETURNING mark"
            ),
            report.uuid(),
            now
        )?;
        if mark == 1 {
            self.follow(Some(report)).await?;
        }
        Ok(())
    }

    /// Lets a job follow, for one report or for all that wait.
    async fn follow(&mut self, report: Option<ReportId>) -> Result<(), StoreError> {
        let job = NewJob {
            payload: report.map(|report| json!({ "report": report })),
            not_before: Some(self.0.now() + DELAY),
            ..NewJob::new(INDEX_JOB, Urgency::High)
        };
        self.0.jobs().insert(&job).await?;
        Ok(())
    }

    /// Says that the texts of the report of a submission have changed.
    pub(super) async fn mark_submission(&mut self, of: SubmissionId) -> Result<(), StoreError> {
        let report = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Uuid>("SELECT report_id FROM submissions WHERE id = $1"),
            of.uuid()
        )?;
        match report {
            Some(report) => self.mark(report.into()).await,
            None => Ok(()),
        }
    }

    /// Says that somebody is called something else. A job follows, for all of their reports.
    pub(super) async fn mark_author(&mut self, author: PersonId) -> Result<(), StoreError> {
        if mark_where!(self.0, " AND author_id = $2", author.uuid())? > 0 {
            self.follow(None).await?;
        }
        Ok(())
    }

    /// Says that a report came from another installation. A recurring job follows.
    pub(super) async fn mark_moved(&mut self, report: ReportId) -> Result<(), StoreError> {
        mark_where!(self.0, " AND id = $2", report.uuid())?;
        Ok(())
    }

    /// Lets all reports be indexed anew. Whoever calls this goes on with it.
    pub async fn mark_all(&mut self) -> Result<(), StoreError> {
        mark_where!(self.0, "")?;
        Ok(())
    }

    /// Makes the index true about a report. Says `false` if its texts have changed again: then it still waits.
    pub async fn write(&mut self, new: &Unindexed) -> Result<bool, StoreError> {
        let known = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM search_pending WHERE report_id = $1 AND mark = $2"),
            new.report.uuid(),
            new.mark
        )?;
        if known == 0 {
            return Ok(false);
        }
        if let Some(text) = &new.text {
            let mut terms: Vec<String> = text.terms().into_iter().collect();
            terms.extend(self.scope_terms(new.report).await?);
            self.put(new.report, text.passages(), &terms).await?;
        }
        Ok(true)
    }

    /// Terms for whose report it is, so that nobody's search walks through what they may not see.
    async fn scope_terms(&mut self, report: ReportId) -> Result<Vec<String>, StoreError> {
        let report = self.0.reports().get(report).await?;
        Ok(report.map_or_else(Vec::new, |report| scope::scope_terms(report.author, &report.branch)))
    }

    async fn put(
        &mut self,
        report: ReportId,
        passages: &[Passage],
        terms: &[String],
    ) -> Result<(), StoreError> {
        match self.0.tx() {
            Tx::Sqlite(tx) => {
                let number: i64 = sqlx::query_scalar(
                    "INSERT INTO search_documents (report_id, passages) VALUES ($1, $2)
                     ON CONFLICT (report_id) DO UPDATE SET passages = excluded.passages
                     RETURNING number",
                )
                .bind(report.uuid())
                .bind(Json(passages))
                .fetch_one(&mut **tx)
                .await?;
                sqlx::query("DELETE FROM search_terms WHERE rowid = $1")
                    .bind(number)
                    .execute(&mut **tx)
                    .await?;
                sqlx::query("INSERT INTO search_terms (rowid, terms) VALUES ($1, $2)")
                    .bind(number)
                    .bind(terms.join(" "))
                    .execute(&mut **tx)
                    .await?;
            }
            Tx::Postgres(tx) => {
                sqlx::query(
                    "INSERT INTO search_documents (report_id, passages, terms)
                     VALUES ($1, $2, array_to_tsvector($3))
                     ON CONFLICT (report_id) DO UPDATE
                     SET passages = excluded.passages, terms = excluded.terms",
                )
                .bind(report.uuid())
                .bind(Json(passages))
                .bind(terms)
                .execute(&mut **tx)
                .await?;
            }
        }
        Ok(())
    }
}
