//! People, what they are, their tokens, and the rounds that they take part in. Where they are signed in stays
//! behind, and so do uploads that are not handed in.

use chrono::{DateTime, Utc};

use super::audit::AuditRows;
use super::rows::{
    BranchRow, ChannelRow, ContactRow, ExceptionRow, GrantRow, IdentityRow, NoticeRow,
    NoticeSettingsRow, PersonRow, RoundRow, RubricRow, TokenRow,
};
use crate::domain::actor::Actor;
use crate::store::unit::HasTx;
use crate::store::{Store, StoreError};

/// Everybody, with everything that belongs to accounts, and the audit log.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountRows {
    branches: Vec<BranchRow>,
    people: Vec<PersonRow>,
    grants: Vec<GrantRow>,
    contacts: Vec<ContactRow>,
    tokens: Vec<TokenRow>,
    identities: Vec<IdentityRow>,
    rounds: Vec<RoundRow>,
    exceptions: Vec<ExceptionRow>,
    rubrics: Vec<RubricRow>,
    notices: Vec<NoticeRow>,
    settings: Vec<NoticeSettingsRow>,
    channels: Vec<ChannelRow>,
    audit: AuditRows,
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
            identities: IdentityRow::read(tx, None).await?,
            rounds: RoundRow::read(tx, None).await?,
            exceptions: ExceptionRow::read(tx, None).await?,
            rubrics: RubricRow::read(tx, None).await?,
            notices: NoticeRow::read(tx, None).await?,
            settings: NoticeSettingsRow::read(tx, None).await?,
            channels: ChannelRow::read(tx, None).await?,
            audit: AuditRows::read(tx).await?,
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
        macro_rules! write_all {
            ($($table:ident),+) => {
                $(for row in &rows.$table {
                    row.write(tx).await?;
                })+
            };
        }
        // Each after what it refers to.
        write_all!(branches, people, grants, contacts, tokens, identities, rounds, exceptions);
        write_all!(rubrics, notices, settings, channels);
        rows.audit.adopt(tx).await?;
        unit.commit().await?;
        Ok(())
    }
}
