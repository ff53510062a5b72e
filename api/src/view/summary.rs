//! A report in a list.

use chrono::{DateTime, Utc};
use huibao_models::domain::report::{Report, ReportState};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::{schema, seconds};

/// What a list shows of a report.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ReportSummary {
    /// Its id. Ids sort by time of creation.
    pub id: Uuid,
    /// What the activist calls it; may be empty.
    pub title: String,
    /// Who speaks; may be empty.
    pub speaker: String,
    /// How far it is.
    #[schema(schema_with = schema::report_state)]
    pub state: ReportState,
    /// When it was handed in.
    pub created_at: DateTime<Utc>,
    /// Length of the video, once it is known.
    #[schema(required)]
    pub duration_seconds: Option<f64>,
    /// Where a still picture of the video is, once there is one.
    #[schema(required)]
    pub poster_url: Option<String>,
}

impl ReportSummary {
    /// The summary of a report that has a poster, or not.
    pub(crate) fn new(report: &Report, has_poster: bool) -> Self {
        Self {
            id: report.id,
            title: report.title.clone(),
            speaker: report.speaker.clone(),
            state: report.state,
            created_at: report.created_at,
            duration_seconds: report.media.as_ref().map(|media| seconds(media.duration_ms)),
            poster_url: has_poster.then(|| format!("/api/reports/{}/poster", report.id)),
        }
    }
}
