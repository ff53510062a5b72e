//! Changing a draft.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::Failure;
use huibao_models::store::{ReportContent, StoreError};

use super::fields;
use super::show::etag;
use crate::access::{Edit, Permitted};
use crate::error::ApiError;
use crate::extract::{self, Locale};
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportBody, ReportChange};

/// Changes what the author writes of a report that is not handed in, or was returned. `If-Match` names what
/// the change is based on, so that nothing written on another device is lost.
#[utoipa::path(patch, path = "/api/v1/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path),
        ("If-Match" = String, Header, description = "The `ETag` of the report that was read"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body = ReportChange,
    responses(
        (status = 200, description = "Changed", body = ReportBody,
            headers(("ETag" = String, description = "Of the report as it is now"))),
        (status = 400, description = "`bad_request`, `field_too_long`, `unsupported_language`, `unsupported_kind`",
            body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_a_draft`", body = ErrorBody),
        (status = 412, description = "`outdated`", body = ErrorBody),
        (status = 413, description = "`body_too_large`, `written_too_large`", body = ErrorBody),
        (status = 428, description = "`precondition_required`", body = ErrorBody)))]
pub(crate) async fn edit(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<Edit>,
    headers: HeaderMap,
    extract::Json(change): extract::Json<ReportChange>,
) -> Result<Response, ApiError> {
    let (id, report) = (permitted.id(), permitted.access.report);
    let caller = permitted.access.caller;
    let read = headers.get(header::IF_MATCH).ok_or(RequestError::PreconditionRequired)?;
    // What is written is made of what was read, which has to be what the client read.
    if read != etag(report.revision).as_str() {
        return Err(RequestError::Outdated.into());
    }
    let title = change.title.as_deref().map_or(Ok(report.title), fields::title)?;
    let content = ReportContent {
        // One that is no longer offered may stay.
        kind: match change.kind {
            Some(kind) if kind != report.kind => fields::kind(&state, kind)?,
            _ => report.kind,
        },
        period: change.period.as_deref().map_or(Ok(report.period), fields::period)?,
        written_text: match change.written_text {
            Some(text) => fields::written_text(&state, &text)?,
            None => report.written_text,
        },
        language: match change.language.as_deref() {
            Some(code) => fields::language(&state, code)?,
            None => report.language,
        },
    };
    let mut unit = caller.begin_durable(&state).await?;
    match unit.reports().edit(id, report.revision, &title, &content).await {
        Err(StoreError::Outdated { .. }) => return Err(RequestError::Outdated.into()),
        Err(StoreError::IllegalTransition { .. }) => return Err(RequestError::NotADraft.into()),
        edited => edited?,
    }
    unit.commit().await?;
    let loaded = LoadedReport::load(&state.store, id).await?;
    let loaded = loaded.ok_or_else(|| Failure::internal("a report is gone"))?;
    let tag = [(header::ETAG, etag(loaded.report().revision))];
    Ok((tag, Json(loaded.body(caller.reader(&state, lang)))).into_response())
}
