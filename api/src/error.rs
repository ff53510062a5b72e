//! The error type of handlers and guards.
//!
//! The response of an [`ApiError`] carries the error in its extensions; `localize`, which wraps all
//! routes, writes the body in the language of the request.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::{Failure, FailureClass, FailureCode, Lang};
use huibao_models::storage::StorageError;
use huibao_models::store::StoreError;

use crate::request_error::RequestError;

/// Why a request failed.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ApiError {
    /// An error in the request.
    #[error("{}", .0.code())]
    Request(RequestError),
    /// A failure with a shared code: a file that is refused, or a backend that does not work.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl ApiError {
    /// The stable code.
    pub(crate) fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.code(),
            Self::Failure(failure) => failure.code.as_str(),
        }
    }

    /// What happened and what to do next.
    pub(crate) fn message(&self, lang: Lang) -> &'static str {
        match self {
            Self::Request(error) => error.message(lang),
            Self::Failure(failure) => failure.code.message(lang),
        }
    }

    /// Why a transcript cannot be corrected, or a report not be decided about.
    pub(crate) fn of_review(error: StoreError) -> Self {
        match error {
            StoreError::Outdated { .. } => RequestError::Outdated.into(),
            StoreError::IllegalTransition { .. } => RequestError::NotReviewable.into(),
            StoreError::NoSuchRow { .. } => RequestError::NotFound.into(),
            other => other.into(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Request(RequestError::ChecksumMismatch) => checksum_mismatch(),
            Self::Request(error) => error.status(),
            Self::Failure(failure) => failure_status(failure.code),
        }
    }
}

/// The status that tus has made for it.
fn checksum_mismatch() -> StatusCode {
    StatusCode::from_u16(460).unwrap_or(StatusCode::BAD_REQUEST)
}

fn failure_status(code: FailureCode) -> StatusCode {
    match (code, code.class()) {
        (FailureCode::TooLarge | FailureCode::WrittenTooLarge, _) => StatusCode::PAYLOAD_TOO_LARGE,
        (FailureCode::WrittenUnsupported, _) => StatusCode::UNSUPPORTED_MEDIA_TYPE,
        (FailureCode::DiskFull, _) => StatusCode::INSUFFICIENT_STORAGE,
        (_, FailureClass::Permanent) => StatusCode::UNPROCESSABLE_ENTITY,
        (_, FailureClass::Unavailable | FailureClass::Transient) => StatusCode::SERVICE_UNAVAILABLE,
        (_, FailureClass::Internal) => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

impl From<RequestError> for ApiError {
    fn from(error: RequestError) -> Self {
        Self::Request(error)
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::Failure(error.into())
    }
}

impl From<StorageError> for ApiError {
    fn from(error: StorageError) -> Self {
        match error {
            StorageError::Source(_) => RequestError::BadUpload.into(),
            other => Self::Failure(other.into()),
        }
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response = self.status().into_response();
        response.extensions_mut().insert(self);
        response
    }
}
