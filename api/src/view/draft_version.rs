//! What a draft said before it was changed.

use chrono::{DateTime, Utc};
use huibao_models::store::DraftVersion;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// What a report said before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct DraftVersionList {
    /// The newest first.
    pub versions: Vec<DraftVersionView>,
}

/// What a report said until it was changed.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = DraftVersion)]
pub struct DraftVersionView {
    /// Its number: the report's `ETag` was `"r<number>"` then.
    pub revision: u32,
    /// The title.
    pub title: String,
    /// The written report as typed.
    pub written_text: String,
    /// When it was replaced.
    pub replaced_at: DateTime<Utc>,
}

impl From<DraftVersion> for DraftVersionView {
    fn from(version: DraftVersion) -> Self {
        Self {
            revision: version.revision,
            title: version.title,
            written_text: version.written_text,
            replaced_at: version.replaced_at,
        }
    }
}
