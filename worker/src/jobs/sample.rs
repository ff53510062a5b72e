//! Sample: measures how large the system is and how much it does, for the plots of operators.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::store::{Claim, Outcome, StoreError, UnitOfWork};

use super::{Attempt, JobKind};

pub(super) struct TakeSample;

#[async_trait]
impl JobKind for TakeSample {
    fn name(&self) -> &'static str {
        "sample"
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        // The shortest step of a plot.
        Some(Duration::from_mins(5))
    }

    async fn run(&self, _: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        Ok(Box::new(Taken))
    }
}

/// All of the work is a row.
struct Taken;

#[async_trait]
impl Outcome for Taken {
    async fn write(&self, unit: &mut UnitOfWork, _: &Claim) -> Result<(), StoreError> {
        unit.samples().take().await
    }
}
