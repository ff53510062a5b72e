//! What the system has measured of itself.

use chrono::{DateTime, Utc};
use huibao_models::domain::sample::Sample;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The points of a plot.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SampleList {
    /// Where the plot begins.
    pub from: DateTime<Utc>,
    /// Where it ends.
    pub to: DateTime<Utc>,
    /// So many seconds are one point.
    pub step_seconds: u64,
    /// In the order of time; where nothing was measured, there is none.
    pub points: Vec<SampleView>,
}

/// A point of a plot.
#[derive(Debug, Clone, Copy, Serialize, Deserialize, ToSchema)]
#[schema(as = Sample)]
pub struct SampleView {
    /// The end of its time.
    pub at: DateTime<Utc>,
    /// Size of all stored files in bytes.
    pub storage_bytes: u64,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Jobs done in this time, without those of the system's own upkeep.
    pub done: u64,
    /// Jobs that failed for good in this time.
    pub failed: u64,
}

impl From<Sample> for SampleView {
    fn from(sample: Sample) -> Self {
        let Sample { at, storage_bytes, database_bytes, done, failed } = sample;
        Self { at, storage_bytes, database_bytes, done, failed }
    }
}
