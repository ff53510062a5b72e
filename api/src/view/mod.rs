//! What the interface answers with: the shapes of the JSON, apart from the rows they are made of.
//!
//! Times of the clock are RFC 3339 in UTC; durations and positions are seconds.

mod media;
mod report;
mod schema;
mod stage;
mod summary;
mod transcript;

pub(crate) use report::{LoadedReport, ReportView};
pub(crate) use summary::ReportSummary;
pub(crate) use transcript::TranscriptVersionView;

use huibao_models::domain::failure::{Failure, Lang};
use serde::Serialize;
use utoipa::ToSchema;

/// Why something failed.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Failure)]
pub(crate) struct FailureView {
    /// Stable code.
    pub code: &'static str,
    /// What happened and what to do next, in the language asked for.
    pub message: &'static str,
}

impl FailureView {
    /// The technical cause stays in the log and the database: it may name paths.
    fn new(failure: &Failure, lang: Lang) -> Self {
        Self { code: failure.code.as_str(), message: failure.code.message(lang) }
    }
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 milliseconds")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
