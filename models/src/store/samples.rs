//! The repository of samples.

use chrono::{DateTime, Utc};
use sqlx::FromRow;

use super::StoreError;
use super::engine::{Tx, execute, fetch};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::sample::Sample;

/// Samples in a session.
pub struct Samples<'s, S>(pub(super) &'s mut S);

#[derive(FromRow)]
struct SampleRow {
    at: DateTime<Utc>,
    storage_bytes: i64,
    database_bytes: i64,
    done: i64,
    failed: i64,
}

impl From<SampleRow> for Sample {
    fn from(row: SampleRow) -> Self {
        Self {
            at: row.at,
            storage_bytes: row.storage_bytes.unsigned_abs(),
            database_bytes: row.database_bytes.unsigned_abs(),
            done: row.done.unsigned_abs(),
            failed: row.failed.unsigned_abs(),
        }
    }
}

impl<S: Session> Samples<'_, S> {
    /// The samples since a time, the oldest first.
    pub async fn since(&mut self, time: DateTime<Utc>) -> Result<Vec<Sample>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, SampleRow>(
                "SELECT at, storage_bytes, database_bytes, done, failed FROM samples
                 WHERE at >= $1 ORDER BY at"
            ),
            time
        )?;
        Ok(rows.into_iter().map(Sample::from).collect())
    }

    /// Size of the database in bytes.
    async fn database_bytes(&mut self) -> Result<i64, StoreError> {
        Ok(match self.0.tx() {
            Tx::Sqlite(tx) => {
                let pages =
                    "SELECT page_count * page_size FROM pragma_page_count, pragma_page_size";
                sqlx::query_scalar(pages).fetch_one(&mut **tx).await?
            }
            Tx::Postgres(tx) => {
                let size = "SELECT pg_database_size(current_database())";
                sqlx::query_scalar(size).fetch_one(&mut **tx).await?
            }
        })
    }
}

impl Samples<'_, UnitOfWork> {
    /// Measures how large everything is, and what was done since the sample before.
    pub async fn take(&mut self) -> Result<(), StoreError> {
        let (now, database_bytes) = (self.0.now(), self.database_bytes().await?);
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO samples (at, storage_bytes, database_bytes, done, failed)
                 SELECT $1,
                        (SELECT CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM files)
                            + (SELECT CAST(coalesce(sum(size_bytes), 0) AS bigint) FROM exports),
                        $2, count(CASE WHEN state = 'done' THEN 1 END),
                        count(CASE WHEN state = 'dead' THEN 1 END)
                 FROM jobs
                 WHERE finished_at > coalesce((SELECT max(at) FROM samples), $1)
                   AND finished_at <= $1 AND urgency <> 'background'
                 ON CONFLICT DO NOTHING"
            ),
            now,
            database_bytes
        )?;
        Ok(())
    }

    /// Removes samples that are older.
    pub async fn prune(&mut self, before: DateTime<Utc>) -> Result<u64, StoreError> {
        Ok(execute!(self.0.tx(), sqlx::query("DELETE FROM samples WHERE at < $1"), before)?)
    }
}
