//! Transcribe: the spoken words, with their times.

use std::path::PathBuf;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::report::FileKind;
use huibao_models::store::Completion;

use super::Attempt;
use crate::child::{
    ChildOutput, ChildRequest, ChildTask, LoadedModel, Residents, ResourceLimits, TranscribeTask,
    run_child, unexpected,
};

const GIB: u64 = 1 << 30;

pub(super) async fn run(attempt: &Attempt, residents: &Residents) -> Result<Completion, Failure> {
    let report = attempt.report().await?;
    let media = report.media.ok_or_else(|| Failure::internal("transcribe before ingest"))?;
    let (_, audio) = attempt.fetch_needed(FileKind::Audio).await?;
    let model = model(attempt).await?;
    let loaded = LoadedModel::of(&model).await;
    let loaded = loaded.map_err(|e| {
        Failure::new(FailureCode::ModelMissing, format!("{}: {e}", model.display()))
    })?;
    let limits = ResourceLimits {
        // Weights, compute buffers that grow with them, the audio as f32, and room for the rest.
        memory_bytes: 4 * GIB + 3 * loaded.bytes() + media.duration_ms * 64 * 2,
        // A large model needs some twenty times real time on one core.
        cpu_seconds: 600 + media.duration_ms / 1000 * 40,
        file_bytes: 0,
    };
    let job = ChildTask::Transcribe(TranscribeTask {
        audio,
        model,
        vad_model: attempt.config.vad_model.clone(),
        language: report.language,
        glossary: glossary(attempt).await,
        homophones: attempt.config.correct_homophones,
        threads: attempt.cores,
    });
    let request = ChildRequest { limits, job };
    // What crashes takes down whatever the same child does, so each of those is tried by itself.
    let output = if attempt.claim.attempt > 1 {
        run_child(request, &attempt.events).await?
    } else {
        residents.ask(loaded, request, &attempt.events).await?
    };
    match output {
        ChildOutput::Transcribe(recognition) => Ok(Completion::Transcribe(recognition)),
        other => Err(unexpected(&other)),
    }
}

/// The operator's glossary as it is now, so that changes need no restart. Without it, a report is
/// still worth transcribing.
async fn glossary(attempt: &Attempt) -> String {
    let Some(path) = &attempt.config.glossary else { return String::new() };
    match tokio::fs::read_to_string(path).await {
        Ok(text) => text,
        Err(error) => {
            tracing::warn!(path = %path.display(), %error, "recognising without the glossary");
            String::new()
        }
    }
}

/// The file of the model that the job names, or else of this worker's own.
async fn model(attempt: &Attempt) -> Result<PathBuf, Failure> {
    let (job, config) = (attempt.job().await?, &attempt.config);
    Ok(job.model.map_or_else(|| config.model.clone(), |name| config.models.file_of(&name)))
}
