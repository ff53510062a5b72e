//! The store's time: the database server's, asked for now and then.

use std::time::{Duration, Instant};

use chrono::{DateTime, Utc};

use super::engine::Engine;
use super::{Store, StoreError};

/// A difference from the machine's own clock that an operator should hear of. Signed requests to
/// S3 fail from about 15 minutes on.
const WORTH_SAYING: Duration = Duration::from_secs(30);

/// How often the clock is set: a machine that wakes up has the right time so soon.
const EVERY: Duration = Duration::from_mins(1);

impl Store {
    /// The time now, for every function that takes it.
    pub fn now(&self) -> DateTime<Utc> {
        self.clock.now()
    }

    /// Sets the clock again and again, as long as somebody polls this.
    pub async fn keep_clock(&self) {
        loop {
            tokio::time::sleep(EVERY).await;
            if let Err(error) = self.set_clock().await {
                tracing::debug!(%error, "cannot ask for the time; the clock goes on by itself");
            }
        }
    }

    /// Sets the clock by the server's. With SQLite, the machine is the server. Without it, machines
    /// would drift apart, and one that was asleep would live in the past.
    pub async fn set_clock(&self) -> Result<(), StoreError> {
        let asked = Instant::now();
        let time: DateTime<Utc> = match &self.engine {
            Engine::Sqlite { .. } => Utc::now(),
            Engine::Postgres(pool) => {
                sqlx::query_scalar("SELECT clock_timestamp()").fetch_one(pool).await?
            }
        };
        // The server looked at its clock somewhere between question and answer.
        self.clock.set(time, asked + asked.elapsed() / 2);
        let apart = (Utc::now() - self.now()).abs().to_std().unwrap_or_default();
        if apart > WORTH_SAYING {
            tracing::warn!(?apart, "the clock of this machine and the database server's differ");
        }
        Ok(())
    }
}
