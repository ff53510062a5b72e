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
    /// The rules of the domain do not allow this change of state.
    #[error("a {what} that is {from} cannot become {to}")]
    IllegalTransition {
        /// What was to be changed.
        what: &'static str,
        /// The state it has.
        from: &'static str,
        /// The state it was to have.
        to: &'static str,
    },
    /// What was to be changed does not exist.
    #[error("there is no {what} {id}")]
    NoSuchRow {
        /// What was to be changed.
        what: &'static str,
        /// Its id.
        id: Uuid,
    },
    /// What was to be changed has been changed by somebody else meanwhile.
    #[error("the {what} has been changed meanwhile")]
    Outdated {
        /// What was to be changed.
        what: &'static str,
    },
    /// An upgrade of the schema broke off half-way and was not undone.
    #[error(
        "the upgrade of the database to migration {0} was interrupted; restore the backup that was \
         made before it, or ask for help with this message"
    )]
    HalfMigrated(i64),
    /// The schema must be brought up to date, and another process has the database open.
    #[error(
        "the database must be upgraded, and another process has it open; stop that process first"
    )]
    InUse,
    /// A row holds what this version cannot read.
    #[error("a row holds what this version cannot read: {0}")]
    Corrupt(String),
}

impl StoreError {
    /// Whether the same call may work in a while: the server is away, starting, overloaded, or
    /// gave up this transaction in favour of another.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Sqlx(error)
            | Self::Connect { source: error, .. }
            | Self::Migrate(
                MigrateError::Execute(error) | MigrateError::ExecuteMigration(error, _),
            ) => is_passing(error),
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
