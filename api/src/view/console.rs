//! Jobs and workers, as operators see them.

use chrono::{DateTime, Utc};
use huibao_models::domain::failure::{Failure, FailureCode, Lang};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::job::{Job, JobState};
use huibao_models::domain::worker::WorkerStatus;
use huibao_models::store::FailureGroup;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;

/// How much there is to do, and how quickly it is done.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobsSummary {
    /// The kinds of which there are jobs that are not done, or were done in the last hour.
    pub kinds: Vec<JobKindView>,
    /// Dead jobs by kind and cause, those with most jobs first.
    pub failures: Vec<FailureGroupView>,
    /// Cores of the workers that are there and do not pause.
    pub cores: u32,
    /// In how many seconds these will have done what is there, if each job takes one core for as long as jobs of
    /// its kind took in the last hour; null if nothing was done in that time, or nobody works.
    #[schema(required)]
    pub drained_in_seconds: Option<f64>,
}

/// The jobs of a kind.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = JobKind)]
pub struct JobKindView {
    /// The name of the kind.
    pub kind: String,
    /// How many wait for others of the same submission.
    pub waiting: u64,
    /// How many could run.
    pub queued: u64,
    /// How many run.
    pub running: u64,
    /// How many are dead.
    pub dead: u64,
    /// Since when the oldest of those that could run could.
    #[schema(required)]
    pub oldest: Option<DateTime<Utc>>,
    /// How many were done in the last hour.
    pub done_last_hour: u64,
    /// How long one of these was worked on, in seconds.
    pub mean_work_seconds: f64,
}

/// Dead jobs of a kind that failed for the same cause.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = FailureGroup)]
pub struct FailureGroupView {
    /// The name of the kind.
    pub kind: String,
    /// The code of the failure.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// How many jobs.
    pub jobs: u64,
    /// When the last of them failed.
    #[schema(required)]
    pub newest: Option<DateTime<Utc>>,
}

/// A page of jobs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobList {
    /// The newest first.
    pub jobs: Vec<JobView>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// A job.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Job)]
pub struct JobView {
    /// Its id.
    pub id: Uuid,
    /// The name of its kind.
    pub kind: String,
    /// Where it is in its life.
    #[schema(value_type = enums::JobState)]
    pub state: JobState,
    /// The report that it is about, if it is about one.
    #[schema(required)]
    pub report: Option<Uuid>,
    /// How many times it was tried.
    pub attempt: u32,
    /// Who works on it, or did so last.
    #[schema(required)]
    pub worker: Option<String>,
    /// Fraction done, 0 to 1, of the running attempt.
    pub progress: f32,
    /// When the running attempt began.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it was done, or failed for good.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// Why the last attempt failed.
    #[schema(required)]
    pub error: Option<JobError>,
}

/// Why a job failed, with its cause: for operators alone.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct JobError {
    /// The code.
    pub code: String,
    /// What happened and what to do.
    pub message: String,
    /// The cause, as the log has it.
    pub detail: String,
}

/// Which dead jobs.
#[derive(Deserialize, ToSchema)]
pub(crate) struct DeadJobs {
    /// These; if none are given, all that the others leave.
    #[serde(default)]
    #[schema(max_items = 200)]
    pub ids: Vec<Uuid>,
    /// Those of this kind.
    pub kind: Option<String>,
    /// Those that failed with this code.
    pub code: Option<String>,
}

/// What was done with dead jobs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DeadJobsDone {
    /// With how many. At most 1000 at once; what is left is asked for again.
    pub jobs: u64,
}

/// The workers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct WorkerList {
    /// Those that were heard of in the last minutes, by their names.
    pub workers: Vec<WorkerView>,
}

/// A worker: a process that runs jobs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Worker)]
pub struct WorkerView {
    /// Its name: that of its machine, and the number of its process.
    pub name: String,
    /// Its version of Huibao.
    pub version: String,
    /// Cores for all its heavy work together.
    pub cores: u32,
    /// The kinds of jobs that it takes.
    pub kinds: Vec<String>,
    /// The model that it recognises with.
    pub model: String,
    /// When it started.
    pub started_at: DateTime<Utc>,
    /// When it was heard of last: every ten seconds, as long as it is there.
    pub seen_at: DateTime<Utc>,
    /// Whether it takes no further jobs.
    pub paused: bool,
    /// What it works on.
    pub jobs: Vec<JobView>,
}

/// Whether a worker is to pause.
#[derive(Deserialize, ToSchema)]
pub(crate) struct WorkerPause {
    /// The worker's name.
    pub name: String,
    /// Whether it is to take no further jobs. What it works on, it goes on with.
    pub paused: bool,
}

impl FailureGroupView {
    /// With what to do about it, in `lang`.
    pub(crate) fn new(group: FailureGroup, lang: Lang) -> Self {
        let code = FailureCode::ALL.iter().find(|code| code.as_str() == group.code);
        let message = code.map_or_else(String::new, |code| code.message(lang).to_owned());
        Self { kind: group.kind, message, code: group.code, jobs: group.jobs, newest: group.newest }
    }
}

impl JobView {
    /// A job that may be about a report, with messages in `lang`.
    pub(crate) fn new(job: Job, report: Option<ReportId>, lang: Lang) -> Self {
        let error = |failure: Failure| JobError {
            code: failure.code.to_string(),
            message: failure.code.message(lang).to_owned(),
            detail: failure.detail,
        };
        Self {
            id: job.id.uuid(),
            kind: job.kind,
            state: job.state,
            report: report.map(ReportId::uuid),
            attempt: job.attempt,
            worker: job.worker,
            progress: job.progress,
            started_at: job.started_at,
            finished_at: job.finished_at,
            error: job.error.map(error),
        }
    }
}

impl WorkerView {
    /// A worker with what it works on.
    pub(crate) fn new(status: WorkerStatus, jobs: Vec<JobView>) -> Self {
        let info = status.info;
        Self {
            name: info.name,
            version: info.version,
            cores: info.cores,
            kinds: info.kinds,
            model: info.model,
            started_at: status.started_at,
            seen_at: status.seen_at,
            paused: status.paused,
            jobs,
        }
    }
}
