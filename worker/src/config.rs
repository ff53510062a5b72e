//! What the pipeline may use and how far it goes.

use std::collections::HashMap;
use std::path::PathBuf;
use std::time::Duration;

use huibao_models::domain::job::{RetryPolicy, Urgency};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::ReportKind;

use crate::{ModelFolder, NoticeConfig};

/// Settings of one worker process.
#[derive(Debug, Clone)]
pub struct WorkerConfig {
    /// Folder for files in the making; on the same file system as a local storage, so that
    /// finished files are moved and not copied.
    pub scratch: PathBuf,
    /// The stages it works on. Jobs of other kinds that are as urgent as one of these are its work as
    /// well, and so are those that nobody waits for.
    pub stages: Vec<Stage>,
    /// Whether it adds recurring jobs when they are due.
    pub recurring: bool,
    /// The file of the key that signs checkpoints of the audit log; none are made without one.
    pub audit_key: Option<PathBuf>,
    /// How notices reach people outside.
    pub notices: NoticeConfig,
    /// Cores for all heavy work together.
    pub cores: u32,
    /// The most cores that one job is given. More threads do less each: past four, whisper's
    /// encoder gains little.
    pub cores_per_task: u32,
    /// The whisper model, in ggml format, unless a job names another.
    pub model: PathBuf,
    /// The model that hears reports first, so that there is a text soon; the other one then hears them again once no
    /// recognition waits. `None`: there is one pass.
    pub quick_model: Option<PathBuf>,
    /// Where the models are that jobs name.
    pub models: ModelFolder,
    /// How long a model stays loaded after its last work.
    pub keep_model: Duration,
    /// The Silero voice activity model, in ggml format.
    pub vad_model: PathBuf,
    /// The operator's glossary, if there is one.
    pub glossary: Option<PathBuf>,
    /// Whether other words that only sound right are put right as well.
    pub correct_homophones: bool,
    /// Longest video in milliseconds.
    pub max_duration_ms: u64,
    /// Most pixels (width × height) of a picture.
    pub max_pixels: u64,
    /// Largest written report in bytes.
    pub max_written_bytes: u64,
    /// What the operator calls kinds of reports, where it is not the usual name.
    pub kind_names: HashMap<ReportKind, String>,
    /// The folder of LibreOffice's program; without it, older documents are refused, and no PDF is made.
    pub libreoffice: Option<PathBuf>,
    /// How long a claim holds without renewal.
    pub lease: Duration,
    /// How long running jobs get to finish when the worker is asked to stop.
    pub grace: Duration,
    /// How failed attempts are repeated.
    pub retry: RetryPolicy,
}

impl WorkerConfig {
    /// The urgencies of the jobs it works on, the most urgent first.
    pub fn urgencies(&self) -> Vec<Urgency> {
        let serves = |urgency: &Urgency| {
            *urgency == Urgency::Background
                || self.stages.iter().any(|stage| stage.urgency() == *urgency)
        };
        Urgency::ALL.iter().copied().filter(serves).collect()
    }
}
