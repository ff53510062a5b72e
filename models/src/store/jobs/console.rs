//! What operators see of jobs, and do with dead ones.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::Jobs;
use crate::domain::audit::AuditAction;
use crate::domain::ids::JobId;
use crate::store::StoreError;
use crate::store::engine::{execute, fetch};
use crate::store::unit::{HasTx, Session, UnitOfWork};

/// Dead jobs of a kind that failed for the same cause.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FailureGroup {
    /// The name of the kind.
    pub kind: String,
    /// The code of the failure.
    pub code: String,
    /// How many they are.
    pub jobs: u64,
    /// When the last of them failed.
    pub newest: Option<DateTime<Utc>>,
}

/// How quickly jobs of a kind were done.
#[derive(Debug, Clone, PartialEq)]
pub struct Throughput {
    /// The name of the kind.
    pub kind: String,
    /// How many were done.
    pub done: u64,
    /// How long one was worked on, in milliseconds.
    pub mean_work_ms: f64,
}

#[derive(FromRow)]
struct GroupRow {
    kind: String,
    code: Option<String>,
    jobs: i64,
    newest: Option<DateTime<Utc>>,
}

#[derive(FromRow)]
struct ThroughputRow {
    kind: String,
    done: i64,
    work_ms: Option<f64>,
}

impl<S: Session> Jobs<'_, S> {
    /// Dead jobs by kind and cause, those with most jobs first.
    pub async fn failures(&mut self) -> Result<Vec<FailureGroup>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, GroupRow>(
                "SELECT kind, error ->> 'code' AS code, count(*) AS jobs, max(finished_at) AS newest
                 FROM jobs WHERE state = 'dead' AND discarded_at IS NULL
                 GROUP BY kind, error ->> 'code' ORDER BY count(*) DESC, kind"
            )
        )?;
        let group = |row: GroupRow| FailureGroup {
            kind: row.kind,
            code: row.code.unwrap_or_default(),
            jobs: row.jobs.unsigned_abs(),
            newest: row.newest,
        };
        Ok(rows.into_iter().map(group).collect())
    }

    /// What was done since a time, by kind.
    pub async fn throughput(
        &mut self,
        since: DateTime<Utc>,
    ) -> Result<Vec<Throughput>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, ThroughputRow>(
                "SELECT kind, count(*) AS done, CAST(avg(work_ms) AS double precision) AS work_ms
                 FROM jobs WHERE finished_at >= $1 AND state = 'done' GROUP BY kind ORDER BY kind"
            ),
            since
        )?;
        let throughput = |row: ThroughputRow| Throughput {
            kind: row.kind,
            done: row.done.unsigned_abs(),
            mean_work_ms: row.work_ms.unwrap_or(0.0),
        };
        Ok(rows.into_iter().map(throughput).collect())
    }
}

impl Jobs<'_, UnitOfWork> {
    /// Takes a dead job out of the lists: nobody will try it again. Says whether it was there.
    pub async fn discard(&mut self, id: JobId) -> Result<bool, StoreError> {
        let now = self.0.now();
        let discarded = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE jobs SET discarded_at = $1
                 WHERE id = $2 AND state = 'dead' AND discarded_at IS NULL"
            ),
            now,
            id.uuid()
        )?;
        if discarded == 1 {
            let nothing = serde_json::json!({});
            self.0.audit().record(AuditAction::JobDiscarded, id, nothing).await?;
        }
        Ok(discarded == 1)
    }
}
