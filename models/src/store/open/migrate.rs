//! Bringing a schema up to date, once, whoever starts first.
//!
//! Migrations commit with their records or not at all, so that a process that is killed half-way leaves
//! the schema as it was.

use std::cmp::Ordering;
use std::time::{Duration, Instant};

use sqlx::error::DatabaseError;
use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteError, SqliteLockingMode};
use sqlx::{ConnectOptions, Connection, PgPool, Row};
use uuid::Uuid;

use crate::store::engine::{Engine, read};
use crate::store::{Store, StoreError};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// Brings a SQLite file up to date. Waits for another process to finish its own upgrade, or to close
/// the file, for `wait`.
///
/// # Errors
///
/// [`StoreError::InUse`] if the schema must be changed, and another process has the file open.
pub(super) async fn sqlite(
    options: &SqliteConnectOptions,
    wait: Duration,
) -> Result<(), StoreError> {
    let deadline = Instant::now() + wait;
    loop {
        match try_sqlite(options).await {
            Err(StoreError::InUse) if Instant::now() < deadline => {
                // Not all at the same time: they would get into each other's way for ever.
                let random = u64::from(Uuid::now_v7().as_bytes()[15]);
                tokio::time::sleep(Duration::from_millis(20 + random)).await;
            }
            done => return done,
        }
    }
}

/// Brings a SQLite file up to date, unless another process has it open.
///
/// The file is locked for this process alone, because sqlx has no lock of its own for SQLite. Foreign
/// keys are off meanwhile: a migration that makes a table anew would delete its children. What it leaves
/// is checked before it is committed.
async fn try_sqlite(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let options = options.clone().busy_timeout(Duration::ZERO);
    let mut connection = options.connect().await.map_err(in_use)?;
    let current = is_current(&mut connection).await;
    connection.close().await?;
    if current? {
        return Ok(());
    }
    let exclusive = options.foreign_keys(false).locking_mode(SqliteLockingMode::Exclusive);
    let mut connection = exclusive.connect().await.map_err(in_use)?;
    let upgraded = upgrade_sqlite(&mut connection).await;
    connection.close().await?;
    upgraded
}

async fn upgrade_sqlite(connection: &mut SqliteConnection) -> Result<(), StoreError> {
    // With that locking mode, this takes a lock that the connection keeps until it is closed.
    let mut tx = connection.begin_with("BEGIN EXCLUSIVE").await.map_err(in_use)?;
    SQLITE.run_direct(None, &mut *tx, false).await.map_err(migrate_error)?;
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut *tx).await?;
    if let Some(orphan) = orphans.first() {
        let (table, parent): (String, String) = (orphan.try_get(0)?, orphan.try_get(2)?);
        let count = orphans.len();
        return Err(StoreError::Corrupt(format!(
            "{count} rows refer to what is not there, the first from {table} to {parent}; the database \
             was not upgraded"
        )));
    }
    tx.commit().await?;
    Ok(())
}

/// Brings a PostgreSQL schema up to date. sqlx takes a lock of the server, so that processes that start
/// together do it once.
pub(super) async fn postgres(pool: &PgPool) -> Result<(), StoreError> {
    let mut connection = pool.acquire().await?;
    POSTGRES.run_direct(None, &mut *connection, false).await.map_err(migrate_error)
}

impl Store {
    /// Checks that the schema is this version's: a newer version may have changed it since the store was
    /// opened.
    ///
    /// # Errors
    ///
    /// [`StoreError::Nothing`], [`StoreError::Older`], [`StoreError::Newer`] or
    /// [`StoreError::HalfMigrated`].
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let found = read!(
            self,
            fetch_one,
            sqlx::query_as::<_, (Option<i64>, Option<i64>)>(
                "SELECT max(version), min(CASE WHEN success THEN NULL ELSE version END)
                 FROM _sqlx_migrations"
            )
        );
        let at = match found {
            Ok((_, Some(unfinished))) => return Err(StoreError::HalfMigrated(unfinished)),
            Ok((at, None)) => at.unwrap_or(0),
            // There is no such table.
            Err(sqlx::Error::Database(error)) => {
                return Err(StoreError::Nothing(error.to_string()));
            }
            Err(error) => return Err(error.into()),
        };
        let known = match &self.engine {
            Engine::Sqlite { .. } => &SQLITE,
            Engine::Postgres(_) => &POSTGRES,
        };
        match at.cmp(&newest(known)) {
            Ordering::Less => Err(StoreError::Older(at)),
            Ordering::Equal => Ok(()),
            Ordering::Greater => Err(StoreError::Newer(at)),
        }
    }
}

/// Whether nothing is to be done, and nothing is wrong. Anything else, the migrator tells.
async fn is_current(connection: &mut SqliteConnection) -> Result<bool, StoreError> {
    let there: i64 =
        sqlx::query_scalar("SELECT count(*) FROM sqlite_schema WHERE name = '_sqlx_migrations'")
            .fetch_one(&mut *connection)
            .await
            .map_err(in_use)?;
    if there == 0 {
        return Ok(false);
    }
    let (at, unfinished): (Option<i64>, i64) = sqlx::query_as(
        "SELECT max(version), count(CASE WHEN success THEN NULL ELSE 1 END) FROM _sqlx_migrations",
    )
    .fetch_one(&mut *connection)
    .await
    .map_err(in_use)?;
    Ok(at == Some(newest(&SQLITE)) && unfinished == 0)
}

fn newest(known: &Migrator) -> i64 {
    known.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn in_use(error: sqlx::Error) -> StoreError {
    if is_locked(&error) { StoreError::InUse } else { error.into() }
}

/// Whether another process has a SQLite file locked: `SQLITE_BUSY` and `SQLITE_LOCKED`, also with more
/// about it in the upper bytes.
fn is_locked(error: &sqlx::Error) -> bool {
    let sqlx::Error::Database(error) = error else { return false };
    error
        .try_downcast_ref::<SqliteError>()
        .and_then(|error| error.code()?.parse::<i32>().ok())
        .is_some_and(|code| matches!(code & 0xff, 5 | 6))
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(version),
        MigrateError::Dirty(version) => StoreError::HalfMigrated(version),
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _)
            if is_locked(&source) =>
        {
            StoreError::InUse
        }
        other => StoreError::Migrate(other),
    }
}
