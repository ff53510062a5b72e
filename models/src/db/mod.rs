//! The database keeper: reports, files, tasks and transcripts. The database is the truth.

mod commit;
mod reports;
mod tasks;
mod transcripts;

use std::path::Path;
use std::time::Duration;

use sqlx::SqlitePool;
use sqlx::migrate::MigrateError;
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};

pub use commit::{Completion, IngestResult, TranscodeResult};
pub use reports::NewReport;
pub use tasks::{Claim, Lost};

use crate::failure::{Failure, FailureCode};

/// Why the database could not do something.
#[derive(Debug, thiserror::Error)]
pub enum DbError {
    /// The engine failed.
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    /// The schema could not be brought up to date.
    #[error("cannot bring the database up to date: {0}")]
    Migrate(#[from] MigrateError),
    /// A row holds what this version cannot read.
    #[error("a row holds what this version cannot read: {0}")]
    Corrupt(String),
}

impl From<serde_json::Error> for DbError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        // SQLITE_FULL; see https://www.sqlite.org/rescode.html#full
        let full = matches!(&error, DbError::Sqlx(sqlx::Error::Database(e))
            if e.code().as_deref() == Some("13"));
        let code = if full { FailureCode::DiskFull } else { FailureCode::KeeperUnavailable };
        Self::new(code, error)
    }
}

/// The rows of one installation.
#[derive(Debug, Clone)]
pub struct Database {
    pool: SqlitePool,
}

impl Database {
    /// Opens a SQLite file, making it and bringing its schema up to date if needed.
    pub async fn open_sqlite(path: &Path) -> Result<Self, DbError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // An upload that was answered must survive a power cut.
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(15));
        let pool = SqlitePoolOptions::new().max_connections(8).connect_with(options).await?;
        sqlx::migrate!("migrations/sqlite").run(&pool).await?;
        Ok(Self { pool })
    }

    /// Whether a query is answered now.
    pub async fn health(&self) -> Result<(), DbError> {
        sqlx::query("SELECT 1").execute(&self.pool).await?;
        Ok(())
    }

    /// Closes all connections, so that the file may be moved or removed.
    pub async fn close(&self) {
        self.pool.close().await;
    }

    /// A transaction that takes the write lock at once: one that reads first and writes later
    /// would fail, not wait, when another writer came between.
    async fn write(&self) -> Result<sqlx::Transaction<'static, sqlx::Sqlite>, DbError> {
        Ok(self.pool.begin_with("BEGIN IMMEDIATE").await?)
    }
}
