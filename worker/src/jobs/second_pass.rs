//! Second pass: has a better model hear what a quick one wrote, while no other recognition waits.

use std::time::Duration;

use async_trait::async_trait;
use chrono::TimeDelta;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::{NewJob, Urgency};
use huibao_models::domain::pipeline::Stage;
use huibao_models::store::{Claim, Outcome, StoreError, UnitOfWork};

use super::{Attempt, JobKind};

const NAME: &str = "second-pass";

/// A worker that was not heard of for so long is not counted on; it says every few seconds that it is there.
const SEEN_WITHIN: TimeDelta = TimeDelta::seconds(30);

pub(super) struct SecondPass;

/// A look at what waits for a second pass, now rather than when the next recurring one is due.
pub(super) const fn soon() -> NewJob {
    NewJob::new(NAME, Urgency::Background)
}

#[async_trait]
impl JobKind for SecondPass {
    fn name(&self) -> &'static str {
        NAME
    }

    fn urgency(&self) -> Urgency {
        Urgency::Background
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_mins(1))
    }

    async fn run(&self, _: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        Ok(Box::new(Begun))
    }
}

/// All of the work is in the database.
struct Begun;

#[async_trait]
impl Outcome for Begun {
    /// One for each worker that recognises: whatever is handed in meanwhile waits for no more than one.
    async fn write(&self, unit: &mut UnitOfWork, _: &Claim) -> Result<(), StoreError> {
        let since = unit.now() - SEEN_WITHIN;
        let workers = unit.workers().since(since).await?;
        let recognises =
            |kinds: &[String]| kinds.iter().any(|kind| kind == Stage::Transcribe.as_str());
        let able = workers.iter().filter(|one| !one.paused && recognises(&one.info.kinds)).count();
        let queued =
            unit.jobs().begin_second_passes(u32::try_from(able).unwrap_or(u32::MAX)).await?;
        if queued > 0 {
            tracing::info!(queued, "a better model hears reports again");
        }
        Ok(())
    }
}
