//! Deciding about a report.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::domain::review::Verdict;
use huibao_models::store::NewDecision;
use tracing::Instrument;

use super::fields;
use crate::access::{Permitted, ReportAccess, Review};
use crate::error::ApiError;
use crate::extract::{self, Locale};
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{DecisionBody, ErrorBody, ReportBody};

/// Accepts a report, returns it with reasons, or opens an accepted one again. The decision names the transcript
/// version that was read; nobody decides about words that they have not seen.
#[utoipa::path(post, path = "/api/v1/reports/{id}/decisions", tag = "review",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body = DecisionBody,
    responses(
        (status = 201, description = "Decided", body = ReportBody),
        (status = 400, description = "`bad_request`, `text_too_long`", body = ErrorBody),
        (status = 403, description = "`forbidden`", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody),
        (status = 409, description = "`not_reviewable`", body = ErrorBody),
        (status = 412, description = "`outdated`: readers see another version by now", body = ErrorBody),
        (status = 413, description = "`body_too_large`", body = ErrorBody),
        (status = 422, description = "`missing_reasons`", body = ErrorBody)))]
pub(crate) async fn decide(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<Review>,
    extract::Json(body): extract::Json<DecisionBody>,
) -> Result<(StatusCode, Json<ReportBody>), ApiError> {
    let ReportAccess { caller, report } = &permitted.access;
    let reasons = fields::text(&body.reasons)?;
    if reasons.is_empty() && body.verdict == Verdict::Return {
        return Err(RequestError::MissingReasons.into());
    }
    let new = NewDecision { verdict: body.verdict, reasons, read: body.transcript_version };
    let mut unit = caller.begin_durable(&state).await?;
    unit.reviews().decide(report.id, &new).await.map_err(ApiError::of_review)?;
    let messages = unit.commit().await?;
    let announcing = state.clone();
    tokio::spawn(async move { announcing.announce(messages).await }.in_current_span());
    let loaded = LoadedReport::load(&state.store, report.id).await?;
    let loaded = loaded.ok_or(RequestError::NotFound)?;
    Ok((StatusCode::CREATED, Json(loaded.body(caller.reader(&state, lang)))))
}
