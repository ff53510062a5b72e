//! People, what they are, and their tokens. Where they are signed in stays behind, and so do uploads that
//! are not handed in.

use chrono::{DateTime, Utc};

use super::rows::{BranchRow, ContactRow, GrantRow, PersonRow, TokenRow};
use crate::domain::actor::Actor;
use crate::store::unit::HasTx;
use crate::store::{Store, StoreError};

/// Everybody, with everything that belongs to accounts.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountRows {
    branches: Vec<BranchRow>,
    people: Vec<PersonRow>,
    grants: Vec<GrantRow>,
    contacts: Vec<ContactRow>,
    tokens: Vec<TokenRow>,
}

impl Store {
    /// Everybody, as at one moment.
    pub async fn account_rows(&self) -> Result<AccountRows, StoreError> {
        let mut snapshot = self.snapshot().await?;
        let tx = snapshot.tx();
        Ok(AccountRows {
            branches: BranchRow::read(tx, None).await?,
            people: PersonRow::read(tx, None).await?,
            grants: GrantRow::read(tx, None).await?,
            contacts: ContactRow::read(tx, None).await?,
            tokens: TokenRow::read(tx, None).await?,
        })
    }

    /// Adds people of another installation, all or none. Rows that are here already stay as they are.
    ///
    /// # Errors
    ///
    /// A database error if a person here has the name of another one there.
    pub async fn adopt_accounts(
        &self,
        rows: &AccountRows,
        now: DateTime<Utc>,
    ) -> Result<(), StoreError> {
        let mut unit = self.begin_durable(Actor::System, now).await?;
        let tx = unit.tx();
        for branch in &rows.branches {
            branch.write(tx).await?;
        }
        for person in &rows.people {
            person.write(tx).await?;
        }
        for grant in &rows.grants {
            grant.write(tx).await?;
        }
        for contact in &rows.contacts {
            contact.write(tx).await?;
        }
        for token in &rows.tokens {
            token.write(tx).await?;
        }
        unit.commit().await?;
        Ok(())
    }
}
