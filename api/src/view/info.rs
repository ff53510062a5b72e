//! The properties of an installation.

use std::collections::BTreeMap;

use huibao_models::domain::report::ReportKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;

/// Version, limits and languages of this installation.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Info {
    /// Version of Huibao.
    pub version: String,
    /// Limits on uploads.
    pub limits: UploadLimits,
    /// Accepted languages; the first is the default.
    pub languages: Vec<String>,
    /// What new reports can be about.
    #[schema(value_type = Vec<enums::ReportKind>)]
    pub kinds: Vec<ReportKind>,
    /// What the operator calls some of them.
    pub kind_labels: BTreeMap<String, String>,
    /// How to sign on through the campus.
    pub sign_on: Vec<SignOnView>,
}

/// An identity provider.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = SignOn)]
pub struct SignOnView {
    /// What people call it.
    pub label: String,
    /// Where to go: a link, not a request of a script.
    pub url: String,
}

/// Limits on uploads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct UploadLimits {
    /// Largest video, in bytes.
    pub max_video_bytes: u64,
    /// Largest written report, in bytes.
    pub max_written_bytes: u64,
    /// Longest video, in seconds. Enforced by the ingest stage; pages check it before an upload.
    pub max_duration_seconds: u64,
}
