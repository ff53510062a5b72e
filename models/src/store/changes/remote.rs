//! Announcements between processes, with `LISTEN` and `NOTIFY` on PostgreSQL.
//!
//! `NOTIFY` takes a lock of the whole server when it commits, so it is kept out of the transactions that
//! change something: each process notifies in batches, on its own. With SQLite, one process does
//! everything.

use std::collections::BTreeSet;
use std::sync::atomic::Ordering;
use std::time::Duration;

use sqlx::PgPool;
use sqlx::postgres::PgListener;
use uuid::Uuid;

use super::Change;
use crate::store::Store;
use crate::store::engine::Engine;

/// The name of the notifications.
const CHANNEL: &str = "huibao_changes";

/// Changes are gathered for so long.
const GATHER: Duration = Duration::from_millis(100);

/// A payload may have 8000 bytes; each change takes 34.
const AT_ONCE: usize = 200;

/// Wait so long before another try.
const PAUSE: Duration = Duration::from_secs(2);

impl Store {
    /// Tells other processes what this one changes, as long as somebody polls this.
    pub async fn share_changes(&self) {
        let Engine::Postgres(pool) = &self.engine else { return std::future::pending().await };
        let outgoing = &self.changes.outgoing;
        outgoing.shared.store(true, Ordering::Relaxed);
        loop {
            outgoing.more.notified().await;
            tokio::time::sleep(GATHER).await;
            let changes = std::mem::take(&mut *outgoing.lock());
            if let Err(error) = notify(pool, &changes).await {
                // Followers look now and then without it.
                tracing::debug!(%error, "cannot announce changes to other processes");
                tokio::time::sleep(PAUSE).await;
            }
        }
    }

    /// Receives what other processes change, as long as somebody polls this.
    pub async fn receive_changes(&self) {
        let Engine::Postgres(pool) = &self.engine else { return std::future::pending().await };
        loop {
            if let Err(error) = self.listen(pool).await {
                tracing::debug!(%error, "cannot receive announcements of changes; trying again");
            }
            tokio::time::sleep(PAUSE).await;
        }
    }

    async fn listen(&self, pool: &PgPool) -> Result<(), sqlx::Error> {
        let mut listener = PgListener::connect_with(pool).await?;
        listener.listen(CHANNEL).await?;
        loop {
            let notification = listener.recv().await?;
            for change in notification.payload().split(',').filter_map(decode) {
                // Nobody follows: that is no error.
                let _ = self.changes.here.send(change);
            }
        }
    }
}

async fn notify(pool: &PgPool, changes: &BTreeSet<Change>) -> Result<(), sqlx::Error> {
    let texts: Vec<String> = changes.iter().map(encode).collect();
    for batch in texts.chunks(AT_ONCE) {
        sqlx::query("SELECT pg_notify($1, $2)")
            .bind(CHANNEL)
            .bind(batch.join(","))
            .execute(pool)
            .await?;
    }
    Ok(())
}

fn encode(change: &Change) -> String {
    match change {
        Change::Report(id) => format!("r{}", id.uuid().simple()),
        Change::Submission(id) => format!("s{}", id.uuid().simple()),
        Change::Person(id) => format!("p{}", id.uuid().simple()),
    }
}

fn decode(text: &str) -> Option<Change> {
    let id = Uuid::parse_str(text.get(1..)?).ok()?;
    match text.get(..1)? {
        "r" => Some(Change::Report(id.into())),
        "s" => Some(Change::Submission(id.into())),
        "p" => Some(Change::Person(id.into())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::ids::{PersonId, ReportId, SubmissionId};

    #[test]
    fn announcements_read_back() {
        for change in [
            Change::Report(ReportId::new()),
            Change::Submission(SubmissionId::new()),
            Change::Person(PersonId::new()),
        ] {
            assert_eq!(decode(&encode(&change)), Some(change));
        }
        for text in ["", "s", "x0", "好", "s好"] {
            assert_eq!(decode(text), None);
        }
    }
}
