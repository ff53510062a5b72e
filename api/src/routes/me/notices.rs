//! What one is told, and how one wants to be told.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::NoticeId;
use huibao_models::domain::notice::NoticeSettings;
use serde::Deserialize;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, Locale, Params};
use crate::page::{self, PageSize};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, NoticeList, NoticeSettingsView, NoticeView, ReadNotices};

/// Minutes of a day.
const DAY: u16 = 24 * 60;

/// The most minutes that a place is before Greenwich or after it.
const MAX_OFFSET: u16 = 14 * 60;

/// Which page.
#[derive(Deserialize)]
pub(crate) struct PageParams {
    before: Option<NoticeId>,
    limit: Option<u32>,
}

/// What one is told, the newest first.
#[utoipa::path(get, path = "/api/v1/me/notices", tag = "notices",
    params(("before" = Option<Uuid>, Query, description = "Only notices older than this one: the `next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "How many; 50 if not given"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "A page of notices", body = NoticeList),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    Params(page): Params<PageParams>,
) -> Result<Json<NoticeList>, ApiError> {
    let size = PageSize::new(page.limit, page::DEFAULT, page::MOST);
    let mut snapshot = state.store.snapshot().await?;
    let settings = snapshot.notices().settings(caller.person()).await?;
    let unread = snapshot.notices().unread(caller.person()).await?;
    let mut notices = snapshot.notices().of(caller.person(), page.before, size.to_read()).await?;
    let next = size.cut(&mut notices, |notice| notice.id.uuid());
    let notices = notices.iter().map(|notice| NoticeView::new(notice, &settings, lang)).collect();
    Ok(Json(NoticeList { notices, unread, next }))
}

/// Marks what one was told as read, up to a notice.
#[utoipa::path(post, path = "/api/v1/me/notices/read", tag = "notices",
    request_body = ReadNotices,
    responses((status = 204, description = "Marked"),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn read(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(read): extract::Json<ReadNotices>,
) -> Result<StatusCode, ApiError> {
    let mut unit = caller.begin(&state).await?;
    unit.notices().mark_read(caller.person(), read.up_to.into()).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

/// How one wants to be told.
#[utoipa::path(get, path = "/api/v1/me/notice-settings", tag = "notices",
    responses((status = 200, description = "The settings", body = NoticeSettingsView)))]
pub(crate) async fn settings(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<NoticeSettingsView>, ApiError> {
    let settings = state.store.snapshot().await?.notices().settings(caller.person()).await?;
    Ok(Json(settings.into()))
}

/// Says how one wants to be told.
#[utoipa::path(put, path = "/api/v1/me/notice-settings", tag = "notices",
    request_body = NoticeSettingsView,
    responses((status = 204, description = "They hold from now on"),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn set_settings(
    State(state): State<ApiState>,
    caller: Caller,
    extract::Json(given): extract::Json<NoticeSettingsView>,
) -> Result<StatusCode, ApiError> {
    let quiet = match (given.quiet_from, given.quiet_to) {
        (Some(from), Some(to)) if from < DAY && to < DAY && from != to => Some((from, to)),
        (None, None) => None,
        _ => return Err(RequestError::BadRequest.into()),
    };
    if given.utc_offset.unsigned_abs() > MAX_OFFSET {
        return Err(RequestError::BadRequest.into());
    }
    let lang = match given.lang.as_str() {
        "zh" => Lang::Zh,
        "en" => Lang::En,
        _ => return Err(RequestError::BadRequest.into()),
    };
    let mut muted = given.muted;
    muted.sort_by_key(|event| event.as_str());
    muted.dedup();
    let settings =
        NoticeSettings { mail: given.mail, muted, quiet, utc_offset: given.utc_offset, lang };
    let mut unit = caller.begin(&state).await?;
    unit.notices().set_settings(caller.person(), &settings).await?;
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}
