//! Opening a database from its URL.

mod migrate;

use std::path::Path;
use std::str::FromStr;
use std::time::Duration;

use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use sqlx::{Connection, PgConnection, PgPool};

use super::engine::Engine;
use super::{Store, StoreError};

/// Waiting longer than this for a connection means that the server is not there for us.
const ACQUIRE: Duration = Duration::from_secs(10);

/// A connection that was used so recently is not tested before it is used again.
const TRUSTED: Duration = Duration::from_secs(1);

/// The upgrade of a SQLite file waits so long for another process to finish its own, or to close the
/// file.
const WAIT: Duration = Duration::from_secs(30);

impl Store {
    /// Opens the database that a URL names, `sqlite:///absolute/path.db` or `postgres://…`, and
    /// brings its schema up to date. This file alone looks at the scheme.
    pub async fn open(url: &str, connections: u32) -> Result<Self, StoreError> {
        match url.split_once("://") {
            Some(("sqlite", path)) => Self::open_sqlite(Path::new(path)).await,
            Some(("postgres" | "postgresql", _)) => Self::open_postgres(url, connections).await,
            _ => Err(wrong_url()),
        }
    }

    /// Opens a SQLite file, making it if needed.
    pub async fn open_sqlite(path: &Path) -> Result<Self, StoreError> {
        Self::open_sqlite_within(path, WAIT).await
    }

    /// Opens a SQLite file, making it if needed. If its schema must be changed, and another process has
    /// it open, this waits so long for that.
    ///
    /// # Errors
    ///
    /// [`StoreError::InUse`] if it still has it open then.
    pub async fn open_sqlite_within(path: &Path, wait: Duration) -> Result<Self, StoreError> {
        let options = SqliteConnectOptions::new()
            .filename(path)
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            // A power cut may undo the last commits, but never part of one: a stage is then done
            // again. What a person was told is safe is a durable unit of work.
            .synchronous(SqliteSynchronous::Normal)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(15));
        // A connection to a file does not go away while nobody looks.
        let pool = |connections| {
            SqlitePoolOptions::new().max_connections(connections).test_before_acquire(false)
        };
        migrate::sqlite(&options, wait).await?;
        let write = pool(1).connect_with(options.clone()).await?;
        let read = pool(8).connect_with(options).await?;
        Ok(Self::on(Engine::Sqlite { read, write }))
    }

    /// Opens a database that is only read, and changes nothing in it: its schema must be this
    /// version's.
    ///
    /// # Errors
    ///
    /// [`StoreError::Nothing`], [`StoreError::Older`], [`StoreError::Newer`] or
    /// [`StoreError::HalfMigrated`] for one that cannot be read.
    pub async fn open_to_read(url: &str, connections: u32) -> Result<Self, StoreError> {
        let store = match url.split_once("://") {
            Some(("sqlite", path)) => Self::open_file_to_read(path).await?,
            Some(("postgres" | "postgresql", _)) => {
                let only_read = [("default_transaction_read_only", "on")];
                let options = postgres_options(url)?.options(only_read);
                Self::connect(options, connections).await?
            }
            _ => return Err(wrong_url()),
        };
        store.check_schema().await?;
        Ok(store)
    }

    async fn open_file_to_read(path: &str) -> Result<Self, StoreError> {
        if !Path::new(path).is_file() {
            return Err(StoreError::Nothing(path.to_owned()));
        }
        let options = SqliteConnectOptions::new().filename(path).read_only(true);
        let read = SqlitePoolOptions::new().max_connections(2).connect_with(options).await?;
        Ok(Self::on(Engine::Sqlite { write: read.clone(), read }))
    }

    async fn open_postgres(url: &str, connections: u32) -> Result<Self, StoreError> {
        let store = Self::connect(postgres_options(url)?, connections).await?;
        if let Engine::Postgres(pool) = &store.engine {
            migrate::postgres(pool).await?;
        }
        Ok(store)
    }

    async fn connect(options: PgConnectOptions, connections: u32) -> Result<Self, StoreError> {
        let place = format!("{}:{}", options.get_host(), options.get_port());
        let refused = |source| StoreError::Connect { place: place.clone(), source };
        // The pool would try for all of its timeout; whether to wait is the caller's decision.
        let first = PgConnection::connect_with(&options).await.map_err(&refused)?;
        first.close().await.map_err(&refused)?;
        let pool: PgPool = PgPoolOptions::new()
            .max_connections(connections.max(2))
            .acquire_timeout(ACQUIRE)
            .test_before_acquire(false)
            .before_acquire(|connection, metadata| {
                Box::pin(async move {
                    // Every query would otherwise take one more round trip. A server that went
                    // away a moment ago fails the query, which callers expect of it.
                    if metadata.idle_for > TRUSTED {
                        connection.ping().await?;
                    }
                    Ok(true)
                })
            })
            .connect_with(options)
            .await
            .map_err(refused)?;
        let store = Self::on(Engine::Postgres(pool));
        store.set_clock().await?;
        Ok(store)
    }
}

fn postgres_options(url: &str) -> Result<PgConnectOptions, StoreError> {
    let options =
        PgConnectOptions::from_str(url).map_err(|error| StoreError::Url(error.to_string()))?;
    Ok(options.application_name("huibao"))
}

fn wrong_url() -> StoreError {
    StoreError::Url("use sqlite:///absolute/path.db or postgres://…".into())
}
