//! The repository of people: accounts. What people are, and where, is in `grants`; lists are in `list`.

mod grants;
mod list;

use chrono::{DateTime, Utc};
use serde_json::json;
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::audit::AuditAction;
use crate::domain::ids::{PersonId, SessionId};
use crate::domain::person::{LoginName, Number, Person};

pub use list::{PeopleFilter, PersonOverview};

/// People in a session.
pub struct People<'s, S>(pub(super) &'s mut S);

/// What a new account begins with.
#[derive(Debug, Clone)]
pub struct NewPerson {
    /// Chosen by the caller.
    pub id: PersonId,
    /// The name to sign in with.
    pub name: LoginName,
    /// The name that others see.
    pub display_name: String,
    /// The student or staff number.
    pub number: Option<Number>,
    /// Where mail reaches them.
    pub email: Option<String>,
    /// The hash of the password, in PHC format, if there is one.
    pub password_hash: Option<String>,
}

impl NewPerson {
    /// An account of somebody of whom only the name is known.
    pub fn named(name: LoginName) -> Self {
        let display_name = name.as_str().to_owned();
        let (number, email, password_hash) = (None, None, None);
        Self { id: PersonId::new(), name, display_name, number, email, password_hash }
    }
}

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    name: String,
    display_name: String,
    number: Option<String>,
    email: Option<String>,
    disabled_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<PersonRow> for Person {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        let corrupt = |error: &dyn std::fmt::Display| StoreError::Corrupt(error.to_string());
        let number = row.number.as_deref().map(Number::parse).transpose();
        Ok(Self {
            id: row.id.into(),
            name: LoginName::parse(&row.name).map_err(|error| corrupt(&error))?,
            display_name: row.display_name,
            number: number.map_err(|error| corrupt(&error))?,
            email: row.email,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        })
    }
}

/// The columns of [`PersonRow`].
macro_rules! person_columns {
    () => {
        "id, name, display_name, number, email, disabled_at, created_at"
    };
}
use person_columns;

impl<S: Session> People<'_, S> {
    /// The person, or `None`.
    pub async fn get(&mut self, id: PersonId) -> Result<Option<Person>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, PersonRow>(concat!(
                "SELECT ",
                person_columns!(),
                " FROM people WHERE id = $1"
            )),
            id.uuid()
        )?;
        row.map(Person::try_from).transpose()
    }

    /// The person who signs in with this name, or `None`.
    pub async fn by_name(&mut self, name: &LoginName) -> Result<Option<Person>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, PersonRow>(concat!(
                "SELECT ",
                person_columns!(),
                " FROM people WHERE name = $1"
            )),
            name.as_str()
        )?;
        row.map(Person::try_from).transpose()
    }

    /// The person with this number, or `None`.
    pub async fn by_number(&mut self, number: &Number) -> Result<Option<Person>, StoreError> {
        let row = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_as::<_, PersonRow>(concat!(
                "SELECT ",
                person_columns!(),
                " FROM people WHERE number = $1"
            )),
            number.as_str()
        )?;
        row.map(Person::try_from).transpose()
    }

    /// Whether there is anybody.
    pub async fn any(&mut self) -> Result<bool, StoreError> {
        let one = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, i32>("SELECT 1 FROM people LIMIT 1")
        )?;
        Ok(one.is_some())
    }

    /// The hash of somebody's password, or `None` if they have none.
    pub async fn password_hash(&mut self, id: PersonId) -> Result<Option<String>, StoreError> {
        let hash = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, Option<String>>(
                "SELECT password_hash FROM people WHERE id = $1"
            ),
            id.uuid()
        )?;
        Ok(hash.flatten())
    }
}

impl People<'_, UnitOfWork> {
    /// Adds an account. Says whether it was added: the name or the number may be taken.
    pub async fn insert(&mut self, new: &NewPerson) -> Result<bool, StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO people (id, name, display_name, number, email, password_hash,
                                     created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6, $7, $8) ON CONFLICT DO NOTHING"
            ),
            new.id.uuid(),
            new.name.as_str(),
            &new.display_name,
            new.number.as_ref().map(Number::as_str),
            &new.email,
            &new.password_hash,
            actor,
            now
        )?;
        if added == 1 {
            let detail = json!({ "name": new.name.as_str() });
            self.0.audit().record(AuditAction::PersonAdded, new.id, detail).await?;
        }
        Ok(added == 1)
    }

    /// Changes what is known of a person. Says whether it was changed: the number may be taken.
    pub async fn describe(
        &mut self,
        id: PersonId,
        display_name: &str,
        number: Option<&Number>,
        email: Option<&str>,
    ) -> Result<bool, StoreError> {
        let before = self.get(id).await?.map(|person| person.display_name);
        let changed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE people SET display_name = $1, number = $2, email = $3
                 WHERE id = $4 AND NOT EXISTS
                     (SELECT 1 FROM people AS other WHERE other.number = $2 AND other.id <> $4)"
            ),
            display_name,
            number.map(Number::as_str),
            email,
            id.uuid()
        )?;
        if changed == 1 {
            let detail = json!({ "number": number.map(Number::as_str) });
            self.0.audit().record(AuditAction::PersonChanged, id, detail).await?;
            if before.as_deref() != Some(display_name) {
                self.0.search().mark_author(id).await?;
            }
        }
        Ok(changed == 1)
    }

    /// Gives a person another password. Their sessions end, but the one in which they have changed it.
    pub async fn set_password_hash(
        &mut self,
        id: PersonId,
        hash: &str,
        but: Option<SessionId>,
    ) -> Result<(), StoreError> {
        self.renew_password_hash(id, hash).await?;
        self.0.sessions().end_all(id, but).await?;
        self.0.audit().record(AuditAction::PasswordChanged, id, json!({})).await
    }

    /// Hashes the same password with other parameters.
    pub async fn renew_password_hash(
        &mut self,
        id: PersonId,
        hash: &str,
    ) -> Result<(), StoreError> {
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE people SET password_hash = $1 WHERE id = $2"),
            hash,
            id.uuid()
        )?;
        Ok(())
    }

    /// Disables an account and ends all its sessions, or enables it again. Tokens of a disabled account
    /// are not accepted.
    pub async fn set_disabled(&mut self, id: PersonId, disabled: bool) -> Result<(), StoreError> {
        let at = disabled.then(|| self.0.now());
        let changed = execute!(
            self.0.tx(),
            sqlx::query(
                "UPDATE people SET disabled_at = $1
                 WHERE id = $2 AND (disabled_at IS NULL) = ($1 IS NOT NULL)"
            ),
            at,
            id.uuid()
        )?;
        if disabled {
            self.0.sessions().end_all(id, None).await?;
        }
        if changed == 1 {
            let action =
                if disabled { AuditAction::PersonDisabled } else { AuditAction::PersonEnabled };
            self.0.audit().record(action, id, json!({})).await?;
        }
        Ok(())
    }
}
