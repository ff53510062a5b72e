//! Index: makes the search index true about a report whose texts have changed; once an hour about all that wait,
//! such as those from before there was an index.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::job::Urgency;
use huibao_models::indexing::{index, index_waiting};
use huibao_models::store::{INDEX_JOB, NoResult, Outcome};
use serde::Deserialize;

use super::{Attempt, JobKind};

pub(super) struct Index;

#[derive(Deserialize, Default)]
struct Payload {
    report: Option<ReportId>,
}

#[async_trait]
impl JobKind for Index {
    fn name(&self) -> &'static str {
        INDEX_JOB
    }

    fn urgency(&self) -> Urgency {
        Urgency::High
    }

    fn every(&self) -> Option<Duration> {
        Some(Duration::from_hours(1))
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let payload: Payload = attempt.payload()?;
        let actor = Actor::Worker(attempt.claim.worker.clone());
        match payload.report {
            Some(report) => {
                index(&attempt.store, &actor, report).await?;
            }
            None => index_waiting(&attempt.store, &actor, |_| ()).await?,
        }
        Ok(Box::new(NoResult))
    }
}
