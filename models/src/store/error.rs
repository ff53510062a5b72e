//! What can go wrong with the database, told apart by who can do something about it.

use sqlx::migrate::MigrateError;
use uuid::Uuid;

use crate::domain::failure::{Failure, FailureCode};

/// Somebody else holds the job now. Whoever reads this stops working and commits nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the lease was lost")]
pub struct Lost;

/// Why the database could not do something.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// The engine failed.
    #[error(transparent)]
    Sqlx(#[from] sqlx::Error),
    /// The URL names no database.
    #[error("not a database URL: {0}")]
    Url(String),
    /// The server could not be connected to.
    #[error("{place}: {source}")]
    Connect {
        /// Host and port.
        place: String,
        /// The cause.
        source: sqlx::Error,
    },
    /// The schema could not be brought up to date.
    #[error("cannot bring the database up to date: {0}")]
    Migrate(MigrateError),
    /// A newer version of Huibao has changed the schema.
    #[error("the database was made by a newer version (its migration {0} is not known here)")]
    Newer(i64),
    /// The schema is of an earlier version, and it may not be changed: the database is only read.
    #[error(
        "the database was made by an older version (it stands at migration {0}); start this version with it once"
    )]
    Older(i64),
    /// There is nothing to read.
    #[error("{0} holds no Huibao database")]
    Nothing(String),
    /// A report that is brought in has rows whose ids or keys belong to another report.
    #[error("rows of the report {0} are taken by another report")]
    Taken(Uuid),
    /// A row holds what this version cannot read.
    #[error("a row holds what this version cannot read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same call may work in a while: the server is away, starting, overloaded, or
    /// gave up this transaction in favour of another.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Sqlx(error) | Self::Connect { source: error, .. } => is_passing(error),
            _ => false,
        }
    }

    fn code(&self) -> FailureCode {
        // SQLITE_FULL and PostgreSQL's disk_full; see https://www.sqlite.org/rescode.html#full and
        // appendix A of PostgreSQL's manual.
        match self {
            Self::Sqlx(sqlx::Error::Database(e))
                if matches!(e.code().as_deref(), Some("13" | "53100")) =>
            {
                FailureCode::DiskFull
            }
            passing if passing.is_passing() => FailureCode::BackendBusy,
            _ => FailureCode::BackendUnavailable,
        }
    }
}

fn is_passing(error: &sqlx::Error) -> bool {
    match error {
        sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::WorkerCrashed => true,
        // Connection exceptions, resources, operator intervention, rolled back transactions, and
        // SQLITE_BUSY.
        sqlx::Error::Database(e) => e.code().is_some_and(|code| {
            code == "5" || ["08", "53", "57P", "40"].iter().any(|class| code.starts_with(class))
        }),
        _ => false,
    }
}

impl From<serde_json::Error> for StoreError {
    fn from(error: serde_json::Error) -> Self {
        Self::Corrupt(error.to_string())
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        Self::new(error.code(), error)
    }
}
