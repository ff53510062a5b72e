//! Failures: of a request, and of a stage.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;

/// The body of every error response: a problem as RFC 9457 describes it (`application/problem+json`).
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Problem)]
pub struct ErrorBody {
    /// Always `about:blank`: `code` tells what kind of problem it is.
    #[serde(rename = "type")]
    pub kind: String,
    /// The meaning of the status, in English.
    pub title: String,
    /// The status of the response.
    pub status: u16,
    /// What happened and what to do next, in the requested language. The technical cause is not part of
    /// it: it may contain paths.
    pub detail: String,
    /// Stable code. Clients should accept codes that they do not know.
    #[schema(value_type = enums::ErrorCode)]
    pub code: String,
}

/// A failure and what to do about it. The technical cause is not part of it: it may contain paths.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Failure)]
pub struct FailureView {
    /// Stable code. Clients should accept codes that they do not know.
    #[schema(value_type = enums::ErrorCode)]
    pub code: String,
    /// What happened and what to do next, in the requested language.
    pub message: String,
}
