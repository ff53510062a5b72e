//! One file per stage: orchestration only. A stage fetches its inputs, lets a child do the heavy
//! part, stores the outputs under keys of its own attempt, and returns what is to be committed.

mod archive;
mod attempt;
mod ingest;
mod scratch;
mod transcode;
mod transcribe;

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Stage;
use huibao_models::store::Completion;

pub use attempt::Attempt;

use crate::child::ModelPool;

/// Does what a stage is there for.
#[async_trait]
pub trait StageRunner: Send + Sync {
    /// Runs the stage that was claimed and returns what is to be committed.
    async fn run(&self, attempt: &Attempt) -> Result<Completion, Failure>;
}

/// The real stages.
pub struct Pipeline {
    models: ModelPool,
}

impl Pipeline {
    /// With children that have a model loaded kept for `keep_model` after their last work.
    pub fn new(keep_model: Duration) -> Self {
        Self { models: ModelPool::new(keep_model) }
    }
}

#[async_trait]
impl StageRunner for Pipeline {
    async fn run(&self, attempt: &Attempt) -> Result<Completion, Failure> {
        match attempt.claim.stage {
            Stage::Ingest => ingest::run(attempt).await,
            Stage::Transcode => transcode::run(attempt).await,
            Stage::Transcribe => transcribe::run(attempt, &self.models).await,
            Stage::Archive => archive::run(attempt).await,
        }
    }
}

/// The most cores that a stage can make use of.
pub fn useful_cores(stage: Stage, per_task: u32) -> u32 {
    match stage {
        // Decoding sound and copying files do not go faster on more.
        Stage::Ingest | Stage::Archive => 1,
        Stage::Transcode | Stage::Transcribe => per_task.max(1),
    }
}
