//! How far the stages of a submission are, whether read from our own rows or told by a server.

use huibao_models::domain::failure::Lang;
use huibao_models::domain::job::{Job, JobState};
use huibao_models::domain::pipeline::Stage;
use serde::Deserialize;

/// How far one stage is.
#[derive(Debug, Clone, Copy, Deserialize)]
pub struct StageStatus {
    /// Which step.
    pub stage: Stage,
    /// Where it is in its life.
    pub state: JobState,
    /// Fraction done, 0 to 1, of the running attempt.
    pub progress: f32,
    /// How long the successful attempt worked.
    pub work_seconds: Option<f64>,
}

impl StageStatus {
    /// How far the stage is whose job this is; `None` for a job of another kind.
    pub fn of(job: &Job) -> Option<Self> {
        Some(Self {
            stage: job.kind.parse().ok()?,
            state: job.state,
            progress: job.progress,
            work_seconds: job.work_ms.map(seconds),
        })
    }
}

/// A stage's name for people.
pub fn stage_name(stage: Stage, lang: Lang) -> &'static str {
    match stage {
        Stage::Ingest => lang.pick("检查", "ingest"),
        Stage::Transcode => lang.pick("转码", "transcode"),
        Stage::Transcribe => lang.pick("识别", "transcribe"),
        Stage::Archive => lang.pick("归档", "archive"),
    }
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^52 milliseconds")]
pub fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
