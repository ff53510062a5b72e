//! Seal audit: takes entries of the audit log into its chain, and signs the chain's head once an hour.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use huibao_models::checkpoint::{CheckpointKey, Head};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::store::{NoResult, Outcome};

use super::{Attempt, JobKind};

/// So many at once.
const BATCH: u32 = 1000;

/// A head is signed at most this often.
const CHECKPOINT: TimeDelta = TimeDelta::hours(1);

pub(super) struct SealAudit;

#[async_trait]
impl JobKind for SealAudit {
    fn name(&self) -> &'static str {
        "seal-audit"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_mins(1))
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let actor = || Actor::Worker(attempt.claim.worker.clone());
        loop {
            let mut unit = attempt.store.begin(actor(), attempt.store.now()).await?;
            let sealed = unit.audit().seal(BATCH).await?;
            unit.commit().await?;
            if sealed < BATCH {
                break;
            }
        }
        if let Some(path) = &attempt.config.audit_key {
            let mut snapshot = attempt.store.snapshot().await?;
            let head = snapshot.audit().head().await?;
            let last = snapshot.audit().last_checkpoint().await?;
            drop(snapshot);
            let due = last.is_none_or(|(entries, made_at)| {
                entries < head.entries && attempt.store.now() - made_at >= CHECKPOINT
            });
            if due && head.entries > 0 {
                let key = CheckpointKey::open(path).map_err(Failure::internal)?;
                keep(attempt, actor(), &head, &key.sign(&head)).await?;
            }
        }
        Ok(Box::new(NoResult))
    }
}

/// The log has it as well: whoever reads the log elsewhere has a copy.
async fn keep(attempt: &Attempt, actor: Actor, head: &Head, note: &str) -> Result<(), Failure> {
    let mut unit = attempt.store.begin_durable(actor, attempt.store.now()).await?;
    unit.audit().add_checkpoint(head, note).await?;
    unit.commit().await?;
    tracing::info!(entries = head.entries, hash = %head.hash, "signed a checkpoint of the audit log");
    Ok(())
}
