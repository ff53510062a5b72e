//! Prune: removes rows that are over, once a day: jobs that are long done and belong to no submission,
//! sessions that have ended, failed sign-ins that are forgotten, exports that have expired, workers that are
//! gone, samples that no plot shows.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::store::{Claim, Outcome, StoreError, UnitOfWork};

use super::{Attempt, JobKind};

/// How long an operator can look at them.
const KEPT: Duration = Duration::from_hours(30 * 24);

/// How long people can look up what they were told.
const NOTICES_KEPT: Duration = Duration::from_hours(2 * 365 * 24);

/// The longest plot, and a little more.
const SAMPLES_KEPT: Duration = Duration::from_hours(40 * 24);

pub(super) struct Prune;

#[async_trait]
impl JobKind for Prune {
    fn name(&self) -> &'static str {
        "prune"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_hours(24))
    }

    async fn run(&self, _: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        Ok(Box::new(Pruned))
    }
}

/// All of the work is rows.
struct Pruned;

#[async_trait]
impl Outcome for Pruned {
    async fn write(&self, unit: &mut UnitOfWork, _: &Claim) -> Result<(), StoreError> {
        let before = unit.now() - KEPT;
        let pruned = unit.jobs().prune(before).await?;
        let sessions = unit.sessions().prune().await?;
        unit.sign_ins().prune().await?;
        unit.idempotency_keys().prune().await?;
        unit.exports().prune().await?;
        let told_before = unit.now() - NOTICES_KEPT;
        unit.notices().prune(told_before).await?;
        unit.workers().prune(before).await?;
        let measured_before = unit.now() - SAMPLES_KEPT;
        unit.samples().prune(measured_before).await?;
        tracing::debug!(pruned, sessions, "removed rows of old jobs and sessions");
        Ok(())
    }
}
