//! What a draft said before it was changed, so that nothing that was written is lost.

use chrono::{DateTime, TimeDelta, Utc};
use sqlx::FromRow;

use super::Reports;
use crate::domain::ids::ReportId;
use crate::domain::report::Report;
use crate::store::StoreError;
use crate::store::engine::{execute, fetch};
use crate::store::rows::{all, count};
use crate::store::unit::{HasTx, Session, UnitOfWork};

/// Pages save while somebody types. Of so long, what was there at the beginning is kept.
const APART: TimeDelta = TimeDelta::minutes(1);

/// So many are kept of a report, the newest.
const KEPT: i64 = 100;

/// What a report said until it was changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DraftVersion {
    /// The report's revision that said so.
    pub revision: u32,
    /// The title.
    pub title: String,
    /// The written report as typed.
    pub written_text: String,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
}

#[derive(FromRow)]
struct VersionRow {
    revision: i64,
    title: String,
    written_text: String,
    replaced_at: DateTime<Utc>,
}

impl TryFrom<VersionRow> for DraftVersion {
    type Error = StoreError;

    fn try_from(row: VersionRow) -> Result<Self, StoreError> {
        Ok(Self {
            revision: count(row.revision),
            title: row.title,
            written_text: row.written_text,
            replaced_at: row.replaced_at,
        })
    }
}

impl<S: Session> Reports<'_, S> {
    /// What a report said before, the newest first.
    pub async fn draft_versions(&mut self, of: ReportId) -> Result<Vec<DraftVersion>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, VersionRow>(
                "SELECT revision, title, written_text, replaced_at FROM draft_versions
                 WHERE report_id = $1 ORDER BY revision DESC"
            ),
            of.uuid()
        )?)
    }
}

impl Reports<'_, UnitOfWork> {
    /// Keeps what a report says, which is about to be replaced, unless something was kept a moment ago.
    pub(super) async fn keep_version(&mut self, report: &Report) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let kept = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO draft_versions (report_id, revision, title, written_text, replaced_by,
                                             replaced_at)
                 SELECT $1, $2, $3, $4, $5, $6 WHERE NOT EXISTS
                     (SELECT 1 FROM draft_versions
                      WHERE report_id = $1 AND replaced_by = $5 AND replaced_at > $7)"
            ),
            report.id.uuid(),
            i64::from(report.revision),
            &report.title,
            &report.written_text,
            actor,
            now,
            now - APART
        )?;
        if kept == 1 {
            execute!(
                self.0.tx(),
                sqlx::query(
                    "DELETE FROM draft_versions WHERE report_id = $1 AND revision NOT IN
                         (SELECT revision FROM draft_versions WHERE report_id = $1
                          ORDER BY revision DESC LIMIT $2)"
                ),
                report.id.uuid(),
                KEPT
            )?;
        }
        Ok(())
    }
}
