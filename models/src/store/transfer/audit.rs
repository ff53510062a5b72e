//! The audit log: its entries, and the chain that they are in.

use super::rows::{AuditChainRow, AuditCheckpointRow, AuditPendingRow, AuditRow};
use crate::store::StoreError;
use crate::store::engine::{Tx, fetch};

/// The whole log.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct AuditRows {
    entries: Vec<AuditRow>,
    pending: Vec<AuditPendingRow>,
    chain: Vec<AuditChainRow>,
    checkpoints: Vec<AuditCheckpointRow>,
}

impl AuditRows {
    pub(super) async fn read(tx: &mut Tx) -> Result<Self, StoreError> {
        Ok(Self {
            entries: AuditRow::read(tx, None).await?,
            pending: AuditPendingRow::read(tx, None).await?,
            chain: AuditChainRow::read(tx, None).await?,
            checkpoints: AuditCheckpointRow::read(tx, None).await?,
        })
    }

    /// Adds the log. Its chain goes on where there is none yet; where there is one, what is new joins that.
    pub(super) async fn adopt(&self, tx: &mut Tx) -> Result<(), StoreError> {
        let chained = fetch!(
            tx,
            fetch_optional,
            sqlx::query_scalar::<_, i64>("SELECT seq FROM audit_chain LIMIT 1")
        )?;
        for entry in &self.entries {
            let new = entry.write(tx).await?;
            if new && chained.is_some() {
                AuditPendingRow { entry_id: entry.id }.write(tx).await?;
            }
        }
        if chained.is_some() {
            return Ok(());
        }
        for row in &self.pending {
            row.write(tx).await?;
        }
        for row in &self.chain {
            row.write(tx).await?;
        }
        for row in &self.checkpoints {
            row.write(tx).await?;
        }
        Ok(())
    }
}
