//! The repository of people: accounts, what they are and where, and whom they look after.

use chrono::{DateTime, Utc};
use sqlx::FromRow;
use uuid::Uuid;

use super::StoreError;
use super::engine::{execute, fetch};
use super::rows::{all, named};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::access::Principal;
use crate::domain::branch::BranchPath;
use crate::domain::ids::PersonId;
use crate::domain::person::{Grant, LoginName, Person};

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
    /// The hash of the password, in PHC format, if there is one.
    pub password_hash: Option<String>,
}

#[derive(FromRow)]
struct PersonRow {
    id: Uuid,
    name: String,
    display_name: String,
    disabled_at: Option<DateTime<Utc>>,
    created_at: DateTime<Utc>,
}

impl TryFrom<PersonRow> for Person {
    type Error = StoreError;

    fn try_from(row: PersonRow) -> Result<Self, StoreError> {
        let name = LoginName::parse(&row.name);
        Ok(Self {
            id: row.id.into(),
            name: name.map_err(|error| StoreError::Corrupt(error.to_string()))?,
            display_name: row.display_name,
            disabled_at: row.disabled_at,
            created_at: row.created_at,
        })
    }
}

/// The columns of [`PersonRow`].
macro_rules! person_columns {
    () => {
        "id, name, display_name, disabled_at, created_at"
    };
}

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

    /// Everybody, by name.
    pub async fn list(&mut self) -> Result<Vec<Person>, StoreError> {
        all(fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, PersonRow>(concat!(
                "SELECT ",
                person_columns!(),
                " FROM people ORDER BY name"
            ))
        )?)
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

    /// What a person is, and where.
    pub async fn grants(&mut self, of: PersonId) -> Result<Vec<Grant>, StoreError> {
        let rows = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_as::<_, (String, String)>(
                "SELECT role, branch FROM grants WHERE person_id = $1 ORDER BY branch, role"
            ),
            of.uuid()
        )?;
        rows.into_iter().map(|(role, branch)| grant(&role, &branch)).collect()
    }

    /// Everything that decides what a person may do.
    pub async fn principal(&mut self, person: PersonId) -> Result<Principal, StoreError> {
        let grants = self.grants(person).await?;
        let contacts = fetch!(
            self.0.tx(),
            fetch_all,
            sqlx::query_scalar::<_, Uuid>("SELECT activist_id FROM contacts WHERE contact_id = $1"),
            person.uuid()
        )?;
        let contacts = contacts.into_iter().map(PersonId::from).collect();
        Ok(Principal { person, grants, contacts })
    }
}

fn grant(role: &str, branch: &str) -> Result<Grant, StoreError> {
    Ok(Grant { role: named(role)?, branch: super::rows::branch(branch)? })
}

impl People<'_, UnitOfWork> {
    /// Adds an account. Says whether it was added: the name may be taken.
    pub async fn insert(&mut self, new: &NewPerson) -> Result<bool, StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO people (id, name, display_name, password_hash, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (name) DO NOTHING"
            ),
            new.id.uuid(),
            new.name.as_str(),
            &new.display_name,
            &new.password_hash,
            actor,
            now
        )?;
        Ok(added == 1)
    }

    /// Gives a person another password.
    pub async fn set_password_hash(&mut self, id: PersonId, hash: &str) -> Result<(), StoreError> {
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
        execute!(
            self.0.tx(),
            sqlx::query("UPDATE people SET disabled_at = $1 WHERE id = $2"),
            at,
            id.uuid()
        )?;
        if disabled {
            self.0.sessions().end_all(id, None).await?;
        }
        Ok(())
    }

    /// Makes a person something in a branch. The branch, and those above it, are added if they are not
    /// there. Says whether it is new.
    pub async fn grant(&mut self, to: PersonId, grant: &Grant) -> Result<bool, StoreError> {
        for branch in grant.branch.lineage() {
            self.add_branch(&branch).await?;
        }
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        let added = execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO grants (person_id, role, branch, created_by, created_at)
                 VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING"
            ),
            to.uuid(),
            grant.role.as_str(),
            grant.branch.key(),
            actor,
            now
        )?;
        Ok(added == 1)
    }

    /// Takes away what a person is in a branch. Says whether they were that.
    pub async fn revoke(&mut self, from: PersonId, grant: &Grant) -> Result<bool, StoreError> {
        let removed = execute!(
            self.0.tx(),
            sqlx::query("DELETE FROM grants WHERE person_id = $1 AND role = $2 AND branch = $3"),
            from.uuid(),
            grant.role.as_str(),
            grant.branch.key()
        )?;
        Ok(removed == 1)
    }

    /// Makes somebody the contact person of an activist, or no longer.
    pub async fn set_contact(
        &mut self,
        contact: PersonId,
        activist: PersonId,
        is: bool,
    ) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        if is {
            execute!(
                self.0.tx(),
                sqlx::query(
                    "INSERT INTO contacts (contact_id, activist_id, created_by, created_at)
                     VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
                ),
                contact.uuid(),
                activist.uuid(),
                actor,
                now
            )?;
        } else {
            execute!(
                self.0.tx(),
                sqlx::query("DELETE FROM contacts WHERE contact_id = $1 AND activist_id = $2"),
                contact.uuid(),
                activist.uuid()
            )?;
        }
        Ok(())
    }

    async fn add_branch(&mut self, branch: &BranchPath) -> Result<(), StoreError> {
        let (actor, now) = (self.0.actor().to_string(), self.0.now());
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO branches (path, created_by, created_at)
                 VALUES ($1, $2, $3) ON CONFLICT DO NOTHING"
            ),
            branch.key(),
            actor,
            now
        )?;
        Ok(())
    }
}
