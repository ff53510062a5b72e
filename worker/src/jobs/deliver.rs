//! What the jobs have in common that send something outside: the other side may be away for hours, so they are
//! tried again by further jobs, hours later; what is given up is a dead job with its reason.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::{NewJob, Urgency};
use huibao_models::store::{Claim, Outcome, StoreError, UnitOfWork};
use serde_json::Value;

use crate::notices::DeliveryError;

/// The pauses before further tries: for a day in all.
const PAUSES: [Duration; 7] = [
    Duration::from_mins(1),
    Duration::from_mins(5),
    Duration::from_mins(20),
    Duration::from_hours(1),
    Duration::from_hours(3),
    Duration::from_hours(6),
    Duration::from_hours(12),
];

/// The name of the tries so far in a payload.
const TRIES: &str = "tries";

/// What becomes of a job whose delivery failed: another job, or the end.
pub(super) fn again(
    claim: &Claim,
    kind: &'static str,
    error: &DeliveryError,
) -> Result<Box<dyn Outcome>, Failure> {
    let payload = claim.payload.clone().unwrap_or_default();
    let tries = usize::try_from(payload[TRIES].as_u64().unwrap_or(0)).unwrap_or(usize::MAX);
    match (error, PAUSES.get(tries)) {
        (DeliveryError::Passing(reason), Some(pause)) => {
            tracing::warn!(%reason, ?pause, "a notice did not arrive; will try again");
            Ok(Box::new(Again { kind, payload, tries: tries + 1, pause: *pause }))
        }
        _ => Err(Failure::new(FailureCode::NoticeRefused, error)),
    }
}

struct Again {
    kind: &'static str,
    payload: Value,
    tries: usize,
    pause: Duration,
}

#[async_trait]
impl Outcome for Again {
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        let mut payload = self.payload.clone();
        payload[TRIES] = self.tries.into();
        let job = NewJob {
            payload: Some(payload),
            not_before: Some(unit.now() + self.pause),
            // The claim's own id: if this is written twice, there is one further job.
            ..NewJob::new(self.kind, Urgency::High).unique(format!("{}/again", claim.job_id))
        };
        unit.jobs().insert(&job).await?;
        Ok(())
    }
}
