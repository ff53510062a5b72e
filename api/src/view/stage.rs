//! How far one stage of a report is.

use chrono::{DateTime, Utc};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::job::{Job, JobState, Stage};
use serde::Serialize;
use utoipa::ToSchema;

use super::{FailureView, schema, seconds};

/// A stage of the pipeline and how far it is.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Stage)]
pub(crate) struct StageView {
    /// Which step.
    #[schema(schema_with = schema::stage)]
    pub stage: Stage,
    /// `waiting` for another stage, `queued`, `running`, `done`, or `dead`: given up.
    #[schema(schema_with = schema::job_state)]
    pub state: JobState,
    /// Fraction done, 0 to 1, of the running attempt.
    pub progress: f32,
    /// How many times it was started; 0 before the first.
    pub attempt: u32,
    /// When the latest attempt began.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it became done or dead.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// How long the successful attempt worked.
    #[schema(required)]
    pub work_seconds: Option<f64>,
    /// Why the last attempt failed.
    #[schema(required)]
    pub error: Option<FailureView>,
}

impl StageView {
    pub(super) fn new(job: &Job, lang: Lang) -> Self {
        Self {
            stage: job.stage,
            state: job.state,
            progress: job.progress,
            attempt: job.attempt,
            started_at: job.started_at,
            finished_at: job.finished_at,
            work_seconds: job.work_ms.map(seconds),
            error: job.error.as_ref().map(|failure| FailureView::new(failure, lang)),
        }
    }
}
