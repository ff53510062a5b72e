//! What is answered when something does not work.
//!
//! A handler or guard returns [`ApiError`]; its response carries the error along, and [`localize`],
//! which wraps all routes, writes the body in the reader's language and logs our own failures, once.

use axum::Json;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::{Failure, FailureClass, FailureCode, Lang};
use huibao_models::storage::StorageError;
use huibao_models::store::StoreError;
use serde::Serialize;
use utoipa::ToSchema;

use crate::extract::Locale;

macro_rules! request_errors {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $zh:literal, $en:literal;)*) => {
        /// What can be wrong with a request. Codes are part of the public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum RequestError {
            $($(#[$doc])* $name,)*
        }

        impl RequestError {
            const fn parts(self) -> (&'static str, StatusCode, &'static str, &'static str) {
                match self { $(Self::$name => ($code, StatusCode::$status, $zh, $en),)* }
            }
        }
    };
}

request_errors! {
    /// A query, header or field that cannot be read.
    BadRequest = "bad_request", BAD_REQUEST,
        "请求的格式不正确。", "The request cannot be understood.";
    /// The body is no multipart form, or breaks off.
    BadUpload = "bad_upload", BAD_REQUEST,
        "上传的内容不完整或格式不正确，请重新上传。",
        "The upload is incomplete or malformed. Please upload it again.";
    /// No video, or one without any bytes.
    MissingVideo = "missing_video", BAD_REQUEST,
        "没有收到视频，或视频是空文件。请选择视频后再上传。",
        "There is no video, or it is empty. Please choose a video and upload it again.";
    /// A form field that was sent before.
    DuplicateField = "duplicate_field", BAD_REQUEST,
        "同一个字段提交了不止一次。每份汇报只能有一个视频和一份书面汇报。",
        "A field was sent more than once. A report has one video and one written report.";
    /// A text field that is too long.
    FieldTooLong = "field_too_long", BAD_REQUEST,
        "标题（最多 200 字）或汇报人（最多 100 字）过长。",
        "The title (at most 200 characters) or the speaker (at most 100) is too long.";
    /// A language that is not offered.
    UnsupportedLanguage = "unsupported_language", BAD_REQUEST,
        "不支持所选的语言。", "The chosen language is not supported.";
    /// The token is missing or wrong.
    Unauthorized = "unauthorized", UNAUTHORIZED,
        "需要访问口令。", "An access token is needed.";
    /// A state change asked for by another site.
    CrossSite = "cross_site", FORBIDDEN,
        "拒绝来自其他网站的请求。", "Requests from other sites are refused.";
    /// A `Host` that is not ours.
    BadHost = "bad_host", FORBIDDEN,
        "拒绝以这个主机名访问。请使用 localhost，或由管理员设置访问口令。",
        "This host name is refused. Please use localhost, or let the operator set a token.";
    /// No such report or route.
    NotFound = "not_found", NOT_FOUND,
        "没有找到请求的内容。", "What was asked for does not exist.";
    /// The report has no such file, or not yet.
    NotReady = "not_ready", NOT_FOUND,
        "这个文件不存在，或者还没有生成。", "This file does not exist, or has not been made yet.";
    /// The route is there, but not for this method.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "不支持这种请求方法。", "This method is not supported here.";
    /// A byte range outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE,
        "请求的范围超出了文件大小。", "The range asked for lies outside the file.";
}

/// Why a request was not served.
#[derive(Debug, Clone, thiserror::Error)]
pub(crate) enum ApiError {
    /// The request was at fault.
    #[error("{}", .0.parts().0)]
    Request(RequestError),
    /// A failure with a shared code: a file that is refused, or a backend that does not work.
    #[error(transparent)]
    Failure(#[from] Failure),
}

impl ApiError {
    fn code(&self) -> &'static str {
        match self {
            Self::Request(error) => error.parts().0,
            Self::Failure(failure) => failure.code.as_str(),
        }
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::Request(error) => error.parts().1,
            Self::Failure(failure) => failure_status(failure.code),
        }
    }

    fn message(&self, lang: Lang) -> &'static str {
        match self {
            Self::Request(error) => lang.pick(error.parts().2, error.parts().3),
            Self::Failure(failure) => failure.code.message(lang),
        }
    }
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

/// The body of every error.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// The error.
    pub error: ErrorDetail,
}

/// What went wrong.
#[derive(Serialize, ToSchema)]
pub(crate) struct ErrorDetail {
    /// Stable code.
    pub code: &'static str,
    /// What happened and what to do next, in the language asked for.
    pub message: &'static str,
}

/// Writes the body of an error response in the language of the request.
pub(crate) async fn localize(Locale(lang): Locale, request: Request, next: Next) -> Response {
    let response = next.run(request).await;
    let Some(error) = response.extensions().get::<ApiError>() else { return response };
    if response.status().is_server_error() {
        tracing::error!(code = error.code(), %error, "request failed");
    }
    let detail = ErrorDetail { code: error.code(), message: error.message(lang) };
    let (parts, _) = response.into_parts();
    let mut written = (parts.status, Json(ErrorBody { error: detail })).into_response();
    for (name, value) in &parts.headers {
        // The length is that of the empty body.
        if name != header::CONTENT_LENGTH {
            written.headers_mut().append(name, value.clone());
        }
    }
    let language = HeaderValue::from_static(lang.pick("zh-CN", "en"));
    written.headers_mut().insert(header::CONTENT_LANGUAGE, language);
    written
}
