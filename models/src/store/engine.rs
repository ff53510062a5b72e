//! The two engines behind one set of statements. SQL is written once; these macros run it on
//! whichever engine is open. Placeholders (`$1`), `RETURNING`, `ON CONFLICT` and types with sqlx
//! implementations on both sides (UUIDs, times, JSON, our enums) are where the engines agree.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

use super::{Store, StoreError};

/// The open engine.
#[derive(Debug, Clone)]
pub(super) enum Engine {
    /// One writer, because SQLite has one: waiting in a queue is fair and quick, its own busy
    /// handler polls.
    Sqlite {
        read: SqlitePool,
        write: SqlitePool,
    },
    Postgres(PgPool),
}

/// A transaction that writes.
pub(super) enum Tx {
    Sqlite(Transaction<'static, Sqlite>),
    Postgres(Transaction<'static, Postgres>),
}

/// Runs a statement that only reads: `read!(store, fetch_all, query_as::<_, Row>("…"), binds…)`.
macro_rules! read {
    ($store:expr, $method:ident, $query:expr $(, $bind:expr)* $(,)?) => {
        match &$store.engine {
            $crate::store::engine::Engine::Sqlite { read, .. } => {
                $query$(.bind($bind))*.$method(read).await
            }
            $crate::store::engine::Engine::Postgres(pool) => {
                $query$(.bind($bind))*.$method(pool).await
            }
        }
    };
}

/// Runs a single statement that writes, as a transaction of its own; returns how many rows.
macro_rules! write {
    ($store:expr, $query:expr $(, $bind:expr)* $(,)?) => {
        match &$store.engine {
            $crate::store::engine::Engine::Sqlite { write, .. } => {
                $query$(.bind($bind))*.execute(write).await.map(|done| done.rows_affected())
            }
            $crate::store::engine::Engine::Postgres(pool) => {
                $query$(.bind($bind))*.execute(pool).await.map(|done| done.rows_affected())
            }
        }
    };
}

/// Runs a single statement that writes, as a transaction of its own; fetches what it returns.
macro_rules! returning {
    ($store:expr, $method:ident, $query:expr $(, $bind:expr)* $(,)?) => {
        match &$store.engine {
            $crate::store::engine::Engine::Sqlite { write, .. } => {
                $query$(.bind($bind))*.$method(write).await
            }
            $crate::store::engine::Engine::Postgres(pool) => {
                $query$(.bind($bind))*.$method(pool).await
            }
        }
    };
}

/// Runs a statement in a transaction and fetches rows.
macro_rules! fetch {
    ($tx:expr, $method:ident, $query:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::engine::Tx::Sqlite(tx) => {
                $query$(.bind($bind))*.$method(&mut **tx).await
            }
            $crate::store::engine::Tx::Postgres(tx) => {
                $query$(.bind($bind))*.$method(&mut **tx).await
            }
        }
    };
}

/// Runs a statement in a transaction; returns how many rows it changed.
macro_rules! execute {
    ($tx:expr, $query:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::engine::Tx::Sqlite(tx) => {
                $query$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
            $crate::store::engine::Tx::Postgres(tx) => {
                $query$(.bind($bind))*.execute(&mut **tx).await.map(|done| done.rows_affected())
            }
        }
    };
}

pub(super) use {execute, fetch, read, returning, write};

impl Store {
    /// Begins a transaction that writes.
    pub(super) async fn begin(&self) -> Result<Tx, StoreError> {
        self.begin_with("PRAGMA synchronous = NORMAL; BEGIN IMMEDIATE").await
    }

    /// Begins a transaction whose commit survives a power cut at once, on SQLite too.
    pub(super) async fn begin_durable(&self) -> Result<Tx, StoreError> {
        self.begin_with("PRAGMA synchronous = FULL; BEGIN IMMEDIATE").await
    }

    /// SQLite takes the write lock at once: a transaction that reads first and writes later would
    /// fail, not wait, when another writer came between.
    async fn begin_with(&self, sqlite: &'static str) -> Result<Tx, StoreError> {
        Ok(match &self.engine {
            Engine::Sqlite { write, .. } => Tx::Sqlite(write.begin_with(sqlite).await?),
            Engine::Postgres(pool) => Tx::Postgres(pool.begin().await?),
        })
    }
}

impl Tx {
    /// Commits.
    pub(super) async fn commit(self) -> Result<(), StoreError> {
        match self {
            Self::Sqlite(tx) => tx.commit().await?,
            Self::Postgres(tx) => tx.commit().await?,
        }
        Ok(())
    }
}
