//! What the queue must be told, and when. The job row is the outbox: what makes a job ready also
//! sets the time at which a message is due, in the same transaction.
//!
//! Whoever commits also publishes, at once. Only what went missing (the process died in between,
//! the broker was away, its queues were purged, a lease ran out) is found here later.
//!
//! A row's `published` says how often its message is known to have been published. What never was, is due at
//! `publish_due`. What was, waits in the queue or is lost, and the row cannot tell which. It is due as well
//! if the queue of its urgency is empty; else only when it has been unanswered for very long. So a job costs
//! the same however many wait before it.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::types::Json;

use super::row::MessageRow;
use crate::domain::actor::Actor;
use crate::domain::job::{JobMessage, Urgency};
use crate::store::engine::{Engine, execute, read, write};
use crate::store::rows::{all, named};
use crate::store::unit::HasTx;
use crate::store::{Store, StoreError};

/// A job that is still queued this long after its message was published is published again, if the message
/// cannot be among those that wait.
pub(in crate::store) const REPUBLISH: Duration = Duration::from_secs(30);

/// Where messages wait, one that was published may be among them, or lost before they came. It is held
/// back for so long, and longer each time.
const HELD_BACK: Duration = Duration::from_mins(10);

/// How many times longer. The longest is about eleven hours.
const EACH_TIME: u32 = 4;

/// More publications than this are not counted. [`Store::unanswered`] looks for each count.
const MAX_PUBLISHED: i64 = 4;

/// Messages of an urgency that were published, equally often, and that nobody has answered in time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unanswered {
    /// The urgency.
    pub urgency: Urgency,
    /// Since when the first of them is due, if it is lost.
    pub since: DateTime<Utc>,
    published: i64,
}

impl Unanswered {
    /// Those that are due since then are to be published again, if so many messages wait with this
    /// urgency.
    /// `None` is for a queue that cannot tell.
    pub fn lost_since(&self, waiting: Option<u64>, now: DateTime<Utc>) -> DateTime<Utc> {
        let first = match waiting {
            Some(0) => return now,
            Some(_) => HELD_BACK,
            None => REPUBLISH,
        };
        let times = u32::try_from(self.published - 1).unwrap_or(0);
        now - first * EACH_TIME.saturating_pow(times)
    }
}

/// Takes the messages that a condition describes, oldest first: `take!(store, "…", until, limit, next due,
/// messages then, more binds…)`.
macro_rules! take {
    ($store:expr, $which:literal $(, $bind:expr)* $(,)?) => {
        match &$store.engine {
            Engine::Sqlite { write, .. } => {
                sqlx::query_as::<_, MessageRow>(take!(@ $which, ""))
                    $(.bind($bind))*.fetch_all(write).await
            }
            // Others that look at the same time take other rows.
            Engine::Postgres(pool) => {
                sqlx::query_as::<_, MessageRow>(take!(@ $which, " FOR UPDATE SKIP LOCKED"))
                    $(.bind($bind))*.fetch_all(pool).await
            }
        }
    };
    (@ $which:literal, $lock:literal) => {
        concat!(
            "WITH due AS (SELECT id FROM jobs WHERE ", $which, " AND publish_due <= $1
                          ORDER BY publish_due LIMIT $2", $lock, ")
             UPDATE jobs SET publish_due = $3, published = $4 WHERE id IN (SELECT id FROM due)
             RETURNING id, urgency, token"
        )
    };
}

/// The statement of [`Store::messages_published`], for each engine's way to hand over a list. A token
/// changes with every claim, so what fits has not been answered.
macro_rules! published {
    ($list:literal, $id:literal, $token:literal) => {
        concat!(
            "UPDATE jobs
             SET published = 1, publish_due = CASE WHEN publish_due > $1 THEN publish_due ELSE $2 END
             FROM ",
            $list,
            "
             WHERE jobs.id = ",
            $id,
            " AND jobs.token = ",
            $token,
            "
               AND published = 0 AND publish_due IS NOT NULL"
        )
    };
}

