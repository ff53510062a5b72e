//! The repository of personal access tokens: what programs sign in with.

use std::time::Duration;

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::{all, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::credentials::SecretDigest;
use crate::domain::audit::AuditAction;
use crate::domain::ids::{PersonId, TokenId};
use crate::domain::scope::Scopes;

/// That a token is used is written down at most this often.
const TOUCH: Duration = Duration::from_mins(5);

/// Tokens in a session.
pub struct Tokens<'s, S>(pub(super) &'s mut S);

/// A personal access token, without its secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Token {
    /// The id.
    pub id: TokenId,
    /// Whose it is: it may do what they may.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: String,
    /// What it may be used for.
    pub scopes: Scopes,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// From when on it is no longer accepted.
    pub expires_at: Option<DateTime<Utc>>,
    /// When it was used last, to a few minutes.
    pub used_at: Option<DateTime<Utc>>,
}

/// What a new token is.
#[derive(Debug, Clone)]
pub struct NewToken<'a> {
    /// Whose it is.
    pub person: PersonId,
    /// What its owner calls it.
    pub name: &'a str,
    /// What it may be used for.
    pub scopes: Scopes,
    /// From when on it is no longer accepted.
    pub expires_at: Option<DateTime<Utc>>,
}

impl Token {
    /// Whether its last use should be written down.
    pub fn is_stale(&self, now: DateTime<Utc>) -> bool {
        self.used_at.is_none_or(|used| now > used + TOUCH)
    }
}

#[derive(FromRow)]
struct TokenRow {
    id: Uuid,
    person_id: Uuid,
    name: String,
    scopes: String,
    created_at: DateTime<Utc>,
    expires_at: Option<DateTime<Utc>>,
    used_at: Option<DateTime<Utc>>,
}

impl TryFrom<TokenRow> for Token {
    type Error = StoreError;

    fn try_from(row: TokenRow) -> Result<Self, StoreError> {
        Ok(Self {
            id: row.id.into(),
            person: row.person_id.into(),
            name: row.name,
            scopes: named(&row.scopes)?,
            created_at: row.created_at,
            expires_at: row.expires_at,
            used_at: row.used_at,
        })
    }
}

/// The columns of [`TokenRow`].
macro_rules! token_columns {
    () => {
        "tokens.id, person_id, tokens.name, scopes, tokens.created_at, expires_at, used_at"
    };
}

impl<S: Session> Tokens<'_, S> {
    /// The token with this secret, if it has not expired and its owner's account is not disabled.
    pub async fn find(
        &mut self,
        secret: &SecretDigest,
        now: DateTime<Utc>,
    ) -> Result<Option<Token>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, TokenRow>(concat!(
                "SELECT ",
                token_columns!(),
                " FROM tokens JOIN people ON people.id = person_id
                 WHERE secret_hash = $1 AND (expires_at IS NULL OR expires_at > $2)
                   AND disabled_at IS NULL"
            )),
            secret.as_bytes(),
            now
        )?;
        row.map(Token::try_from).transpose()
    }

    /// The tokens of a person, the newest first.
    pub async fn of(&mut self, person: PersonId) -> Result<Vec<Token>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, TokenRow>(concat!(
                "SELECT ",
                token_columns!(),
                " FROM tokens WHERE person_id = $1 ORDER BY id DESC"
            )),
            person.uuid()
        )?)
    }
}

impl Tokens<'_, UnitOfWork> {
    /// Adds a token of a person.
    pub async fn insert(
        &mut self,
        new: NewToken<'_>,
        secret: &SecretDigest,
    ) -> Result<Token, StoreError> {
        let NewToken { person, name, scopes, expires_at } = new;
        let (id, now) = (TokenId::new(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO tokens (id, person_id, name, secret_hash, scopes, created_at, expires_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7)"
            ),
            id.uuid(),
            person.uuid(),
            name,
            secret.as_bytes(),
            scopes.to_string(),
            now,
            expires_at
        )?;
        let detail = serde_json::json!({ "token": id, "scopes": scopes.to_string() });
        self.0.audit().record(AuditAction::TokenCreated, person, detail).await?;
        let name = name.to_owned();
        Ok(Token { id, person, name, scopes, created_at: now, expires_at, used_at: None })
    }

    /// Writes down that a token is used.
    pub async fn touch(&mut self, id: TokenId) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE tokens SET used_at = $1 WHERE id = $2"),
            now,
            id.uuid()
        )?;
        Ok(())
    }

    /// Removes a token of this person. Says whether there was one.
    pub async fn remove(&mut self, of: PersonId, id: TokenId) -> Result<bool, StoreError> {
        let removed = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM tokens WHERE person_id = $1 AND id = $2"),
            of.uuid(),
            id.uuid()
        )?;
        if removed == 1 {
            let detail = serde_json::json!({ "token": id });
            self.0.audit().record(AuditAction::TokenRemoved, of, detail).await?;
        }
        Ok(removed == 1)
    }
}
