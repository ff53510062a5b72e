//! What a kind of job has to tell.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::store::Outcome;

use super::attempt::Attempt;

/// A kind of job.
#[async_trait]
pub trait JobKind: Send + Sync {
    /// Its stable name, which job rows hold: lowercase letters, digits and hyphens.
    fn name(&self) -> &'static str;

    /// How urgent its jobs are.
    fn urgency(&self) -> Urgency;

    /// The most cores that a job can make use of, at most `per_job`.
    fn useful_cores(&self, _per_job: u32) -> u32 {
        1
    }

    /// The kind that whoever ends such a job continues with at once, if it is ready then.
    fn continues_with(&self) -> Option<&'static str> {
        None
    }

    /// How often such a job is to be done, whoever asks for it or not.
    fn every(&self) -> Option<Duration> {
        None
    }

    /// Does the job, and returns what is to be committed.
    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure>;
}
