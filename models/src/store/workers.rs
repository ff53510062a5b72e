//! The repository of workers: which there are, and which of them pause.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use sqlx::types::Json;

use super::engine::{execute, fetch, returning, write};
use super::rows::count;
use super::unit::{HasTx, Session, UnitOfWork};
use super::{Store, StoreError};
use crate::domain::audit::{AuditAction, Subject};
use crate::domain::worker::{WorkerInfo, WorkerStatus};

/// Workers in a session.
pub struct Workers<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct WorkerRow {
    name: String,
    version: String,
    cores: i64,
    kinds: Json<Vec<String>>,
    model: String,
    started_at: DateTime<Utc>,
    seen_at: DateTime<Utc>,
    paused: bool,
}

impl From<WorkerRow> for WorkerStatus {
    fn from(row: WorkerRow) -> Self {
        Self {
            info: WorkerInfo {
                name: row.name,
                version: row.version,
                cores: count(row.cores),
                kinds: row.kinds.0,
                model: row.model,
            },
            started_at: row.started_at,
            seen_at: row.seen_at,
            paused: row.paused,
        }
    }
}

impl<S: Session> Workers<'_, S> {
    /// Those that were heard of since a time, by their names.
    pub async fn since(&mut self, time: DateTime<Utc>) -> Result<Vec<WorkerStatus>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, WorkerRow>(
                "SELECT name, version, cores, kinds, model, started_at, seen_at, paused FROM workers
                 WHERE seen_at >= $1 ORDER BY name"
            ),
            time
        )?;
        Ok(rows.into_iter().map(WorkerStatus::from).collect())
    }
}

impl Workers<'_, UnitOfWork> {
    /// Has a worker take no further jobs, or go on. Says whether there is such a worker.
    pub async fn set_paused(&mut self, name: &str, paused: bool) -> Result<bool, StoreError> {
        let changed = execute!(
            self.0.tx(),
            sqlx::query("UPDATE workers SET paused = $1 WHERE name = $2"),
            paused,
            name
        )?;
        if changed == 1 {
            let action =
                if paused { AuditAction::WorkerPaused } else { AuditAction::WorkerResumed };
            let detail = serde_json::json!({ "worker": name });
            self.0.audit().record(action, Subject::system(), detail).await?;
        }
        Ok(changed == 1)
    }

    /// Forgets those that were not heard of since a time. Returns how many.
    pub async fn prune(&mut self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(execute!(self.0.tx(), sqlx::query("DELETE FROM workers WHERE seen_at < $1"), before)?)
    }
}

impl Store {
    /// Writes down that a worker is there. Says whether it is to pause.
    pub async fn worker_seen(
        &self,
        info: &WorkerInfo,
        started_at: DateTime<Utc>,
        now: DateTime<Utc>,
    ) -> Result<bool, StoreError> {
        Ok(returning!(
            self,
            fetch_one,
            sqlx::query_scalar::<_, bool>(
                "INSERT INTO workers (name, version, cores, kinds, model, started_at, seen_at, paused)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, false)
                 ON CONFLICT (name) DO UPDATE SET version = excluded.version, cores = excluded.cores,
                     kinds = excluded.kinds, model = excluded.model, seen_at = excluded.seen_at
                 RETURNING paused"
            ),
            &info.name,
            &info.version,
            i64::from(info.cores),
            Json(&info.kinds),
            &info.model,
            started_at,
            now
        )?)
    }

    /// Forgets a worker that stops.
    pub async fn worker_gone(&self, name: &str) -> Result<(), StoreError> {
        write!(self, sqlx::query("DELETE FROM workers WHERE name = $1"), name)?;
        Ok(())
    }
}
