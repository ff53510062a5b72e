//! Answers to requests that may come again: a client that did not get an answer repeats its request, with the
//! same key, and gets the answer of the first.

use std::time::Duration;

use super::StoreError;
use super::engine::{execute, fetch};
use super::unit::{HasTx, UnitOfWork};
use crate::domain::ids::PersonId;

/// Answers are kept for so long.
const KEPT: Duration = Duration::from_hours(24);

/// A request that is not answered after so long never will be: its process died.
const ANSWERED_WITHIN: Duration = Duration::from_mins(2);

/// Keys in a unit of work.
pub struct IdempotencyKeys<'s>(pub(super) &'s mut UnitOfWork);

/// An answer that is given again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KeptAnswer {
    /// The status.
    pub status: u16,
    /// The header `Location`.
    pub location: Option<String>,
    /// The header `ETag`.
    pub etag: Option<String>,
    /// The body; JSON, or empty.
    pub body: String,
}

/// What is known of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Repeated {
    /// Nothing: it is to be answered now.
    New,
    /// It is being answered.
    Running,
    /// Another request had this key.
    Other,
    /// It was answered.
    Answered(KeptAnswer),
}

#[derive(sqlx::FromRow)]
struct KeyRow {
    fingerprint: Vec<u8>,
    status: Option<i64>,
    location: Option<String>,
    etag: Option<String>,
    body: Option<String>,
}

impl IdempotencyKeys<'_> {
    /// Takes a key for a request, unless it is taken.
    pub async fn take(
        &mut self,
        person: PersonId,
        key: &str,
        fingerprint: &[u8],
    ) -> Result<Repeated, StoreError> {
        let now = self.0.now();
        let taken = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO idempotency_keys (person_id, key, fingerprint, created_at)
                 VALUES ($1, $2, $3, $4)
                 ON CONFLICT (person_id, key) DO UPDATE
                     SET fingerprint = excluded.fingerprint, created_at = excluded.created_at,
                         status = NULL, location = NULL, etag = NULL, body = NULL
                     WHERE idempotency_keys.created_at <= $5
                        OR (idempotency_keys.status IS NULL AND idempotency_keys.created_at <= $6)"
            ),
            person.uuid(),
            key,
            fingerprint,
            now,
            now - KEPT,
            now - ANSWERED_WITHIN
        )?;
        if taken == 1 {
            return Ok(Repeated::New);
        }
        let row = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_as::<_, KeyRow>(
                "SELECT fingerprint, status, location, etag, body FROM idempotency_keys
                 WHERE person_id = $1 AND key = $2"
            ),
            person.uuid(),
            key
        )?;
        if row.fingerprint != fingerprint {
            return Ok(Repeated::Other);
        }
        let Some(status) = row.status else { return Ok(Repeated::Running) };
        Ok(Repeated::Answered(KeptAnswer {
            status: u16::try_from(status).unwrap_or_default(),
            location: row.location,
            etag: row.etag,
            body: row.body.unwrap_or_default(),
        }))
    }

    /// Keeps the answer to a request.
    pub async fn keep(
        &mut self,
        person: PersonId,
        key: &str,
        answer: &KeptAnswer,
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE idempotency_keys SET status = $1, location = $2, etag = $3, body = $4
                 WHERE person_id = $5 AND key = $6"
            ),
            i64::from(answer.status),
            &answer.location,
            &answer.etag,
            &answer.body,
            person.uuid(),
            key
        )?;
        Ok(())
    }

    /// Gives a key back: the request did nothing.
    pub async fn give_back(&mut self, person: PersonId, key: &str) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM idempotency_keys WHERE person_id = $1 AND key = $2"),
            person.uuid(),
            key
        )?;
        Ok(())
    }

    /// Removes answers that are old. Returns how many.
    pub async fn prune(&mut self) -> Result<u64, StoreError> {
        let before = self.0.now() - KEPT;
        Ok(execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM idempotency_keys WHERE created_at <= $1"),
            before
        )?)
    }
}
