//! Reports in a list.

use chrono::{DateTime, Utc};
use huibao_models::domain::submission::SubmissionState;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;

/// A page of the list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportList {
    /// The reports, newest first.
    pub reports: Vec<ReportSummary>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<Uuid>,
}

/// A report as lists show it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportSummary {
    /// Its id. Ids sort by time of creation.
    pub id: Uuid,
    /// Its title; may be empty.
    pub title: String,
    /// The speaker's name; may be empty.
    pub speaker: String,
    /// Processing state.
    #[schema(value_type = enums::ReportState)]
    pub state: SubmissionState,
    /// Time of submission.
    pub created_at: DateTime<Utc>,
    /// Length of the video, once it is known.
    #[schema(required)]
    pub duration_seconds: Option<f64>,
    /// URL of a still picture of the video, once there is one.
    #[schema(required)]
    pub poster_url: Option<String>,
}
