//! Bringing a schema up to date, once, whoever starts first.
//!
//! Each migration commits with its record or not at all, so that a process that is killed half-way
//! leaves the schema as it was.

use std::cmp::Ordering;
use std::time::Duration;

use sqlx::migrate::{MigrateError, Migrator};
use sqlx::sqlite::{SqliteConnectOptions, SqliteConnection, SqliteLockingMode};
use sqlx::{ConnectOptions, Connection, PgPool, Row};

use crate::store::engine::{Engine, read};
use crate::store::{Store, StoreError};

static SQLITE: Migrator = sqlx::migrate!("migrations/sqlite");
static POSTGRES: Migrator = sqlx::migrate!("migrations/postgres");

/// An upgrade waits so long for another process to finish its own, or to close the file.
const WAIT: Duration = Duration::from_secs(30);

/// Brings a SQLite file up to date.
///
/// Foreign keys are off meanwhile: a migration that makes a table anew would delete its children. What
/// it leaves is checked. The file is locked for this process alone, because sqlx has no lock of its own
/// for SQLite.
pub(super) async fn sqlite(options: &SqliteConnectOptions) -> Result<(), StoreError> {
    let mut connection = options.connect().await?;
    if is_current(&mut connection).await? {
        connection.close().await?;
        return Ok(());
    }
    connection.close().await?;
    let mut connection = options
        .clone()
        .foreign_keys(false)
        .busy_timeout(WAIT)
        .locking_mode(SqliteLockingMode::Exclusive)
        .connect()
        .await
        .map_err(in_use)?;
    // With that locking mode, the lock is taken with the first write, and kept until the connection
    // is closed.
    sqlx::query("BEGIN EXCLUSIVE; COMMIT").execute(&mut connection).await.map_err(in_use)?;
    SQLITE.run(&mut connection).await.map_err(migrate_error)?;
    let orphans = sqlx::query("PRAGMA foreign_key_check").fetch_all(&mut connection).await?;
    if let Some(orphan) = orphans.first() {
        let (table, parent): (String, String) = (orphan.try_get(0)?, orphan.try_get(2)?);
        let count = orphans.len();
        return Err(StoreError::Corrupt(format!(
            "after its upgrade, {count} rows refer to what is not there, the first from {table} to {parent}"
        )));
    }
    connection.close().await?;
    Ok(())
}

/// Brings a PostgreSQL schema up to date. sqlx takes a lock of the server, so that processes that start
/// together do it once.
pub(super) async fn postgres(pool: &PgPool) -> Result<(), StoreError> {
    POSTGRES.run(pool).await.map_err(migrate_error)
}

impl Store {
    /// Checks that the schema is this version's: a newer version may have changed it since the store was
    /// opened.
    ///
    /// # Errors
    ///
    /// [`StoreError::Nothing`], [`StoreError::Older`] or [`StoreError::Newer`].
    pub async fn check_schema(&self) -> Result<(), StoreError> {
        let at = read!(
            self,
            fetch_one,
            sqlx::query_scalar::<_, Option<i64>>("SELECT max(version) FROM _sqlx_migrations")
        );
        let at = match at {
            Ok(at) => at.unwrap_or(0),
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
            .await?;
    if there == 0 {
        return Ok(false);
    }
    let (at, unfinished): (Option<i64>, i64) = sqlx::query_as(
        "SELECT max(version), count(CASE WHEN success THEN NULL ELSE 1 END) FROM _sqlx_migrations",
    )
    .fetch_one(&mut *connection)
    .await?;
    Ok(at == Some(newest(&SQLITE)) && unfinished == 0)
}

fn newest(known: &Migrator) -> i64 {
    known.iter().map(|migration| migration.version).max().unwrap_or(0)
}

fn in_use(error: sqlx::Error) -> StoreError {
    match error {
        // SQLITE_BUSY and SQLITE_LOCKED.
        sqlx::Error::Database(error) if matches!(error.code().as_deref(), Some("5" | "6")) => {
            StoreError::InUse
        }
        other => other.into(),
    }
}

fn migrate_error(error: MigrateError) -> StoreError {
    match error {
        MigrateError::VersionMissing(version) => StoreError::Newer(version),
        MigrateError::Dirty(version) => StoreError::HalfMigrated(version),
        MigrateError::Execute(source) | MigrateError::ExecuteMigration(source, _) => in_use(source),
        other => StoreError::Migrate(other),
    }
}
