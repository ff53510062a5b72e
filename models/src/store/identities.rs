//! What identity providers call people.

use super::StoreError;
use super::engine::{execute, fetch};
use super::unit::{HasTx, Session, UnitOfWork};
use crate::domain::ids::PersonId;

/// Identities in a session.
pub struct Identities<'s, S>(pub(super) &'s mut S);

impl<S: Session> Identities<'_, S> {
    /// Whom a provider means by a subject, if they have been here.
    pub async fn person(
        &mut self,
        provider: &str,
        subject: &str,
    ) -> Result<Option<PersonId>, StoreError> {
        let person = fetch!(
            self.0.tx(),
            fetch_optional,
            sqlx::query_scalar::<_, uuid::Uuid>(
                "SELECT person_id FROM identities WHERE provider = $1 AND subject = $2"
            ),
            provider,
            subject
        )?;
        Ok(person.map(PersonId::from))
    }
}

impl Identities<'_, UnitOfWork> {
    /// Remembers whom a provider means.
    pub async fn link(
        &mut self,
        provider: &str,
        subject: &str,
        person: PersonId,
    ) -> Result<(), StoreError> {
        let now = self.0.now();
        execute!(
            self.0.tx(),
            sqlx::query(
                "INSERT INTO identities (provider, subject, person_id, created_at)
                 VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING"
            ),
            provider,
            subject,
            person.uuid(),
            now
        )?;
        Ok(())
    }
}
