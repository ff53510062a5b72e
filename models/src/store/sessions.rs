//! The repository of sessions: the browsers in which people are signed in.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::all;
use super::unit::{HasTx, Session, UnitOfWork};
use crate::credentials::SecretDigest;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{PersonId, SessionId};

/// A session that nobody has used for this long has ended.
pub const IDLE: Duration = Duration::from_hours(14 * 24);

/// A session has ended this long after it began.
pub const LIFETIME: Duration = Duration::from_hours(90 * 24);

/// That a session is used is written down at most this often.
const TOUCH: Duration = Duration::from_mins(5);

/// Sessions in a session of the store.
pub struct Sessions<'s, S>(pub(super) &'s mut S);

/// A browser in which a person is signed in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedIn {
    /// The id.
    pub id: SessionId,
    /// The person.
    pub person: PersonId,
    /// What the browser calls itself.
    pub user_agent: String,
    /// When the person signed in.
    pub created_at: DateTime<Utc>,
    /// When it was used last, to a few minutes.
    pub used_at: DateTime<Utc>,
}

impl SignedIn {
    /// Whether its last use should be written down.
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        now > self.used_at + TOUCH
    }
}

#[derive(FromRow)]
struct SessionRow {
    id: Uuid,
    person_id: Uuid,
    user_agent: String,
    created_at: DateTime<Utc>,
    used_at: DateTime<Utc>,
}

impl TryFrom<SessionRow> for SignedIn {
    type Error = StoreError;

    fn try_from(row: SessionRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            person: row.person_id.into(),
            user_agent: row.user_agent,
            created_at: row.created_at,
            used_at: row.used_at,
        })
    }
}

/// The columns of [`SessionRow`].
macro_rules! session_columns {
    () => {
        "sessions.id, person_id, user_agent, sessions.created_at, used_at"
    };
}

impl<S: Session> Sessions<'_, S> {
    /// The session with this secret, if it has not ended and its person's account is not disabled.
    pub async fn find(
        &mut self,
        secret: &SecretDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<SignedIn>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, SessionRow>(concat!(
                "SELECT ",
                session_columns!(),
                " FROM sessions JOIN people ON people.id = person_id
                 WHERE secret_hash = $1 AND used_at > $2 AND sessions.created_at > $3
                   AND disabled_at IS NULL"
            )),
            secret.as_bytes(),
            now - IDLE,
            now - LIFETIME
        )?;
        row.map(SignedIn::try_from).transpose()
    }

    /// The sessions of a person that have not ended, the one used last first.
    pub async fn of(
        &mut self,
        person: PersonId,
        now: DateTime<Utc>,
    ) -> Result<Vec<SignedIn>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, SessionRow>(concat!(
                "SELECT ",
                session_columns!(),
                " FROM sessions WHERE person_id = $1 AND used_at > $2 AND created_at > $3
                 ORDER BY used_at DESC, id"
            )),
            person.uuid(),
            now - IDLE,
            now - LIFETIME
        )?)
    }
}

impl Sessions<'_, UnitOfWork> {
    /// Signs a person in.
    pub async fn insert(
        &mut self,
        person: PersonId,
        secret: &SecretDigest,
        user_agent: &str,
    ) -> Result<SessionId, StoreError> {
        let (id, now) = (SessionId::new(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO sessions (id, person_id, secret_hash, user_agent, created_at, used_at)
                 VALUES ($1, $2, $3, $4, $5, $5)"
            ),
            id.uuid(),
            person.uuid(),
            secret.as_bytes(),
            user_agent,
            now
        )?;
        let detail = serde_json::json!({ "session": id });
        self.0.audit().record(AuditAction::SignedIn, person, detail).await?;
        Ok(id)
    }

    /// Writes down that a session is used.
    pub async fn touch(&mut self, id: SessionId) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE sessions SET used_at = $1 WHERE id = $2"),
            now,
            id.uuid()
        )?;
        Ok(())
    }

    /// Ends a session of this person. Says whether there was one.
    pub async fn end(&mut self, of: PersonId, id: SessionId) -> Result<bool, StoreError> {
        let ended = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM sessions WHERE person_id = $1 AND id = $2"),
            of.uuid(),
            id.uuid()
        )?;
        if ended == 1 {
            let detail = serde_json::json!({ "session": id });
            self.0.audit().record(AuditAction::SignedOut, of, detail).await?;
        }
        Ok(ended == 1)
    }

    /// Ends all sessions of a person, but this one.
    pub(super) async fn end_all(
        &mut self,
        of: PersonId,
        but: Option<SessionId>,
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM sessions WHERE person_id = $1 AND ($2 IS NULL OR id <> $2)"),
            of.uuid(),
            but.map(SessionId::uuid)
        )?;
        Ok(())
    }

    /// Removes sessions that have ended. Returns how many.
    pub async fn prune(&mut self) -> Result<u64, StoreError> {
        let now = self.0.now();
        Ok(execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM sessions WHERE used_at <= $1 OR created_at <= $2"),
            now - IDLE,
            now - LIFETIME
        )?)
    }
}
