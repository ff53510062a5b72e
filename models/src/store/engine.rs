//! The two engines behind one set of statements. SQL is written once; these macros run it on
//! whichever engine is open. Placeholders (`$1`), `RETURNING`, `ON CONFLICT` and types with sqlx
//! implementations on both sides (UUIDs, times, JSON, text) are where the engines agree.

use sqlx::{PgPool, Postgres, Sqlite, SqlitePool, Transaction};

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

/// An open transaction.
pub enum Tx {
    /// On SQLite.
    Sqlite(Transaction<'static, Sqlite>),
    /// On PostgreSQL.
    Postgres(Transaction<'static, Postgres>),
}

/// Runs a single statement that only reads, with a snapshot of its own:
/// `read!(store, fetch_all, query_as::<_, Row>("…"), binds…)`.
macro_rules! read {
    ($store:expr, $method:ident, $query:expr $(, $bind:expr)* $(,)?) => {
        {
            let _timer = $crate::metrics::DatabaseTimer::start("read");
            match &$store.engine {
                $crate::store::engine::Engine::Sqlite { read, .. } => {
                    $query$(.bind($bind))*.$method(read).await
                }
                $crate::store::engine::Engine::Postgres(pool) => {
                    $query$(.bind($bind))*.$method(pool).await
                }
            }
        }
    };
}

/// Runs a single statement that writes, as a transaction of its own; returns how many rows.
macro_rules! write {
    ($store:expr, $query:expr $(, $bind:expr)* $(,)?) => {
        {
            let _timer = $crate::metrics::DatabaseTimer::start("write");
            match &$store.engine {
                $crate::store::engine::Engine::Sqlite { write, .. } => {
                    $query$(.bind($bind))*.execute(write).await.map(|done| done.rows_affected())
                }
                $crate::store::engine::Engine::Postgres(pool) => {
                    $query$(.bind($bind))*.execute(pool).await.map(|done| done.rows_affected())
                }
            }
        }
    };
}

/// Runs a single statement that writes, as a transaction of its own; fetches what it returns.
macro_rules! returning {
    ($store:expr, $method:ident, $query:expr $(, $bind:expr)* $(,)?) => {
        {
            let _timer = $crate::metrics::DatabaseTimer::start("write");
            match &$store.engine {
                $crate::store::engine::Engine::Sqlite { write, .. } => {
                    $query$(.bind($bind))*.$method(write).await
                }
                $crate::store::engine::Engine::Postgres(pool) => {
                    $query$(.bind($bind))*.$method(pool).await
                }
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

/// Runs a statement about rows with some ids in a transaction and fetches them; `$1` stands for the ids:
/// `fetch_of_ids!(tx, query_as::<Row>, ["SELECT … WHERE id"], ids, binds…)`.
///
/// The engines agree on no way to pass a list.
macro_rules! fetch_of_ids {
    ($tx:expr, $query:ident::<$row:ty>, [$($select:tt)*], $ids:expr $(, $bind:expr)* $(,)?) => {
        match $tx {
            $crate::store::engine::Tx::Sqlite(tx) => {
                sqlx::$query::<_, $row>(concat!(
                    $($select)*,
                    " IN (SELECT unhex(value) FROM json_each($1))"
                ))
                .bind($crate::store::engine::hex_list($ids))
                $(.bind($bind))*
                .fetch_all(&mut **tx)
                .await
            }
            $crate::store::engine::Tx::Postgres(tx) => {
                sqlx::$query::<_, $row>(concat!($($select)*, " = ANY($1)"))
                    .bind($ids)
                    $(.bind($bind))*
                    .fetch_all(&mut **tx)
                    .await
            }
        }
    };
}

/// Ids as a JSON array of hexadecimal digits.
pub(super) fn hex_list(ids: &[uuid::Uuid]) -> String {
    let ids: Vec<_> = ids.iter().map(|id| format!("\"{}\"", id.simple())).collect();
    format!("[{}]", ids.join(","))
}

pub(super) use {execute, fetch, fetch_of_ids, read, returning, write};
