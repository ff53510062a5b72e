//! Transcribe: the spoken words, with their times.

use std::path::PathBuf;

use huibao_models::db::Completion;
use huibao_models::failure::{Failure, FailureCode};
use huibao_models::report::FileKind;

use super::Attempt;
use crate::child::{ChildJob, ChildOutput, ResourceLimits, unexpected};

const GIB: u64 = 1 << 30;

pub(super) async fn run(attempt: &Attempt) -> Result<Completion, Failure> {
    let report = attempt.report().await?;
    let media = report.media.ok_or_else(|| Failure::internal("transcribe before ingest"))?;
    let (_, audio) = attempt.fetch_needed(FileKind::Audio).await?;
    let model = model(attempt).await?;
    let model_bytes = tokio::fs::metadata(&model)
        .await
        .map_err(|e| Failure::new(FailureCode::ModelMissing, format!("{}: {e}", model.display())))?
        .len();
    let limits = ResourceLimits {
        // Weights, compute buffers that grow with them, the audio as f32, and room for the rest.
        memory_bytes: 4 * GIB + 3 * model_bytes + media.duration_ms * 64 * 2,
        // A large model needs some twenty times real time on one core.
        cpu_seconds: 600 + media.duration_ms / 1000 * 40,
        file_bytes: 0,
    };
    let job = ChildJob::Transcribe {
        audio,
        model,
        vad_model: attempt.config.vad_model.clone(),
        language: report.language,
        threads: attempt.cores,
    };
    match attempt.child(job, limits).await? {
        ChildOutput::Transcribe(transcript) => Ok(Completion::Transcribe(*transcript)),
        other => Err(unexpected(&other)),
    }
}

/// The file of the model that the task names, or else of this worker's own.
async fn model(attempt: &Attempt) -> Result<PathBuf, Failure> {
    let (task, config) = (attempt.task().await?, &attempt.config);
    Ok(task.model.map_or_else(|| config.model.clone(), |name| config.models.file_of(&name)))
}
