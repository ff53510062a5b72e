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
    /// The body ended before its time, or is malformed.
    BadUpload = "bad_upload", BAD_REQUEST,
        "上传的内容不完整或格式不正确，请重新上传。",
        "The upload is incomplete or malformed. Please upload it again.";
    /// A report without a video, or with an empty one, is handed in.
    MissingVideo = "missing_video", UNPROCESSABLE_ENTITY,
        "没有收到视频，或视频是空文件。请选择视频后再上传。",
        "There is no video, or it is empty. Please choose a video and upload it again.";
    /// A file without any bytes.
    EmptyFile = "empty_file", UNPROCESSABLE_ENTITY,
        "这是一个空文件，请重新选择。", "This file is empty. Please choose another one.";
    /// A body of another type than is appended.
    UnsupportedType = "unsupported_type", UNSUPPORTED_MEDIA_TYPE,
        "请求内容的类型不受支持。", "This type of content is not supported here.";
    /// Bytes that are to be appended elsewhere than at the end.
    WrongOffset = "wrong_offset", CONFLICT,
        "上传位置不一致，请从已收到的位置继续。",
        "The upload stands elsewhere. Please continue where the server says.";
    /// An upload that another request is writing to.
    UploadLocked = "upload_locked", LOCKED,
        "这个文件正在由另一个连接上传，请稍后再试。",
        "Another connection is uploading this file. Please try again in a moment.";
    /// An upload that was given up, or taken back.
    UploadGone = "upload_gone", GONE,
        "这次上传已经失效，请重新开始。", "This upload is gone. Please begin it again.";
    /// Bytes that are not those that were sent.
    ChecksumMismatch = "upload_checksum_mismatch", BAD_REQUEST,
        "收到的数据与校验值不符，请重新发送。",
        "The bytes that arrived do not fit their checksum. Please send them again.";
    /// A version of tus that is not spoken.
    UnsupportedTusVersion = "unsupported_tus_version", PRECONDITION_FAILED,
        "不支持这个版本的上传协议。", "This version of the upload protocol is not supported.";
    /// A body of JSON that is too large.
    BodyTooLarge = "body_too_large", PAYLOAD_TOO_LARGE,
        "提交的文字过长。", "The text is too long.";
    /// A text field that is too long.
    FieldTooLong = "field_too_long", BAD_REQUEST,
        "标题（最多 200 字）或汇报人（最多 100 字）过长。",
        "The title (at most 200 characters) or the speaker (at most 100) is too long.";
    /// A language that is not supported.
    UnsupportedLanguage = "unsupported_language", BAD_REQUEST,
        "不支持所选的语言。", "The chosen language is not supported.";
    /// A kind of report that is not offered.
    UnsupportedKind = "unsupported_kind", BAD_REQUEST,
        "这里不收这类汇报。", "Reports of this kind are not taken here.";
    /// Nobody is signed in, and there is no token that is accepted.
    Unauthorized = "unauthorized", UNAUTHORIZED,
        "请先登录。", "Please sign in first.";
    /// The name or the password is wrong.
    WrongCredentials = "wrong_credentials", UNAUTHORIZED,
        "用户名或密码不正确。", "The name or the password is wrong.";
    /// Too many sign-ins have failed.
    TooManyAttempts = "too_many_attempts", TOO_MANY_REQUESTS,
        "登录失败次数过多，请稍后再试。",
        "Too many sign-ins have failed. Please wait before you try again.";
    /// Something that this person, or a token, may not do.
    Forbidden = "forbidden", FORBIDDEN,
        "你没有权限进行这项操作。", "You are not allowed to do this.";
    /// A password that is too short or too long.
    WeakPassword = "weak_password", UNPROCESSABLE_ENTITY,
        "密码长度须为 8 到 256 个字符。", "A password has 8 to 256 characters.";
    /// A name that is taken, or that nobody can have.
    InvalidName = "invalid_name", UNPROCESSABLE_ENTITY,
        "这个用户名已被占用或不可用：须为 1 到 64 个字符，不含空格和斜杠。",
        "This name is taken or cannot be used: it has 1 to 64 characters, without spaces and slashes.";
    /// An `Idempotency-Key` that another request had.
    KeyReused = "idempotency_key_reused", UNPROCESSABLE_ENTITY,
        "这个 Idempotency-Key 已用于另一个请求。", "This Idempotency-Key belongs to another request.";
    /// A request with an `Idempotency-Key` that is being answered.
    StillRunning = "still_running", CONFLICT,
        "同一请求正在处理，请稍后再试。", "The same request is being answered. Please try again in a moment.";
    /// Uploads that add up to more than somebody, or a branch, may keep.
    QuotaExceeded = "quota_exceeded", PAYLOAD_TOO_LARGE,
        "已超过你或所在支部的存储配额。请删除不用的草稿，或联系管理员。",
        "You or your branch keep as much as is allowed. Please delete drafts, or ask the operator.";
    /// A number that another account has.
    NumberTaken = "number_taken", CONFLICT,
        "这个学号（工号）属于另一个用户。", "This number belongs to another account.";
    /// Somebody whom the campus knows and nobody here does.
    NoAccount = "no_account", FORBIDDEN,
        "身份验证成功，但这里还没有你的账号。请联系所在支部。",
        "The campus knows you, but you have no account here. Please ask your branch.";
    /// A sign-on through the campus that did not work.
    SignOnFailed = "sign_on_failed", BAD_REQUEST,
        "统一身份认证没有成功，请重新登录。",
        "Signing on through the campus did not work. Please try again.";
    /// A roster of which some rows cannot be taken over.
    BadRoster = "bad_roster", UNPROCESSABLE_ENTITY,
        "名单没有导入：文件无法读取。请使用不超过 5 MB 的 .csv 或 .xlsx 文件。",
        "The roster was not imported: the file cannot be read. Use a .csv or .xlsx of at most 5 MB.";
    /// A report for a round that its author has one for.
    RoundTaken = "round_taken", CONFLICT,
        "你已经为这一轮建立了汇报。", "You have begun a report for this round already.";
    /// A round that does not take such a report.
    NotForRound = "not_for_round", UNPROCESSABLE_ENTITY,
        "这一轮不收这类汇报，或不面向你。", "This round does not take such a report, or is not for you.";
    /// A round that is closed.
    RoundClosed = "round_closed", CONFLICT,
        "这一轮已经结束，不能再提交。", "This round is closed. Nothing can be handed in any more.";
    /// A report that is handed in cannot be changed.
    NotADraft = "not_a_draft", CONFLICT,
        "这份汇报已经提交，不能再修改。", "This report is handed in and cannot be changed.";
    /// A report that is reviewed or decided cannot be taken back.
    NotWithdrawable = "not_withdrawable", CONFLICT,
        "这份汇报正在审阅或已有结论，不能撤回。",
        "This report is being reviewed or decided, and cannot be withdrawn.";
    /// A report that nobody can review now.
    NotReviewable = "not_reviewable", CONFLICT,
        "这份汇报现在不能这样审阅：可能尚未处理完成、已撤回，或已有结论。请刷新查看。",
        "This report cannot be reviewed like this now: it may not be processed yet, be withdrawn, or decided. Please reload.";
    /// A report is returned without saying why.
    MissingReasons = "missing_reasons", UNPROCESSABLE_ENTITY,
        "退回时请写明理由。", "Please say why it is returned.";
    /// A report that cannot be shown as an example.
    NoExample = "no_example", CONFLICT,
        "只有已通过、并且作者同意的汇报才能作为范例。",
        "Only accepted reports whose authors agree are shown as examples.";
    /// A comment that says nothing.
    MissingText = "missing_text", UNPROCESSABLE_ENTITY,
        "请输入内容。", "Please write something.";
    /// A sentence, a comment or reasons that are too long.
    TextTooLong = "text_too_long", BAD_REQUEST,
        "文字过长：句子最多 2000 字，留言和理由最多 5000 字。",
        "The text is too long: sentences have at most 2000 characters, comments and reasons 5000.";
    /// Somebody has changed it since it was read.
    Outdated = "outdated", PRECONDITION_FAILED,
        "内容已在别处被修改。请刷新后再保存。",
        "It was changed elsewhere. Please reload before you save.";
    /// A change that does not say what it is based on.
    PreconditionRequired = "precondition_required", PRECONDITION_REQUIRED,
        "缺少 If-Match：请先读取，再修改。",
        "If-Match is missing: read it before you change it.";
    /// A state change requested by a page of another site.
    CrossSite = "cross_site", FORBIDDEN,
        "拒绝来自其他网站的请求。", "Requests from other sites are refused.";
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
