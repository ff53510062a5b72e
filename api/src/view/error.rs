//! Failures: of a request, and of a stage.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;

/// The body of every error response.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ErrorBody {
    /// The error.
    pub error: FailureView,
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