impl Store {
    /// Takes up to `limit` messages that are due and were not published, the oldest, and counts them as
    /// published. If the caller cannot publish them, it says so with [`Self::publish_soon`].
    pub async fn due_messages(
        &self,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobMessage>, StoreError> {
        let rows = take!(self, "published = 0", now, i64::from(limit), now + REPUBLISH, 1_i64)?;
        all(rows)
    }

    /// What was published and is due again, if it is lost. Looks at the oldest alone, so this is quick
    /// however many they are.
    pub async fn unanswered(&self, now: DateTime<Utc>) -> Result<Vec<Unanswered>, StoreError> {
        let rows = read!(
            self,
            fetch_all,
            sqlx::query_as::<_, (String, i64, Option<DateTime<Utc>>)>(
                "WITH urgencies (urgency) AS
                          (VALUES ('highest'), ('high'), ('normal'), ('low'), ('background')),
                      counts (published) AS (VALUES (CAST(1 AS bigint)), (2), (3), (4))
                 SELECT urgency, published,
                        (SELECT publish_due FROM jobs
                         WHERE published > 0 AND jobs.urgency = urgencies.urgency
                           AND jobs.published = counts.published AND publish_due <= $1
                         ORDER BY publish_due LIMIT 1)
                 FROM urgencies CROSS JOIN counts"
            ),
            now
        )?;
        let due = rows.iter().filter_map(|(urgency, published, since)| {
            let since = (*since)?;
            Some(named(urgency).map(|urgency| Unanswered { urgency, since, published: *published }))
        });
        due.collect()
    }

    /// Like [`Self::due_messages`], for those of `which` that are due since `lost_since` or longer.
    pub async fn lost_messages(
        &self,
        which: &Unanswered,
        lost_since: DateTime<Utc>,
        limit: u32,
        now: DateTime<Utc>,
    ) -> Result<Vec<JobMessage>, StoreError> {
        let rows = take!(
            self,
            "published > 0 AND urgency = $5 AND published = $6",
            lost_since,
            i64::from(limit),
            now + REPUBLISH,
            MAX_PUBLISHED.min(which.published + 1),
            which.urgency.as_str(),
            which.published
        )?;
        all(rows)
    }

    /// Says that messages were published which whoever committed them has published. Those that are
    /// answered already count no more.
    pub async fn messages_published(
        &self,
        messages: &[JobMessage],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        match &self.engine {
            Engine::Sqlite { write, .. } => {
                let messages = messages
                    .iter()
                    .map(|message| (message.job_id.uuid().simple().to_string(), message.token));
                let messages = Json(messages.collect::<Vec<_>>());
                sqlx::query(published!(
                    "json_each($3) AS message",
                    "unhex(value ->> 0)",
                    "value ->> 1"
                ))
                .bind(now)
                .bind(now + REPUBLISH)
                .bind(messages)
                .execute(write)
                .await?;
            }
            Engine::Postgres(pool) => {
                let (ids, tokens): (Vec<_>, Vec<_>) =
                    messages.iter().map(|message| (message.job_id.uuid(), message.token)).unzip();
                sqlx::query(published!(
                    "unnest($3::uuid[], $4::bigint[]) AS message (id, token)",
                    "message.id",
                    "message.token"
                ))
                .bind(now)
                .bind(now + REPUBLISH)
                .bind(ids)
                .bind(tokens)
                .execute(pool)
                .await?;
            }
        }
        Ok(())
    }

    /// Makes messages due now: they could not be published.
    pub async fn publish_soon(
        &self,
        messages: &[JobMessage],
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut unit = self.begin(Actor::System, now).await?;
        for message in messages {
            execute!(
                unit.tx(),
                sqlx::query(
                    "UPDATE jobs SET publish_due = $1, published = 0 WHERE id = $2 AND token = $3
                     AND ((state = 'queued' AND not_before <= $1)
                       OR (state = 'running' AND lease_until <= $1))"
                ),
                now,
                message.job_id.uuid(),
                message.token
            )?;
        }
        unit.commit().await?;
        Ok(())
    }

    /// Makes every job that could run due for a message, and ends every lease. For an embedded
    /// installation that is opened: its queue was in memory, and no other process has it open, so
    /// whoever held a lease is gone.
    pub async fn recover(&self, now: DateTime<Utc>) -> Result<(), StoreError> {
        write!(
            self,
            sqlx::query(
                "UPDATE jobs SET publish_due = CASE WHEN not_before > $1 THEN not_before ELSE $1 END,
                        published = 0,
                        lease_until = CASE WHEN state = 'running' THEN $1 ELSE NULL END
                 WHERE state IN ('queued', 'running')"
            ),
            now
        )?;
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn every_urgency_and_count_is_looked_for() {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open_sqlite(&folder.path().join("test.db")).await.unwrap();
        let now = Utc::now();
        for urgency in Urgency::ALL {
            let mut unit = store.begin(Actor::System, now).await.unwrap();
            unit.jobs().insert(&crate::domain::job::NewJob::new("test", *urgency)).await.unwrap();
            let messages = unit.commit().await.unwrap();
            store.messages_published(&messages, now).await.unwrap();
        }
        let late = now + Duration::from_hours(24);
        let mut found: Vec<_> =
            store.unanswered(late).await.unwrap().iter().map(|due| due.urgency).collect();
        found.sort();
        assert_eq!(found, Urgency::ALL);
    }
}
