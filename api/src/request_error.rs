//! Errors in requests: codes, statuses, messages in Chinese and English.

use axum::http::StatusCode;
use huibao_models::domain::failure::Lang;

macro_rules! request_errors {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:ident, $zh:literal, $en:literal;)*) => {
        /// An error in a request. Codes are part of the public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub(crate) enum RequestError {
            $($(#[$doc])* $name,)*
        }

        impl RequestError {
            /// Every error, for the OpenAPI document.
            pub(crate) const ALL: &[Self] = &[$(Self::$name,)*];

            /// The stable code.
            pub(crate) const fn code(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The status of the response.
            pub(crate) const fn status(self) -> StatusCode {
                match self { $(Self::$name => StatusCode::$status,)* }
            }

            /// What happened and what to do next.
            pub(crate) fn message(self, lang: Lang) -> &'static str {
                match self { $(Self::$name => lang.pick($zh, $en),)* }
            }
        }
    };
}

request_errors! {
    /// A query, header or field that cannot be parsed.
    BadRequest = "bad_request", BAD_REQUEST,
        "请求的格式不正确。", "The request is malformed.";
    /// The body is not a multipart form, or is incomplete.
    BadUpload = "bad_upload", BAD_REQUEST,
        "上传的内容不完整或格式不正确，请重新上传。",
        "The upload is incomplete or malformed. Please upload it again.";
    /// No video, or an empty one.
    MissingVideo = "missing_video", BAD_REQUEST,
        "没有收到视频，或视频是空文件。请选择视频后再上传。",
        "There is no video, or it is empty. Please choose a video and upload it again.";
    /// A form field that was sent twice.
    DuplicateField = "duplicate_field", BAD_REQUEST,
        "同一个字段提交了不止一次。每份汇报只能有一个视频和一份书面汇报。",
        "A field was sent more than once. A report has one video and one written report.";
    /// A text field that is too long.
    FieldTooLong = "field_too_long", BAD_REQUEST,
        "标题（最多 200 字）或汇报人（最多 100 字）过长。",
        "The title (at most 200 characters) or the speaker (at most 100) is too long.";
    /// A language that is not supported.
    UnsupportedLanguage = "unsupported_language", BAD_REQUEST,
        "不支持所选的语言。", "The chosen language is not supported.";
    /// The token is missing or wrong.
    Unauthorized = "unauthorized", UNAUTHORIZED,
        "需要访问口令。", "An access token is needed.";
    /// A state change requested by a page of another site.
    CrossSite = "cross_site", FORBIDDEN,
        "拒绝来自其他网站的请求。", "Requests from other sites are refused.";
    /// A `Host` header that is not allowed.
    BadHost = "bad_host", FORBIDDEN,
        "拒绝以这个主机名访问。请使用 localhost，或由管理员设置访问口令。",
        "This host name is refused. Please use localhost, or let the operator set a token.";
    /// No such report or route.
    NotFound = "not_found", NOT_FOUND,
        "没有找到请求的内容。", "The requested resource does not exist.";
    /// A file that the report does not have, or not yet.
    NotReady = "not_ready", NOT_FOUND,
        "这个文件不存在，或者还没有生成。", "This file does not exist, or has not been made yet.";
    /// A method that the route does not support.
    MethodNotAllowed = "method_not_allowed", METHOD_NOT_ALLOWED,
        "不支持这种请求方法。", "This method is not supported here.";
    /// A byte range outside the file.
    RangeNotSatisfiable = "range_not_satisfiable", RANGE_NOT_SATISFIABLE,
        "请求的范围超出了文件大小。", "The requested range is outside the file.";
}
