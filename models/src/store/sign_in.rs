//! What guards the door: failed sign-ins, counted for all processes together, and the link by which the
//! first operator comes in.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::StoreError;
use super::engine::{execute, fetch};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::credentials::SecretDigest;

/// So many failures are forgiven: people mistype.
const FORGIVEN: i64 = 5;

/// The first wait after that; it doubles with each further failure.
const FIRST_WAIT: Duration = Duration::from_secs(2);

/// The longest wait.
const LONGEST_WAIT: Duration = Duration::from_mins(15);

/// Failures are forgotten when there was none for this long.
const FORGET: Duration = Duration::from_hours(1);

/// How long the link for the first operator can be used.
pub const SETUP_LIFETIME: Duration = Duration::from_mins(10);

/// Sign-ins in a session.
pub struct SignIns<'s, S>(pub(super) &'s mut S);

impl<S: Session> SignIns<'_, S> {
    /// Until when nobody may try to sign in with one of these keys (accounts, addresses), if so.
    pub async fn blocked_until(
        &mut self,
        keys: [&str; 2],
        now: DateTime<Utc>,
    ) -> Result<Option<DateTime<Utc>>, StoreError> {
        let [one, other] = keys;
        Ok(fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, Option<DateTime<Utc>>>(
                "SELECT max(blocked_until) FROM sign_in_failures
                 WHERE key IN ($1, $2) AND blocked_until > $3"
            ),
            one,
            other,
            now
        )?)
    }
}

impl SignIns<'_, UnitOfWork> {
    /// Counts a failure, of which `forgiven` times as many as of an account are forgiven. Later ones
    /// block the key for longer and longer.
    pub async fn failed(&mut self, key: &str, forgiven: u32) -> Result<(), StoreError> {
        let now = self.0.now();
        let failures = fetch!(
            self.0.tx(),
            fetch_one,
            sqlx::query_scalar::<_, i64>(
                "INSERT INTO sign_in_failures (key, failures, blocked_until, forget_at)
                 VALUES ($1, 1, $2, $3)
                 ON CONFLICT (key) DO UPDATE SET
                    failures = CASE WHEN sign_in_failures.forget_at <= $2 THEN 1
                                    ELSE sign_in_failures.failures + 1 END,
                    forget_at = $3
                 RETURNING failures"
            ),
            key,
            now,
            now + FORGET
        )?;
        let Some(wait) = wait(failures, FORGIVEN * i64::from(forgiven)) else { return Ok(()) };
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE sign_in_failures SET blocked_until = $1 WHERE key = $2"),
            now + wait,
            key
        )?;
        Ok(())
    }

    /// Forgets the failures of a key: somebody has signed in.
    pub async fn succeeded(&mut self, key: &str) -> Result<(), StoreError> {
        execute!(self.0.tx(), sqlx::query("DELETE FROM sign_in_failures WHERE key = $1"), key)?;
        Ok(())
    }

    /// Removes failures that are long past, and links that can no longer be used. Returns how many.
    pub async fn prune(&mut self) -> Result<u64, StoreError> {
        let now = self.0.now();
        let failures = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM sign_in_failures WHERE forget_at <= $1"),
            now
        )?;
        let links = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM setup_links WHERE expires_at <= $1"),
            now
        )?;
        Ok(failures + links)
    }

    /// Adds a link that makes the first operator.
    pub async fn add_setup_link(&mut self, secret: &SecretDigest) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query("INSERT INTO setup_links (secret_hash, expires_at) VALUES ($1, $2)"),
            secret.as_bytes(),
            now + SETUP_LIFETIME
        )?;
        Ok(())
    }

    /// Uses up a link. Says whether it was valid.
    pub async fn use_setup_link(&mut self, secret: &SecretDigest) -> Result<bool, StoreError> {
        let now = self.0.now();
        let used = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM setup_links WHERE secret_hash = $1 AND expires_at > $2"),
            secret.as_bytes(),
            now
        )?;
        if used == 1 {
            // One operator is the first: other links are void.
            execute!(self.0.tx(), sqlx::query("DELETE FROM setup_links"))?;
        }
        Ok(used == 1)
    }
}

/// How long to wait after so many failures.
fn wait(failures: i64, forgiven: i64) -> Option<Duration> {
    let beyond = failures - forgiven;
    let doublings = u32::try_from(beyond - 1).ok()?.min(16);
    Some(FIRST_WAIT.saturating_mul(1 << doublings).min(LONGEST_WAIT))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_begin_after_some_failures_and_double() {
        let waits: Vec<_> = (5..9).map(|failures| wait(failures, FORGIVEN)).collect();
        let seconds = |n| Some(Duration::from_secs(n));
        assert_eq!(waits, [None, seconds(2), seconds(4), seconds(8)]);
        assert_eq!(wait(10_000, FORGIVEN), Some(LONGEST_WAIT));
    }
}
