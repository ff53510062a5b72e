//! The progress of one stage of a report.

use chrono::{DateTime, Utc};
use huibao_models::domain::job::JobState;
use huibao_models::domain::pipeline::Stage;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;
use super::error::FailureView;

/// A stage of the pipeline and its progress.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Stage)]
pub struct StageView {
    /// Which stage.
    #[schema(value_type = enums::StageName)]
    pub stage: Stage,
    /// `waiting` for another stage, `queued`, `running`, `done`, or `dead`: failed for good.
    #[schema(value_type = enums::JobState)]
    pub state: JobState,
    /// Fraction done, 0 to 1, of the running attempt.
    pub progress: f32,
    /// Number of the attempt; 0 before the first.
    pub attempt: u32,
    /// Start of the latest attempt.
    #[schema(required)]
    pub started_at: Option<DateTime<Utc>>,
    /// When it became done or dead.
    #[schema(required)]
    pub finished_at: Option<DateTime<Utc>>,
    /// Duration of the successful attempt.
    #[schema(required)]
    pub work_seconds: Option<f64>,
    /// Why the last attempt failed.
    #[schema(required)]
    pub error: Option<FailureView>,
}
