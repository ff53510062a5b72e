//! Reports in a list.

use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use huibao_models::domain::report::{ReportKind, VisibleState};
use huibao_models::store::ReportCounts;
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

/// How many reports are in which state.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportCounts)]
pub struct ReportCountsView {
    /// For each state that some are in, how many.
    #[schema(value_type = std::collections::HashMap<String, u32>)]
    pub states: BTreeMap<VisibleState, u32>,
}

impl From<ReportCounts> for ReportCountsView {
    fn from(states: ReportCounts) -> Self {
        Self { states }
    }
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
    /// The author's name; null for a report from before there were accounts.
    #[schema(required)]
    pub author: Option<String>,
    /// The branch that it is handed in to, such as `/college/branch`.
    pub branch: String,
    /// What it is about.
    #[schema(value_type = enums::ReportKind)]
    pub kind: ReportKind,
    /// The quarter that it is for, such as `2026Q4`; may be empty.
    pub period: String,
    /// The round that it is for, if it is for one.
    #[schema(required)]
    pub round: Option<Uuid>,
    /// Where it is in its life.
    #[schema(value_type = enums::ReportState)]
    pub state: VisibleState,
    /// When it was handed in, or begun as a draft.
    pub created_at: DateTime<Utc>,
    /// Length of the video, once it is known.
    #[schema(required)]
    pub duration_seconds: Option<f64>,
    /// The version of the transcript that readers see, once there is one.
    #[schema(required, minimum = 1)]
    pub transcript_version: Option<u32>,
    /// When somebody else has last said something about it that the one who asks sees; null if nobody has.
    #[schema(required)]
    pub commented_at: Option<DateTime<Utc>>,
    /// URL of a still picture of the video, once there is one.
    #[schema(required)]
    pub poster_url: Option<String>,
}

/// What is read beside a report for its summary.
#[derive(Clone, Copy, Default)]
pub(crate) struct Beside {
    /// Whether there is a still picture.
    pub has_poster: bool,
    /// The version of the transcript that readers see.
    pub transcript: Option<u32>,
    /// When others have last said something that the reader sees.
    pub commented_at: Option<DateTime<Utc>>,
}
