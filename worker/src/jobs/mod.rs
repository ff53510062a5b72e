//! The kinds of jobs: a file each, with its payload, its urgency, its cores and what it does.
//!
//! A kind fetches its inputs, lets a child process do what is heavy or untrusted, stores outputs under
//! keys of its own attempt, and returns what is to be committed. To add one, write its file and name it
//! in [`Kinds::standard`]; the database and the queue need no change.

mod archive;
mod attempt;
mod collect;
mod ingest;
mod prune;
mod scratch;
mod transcode;
mod transcribe;

use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::store::Outcome;

pub use attempt::Attempt;

use crate::WorkerConfig;

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

/// The kinds that a worker knows.
pub struct Kinds(Vec<Arc<dyn JobKind>>);

impl Kinds {
    /// Huibao's own.
    pub fn standard(config: &WorkerConfig) -> Self {
        Self(vec![
            Arc::new(ingest::Ingest),
            Arc::new(transcode::Transcode),
            Arc::new(transcribe::Transcribe::new(config.keep_model)),
            Arc::new(archive::Archive),
            Arc::new(collect::Collect),
            Arc::new(prune::Prune),
        ])
    }

    /// Others, in their place: a benchmark of everything around them needs that.
    pub fn of(kinds: Vec<Arc<dyn JobKind>>) -> Self {
        Self(kinds)
    }

    /// All of them.
    pub fn all(&self) -> &[Arc<dyn JobKind>] {
        &self.0
    }

    /// The kind with this name.
    pub fn get(&self, name: &str) -> Option<&dyn JobKind> {
        self.0.iter().find(|kind| kind.name() == name).map(|kind| &**kind)
    }
}
