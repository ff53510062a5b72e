//! Transcribe: the spoken words, with their times.

use std::path::PathBuf;
use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::FileKind;
use huibao_models::domain::transcript::Recognition;
use huibao_models::store::{Claim, Outcome, StoreError, UnitOfWork};
use serde::Deserialize;
use tracing::Instrument;

use super::{Attempt, JobKind};
use crate::WorkerConfig;
use crate::child::{
    ChildOutput, ChildRequest, ChildTask, GIB, LoadedModel, ModelPool, ResourceLimits,
    TranscribeTask, run_child, unexpected,
};
use crate::speech::Glossary;

/// What a job may name.
#[derive(Debug, Default, Deserialize)]
struct Payload {
    /// The model, by its name or path, if it is not to be the worker's own.
    #[serde(default)]
    model: Option<String>,
    /// Whether a quick model has heard it before, and the worker's own one is to hear it now.
    #[serde(default)]
    second_pass: bool,
}

/// Which of the times that a report is heard.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pass {
    /// The only one.
    Only,
    /// By the quick model; another is to follow.
    First,
    /// By the better one, after the quick one.
    Second,
}

/// What a quick pass made. A better model is to hear the report once there is time.
struct FirstPass(Box<Recognition>);

#[async_trait]
impl Outcome for FirstPass {
    async fn write(&self, unit: &mut UnitOfWork, claim: &Claim) -> Result<(), StoreError> {
        self.0.write(unit, claim).await?;
        match claim.submission {
            Some(submission) => unit.jobs().await_second_pass(submission).await,
            None => Ok(()),
        }
    }
}

pub(super) struct Transcribe {
    models: ModelPool,
}

impl Transcribe {
    /// With children that have a model loaded kept for `keep_model` after their last work, and what they
    /// read below `folder`.
    pub fn new(keep_model: Duration, folder: PathBuf) -> Self {
        Self { models: ModelPool::new(keep_model, folder) }
    }
}

#[async_trait]
impl JobKind for Transcribe {
    fn name(&self) -> &'static str {
        Stage::Transcribe.as_str()
    }

    fn urgency(&self) -> Urgency {
        Stage::Transcribe.urgency()
    }

    fn useful_cores(&self, per_job: u32) -> u32 {
        per_job.max(1)
    }

    fn continues_with(&self) -> Option<&'static str> {
        Stage::Transcribe.continues_with().map(Stage::as_str)
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let submission = attempt.submission().await?;
        let media = submission
            .media
            .as_ref()
            .ok_or_else(|| Failure::internal("transcribe before ingest"))?;
        let (_, audio) = attempt.fetch_needed(FileKind::Audio).await?;
        let (pass, model) = pass(attempt.payload::<Payload>()?, &attempt.config);
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
        let task = TranscribeTask {
            audio,
            model,
            vad_model: attempt.config.vad_model.clone(),
            language: submission.language.clone(),
            glossary: [glossary(attempt).await, known_names(attempt).await?].join("\n"),
            homophones: attempt.config.correct_homophones,
            written: submission
                .written
                .as_ref()
                .map(|written| written.text.clone())
                .unwrap_or_default(),
            earlier: match pass {
                Pass::Second => earlier_text(attempt, submission.id).await?,
                Pass::Only | Pass::First => String::new(),
            },
            threads: attempt.cores,
        };
        // What crashes takes down whatever the same child does, so each of those is tried by itself.
        let span = tracing::debug_span!("child");
        let output = if attempt.claim.attempt > 1 {
            let (access, task) = (task.access(), ChildTask::Transcribe(task));
            let request = ChildRequest { limits, access, task };
            run_child(request, &attempt.events).instrument(span).await?
        } else {
            self.models.ask(loaded, limits, task, &attempt.events).instrument(span).await?
        };
        match output {
            ChildOutput::Transcribe(recognition) => Ok(match pass {
                Pass::First => Box::new(FirstPass(recognition)),
                Pass::Only | Pass::Second => recognition,
            }),
            other => Err(unexpected(&other)),
        }
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

/// What the system knows of the report, one to a line: who speaks, the branch, and the titles of the report
/// and its round. People name these, and nobody else's words are among them.
async fn known_names(attempt: &Attempt) -> Result<String, Failure> {
    let report = attempt.submission().await?.report_id;
    let mut snapshot = attempt.store.snapshot().await?;
    let Some(report) = snapshot.reports().get(report).await? else { return Ok(String::new()) };
    let round = match report.round {
        Some(round) => snapshot.rounds().get(round).await?.map(|round| round.title),
        None => None,
    };
    let branch = report.branch.to_string();
    let branches = branch.split('/').map(str::to_owned);
    let names = report.author_name.into_iter().chain([report.speaker]).chain(branches);
    let mut names: Vec<String> = names.chain(round).chain([report.title]).collect();
    // Only what is one word to a recogniser, and nothing that a glossary reads as a mark.
    names.retain(|name| Glossary::is_term(name));
    names.dedup();
    Ok(names.join("\n"))
}

/// The model that the job names; or else this worker's own, or its quick one if that has not heard the report yet.
fn pass(payload: Payload, config: &WorkerConfig) -> (Pass, PathBuf) {
    match (payload.model, &config.quick_model) {
        (Some(name), _) => (Pass::Only, config.models.file_of(&name)),
        (None, Some(quick)) if !payload.second_pass => (Pass::First, quick.clone()),
        (None, Some(_)) => (Pass::Second, config.model.clone()),
        (None, None) => (Pass::Only, config.model.clone()),
    }
}

/// What the quick model wrote: where the better one writes the same, that is more likely to be right.
async fn earlier_text(attempt: &Attempt, submission: SubmissionId) -> Result<String, Failure> {
    let mut snapshot = attempt.store.snapshot().await?;
    let earlier = snapshot.transcripts().newest_recognition(submission).await?;
    let segments = earlier.into_iter().flat_map(|transcript| transcript.segments);
    Ok(segments.map(|segment| segment.text).collect())
}
