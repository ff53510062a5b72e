//! Submitting a report.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::trace;
use tracing::Instrument;
use utoipa::ToSchema;

use crate::error::ApiError;
use crate::extract::Locale;
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::upload::{self, Received};
use crate::view::{ErrorBody, ReportBody};

/// The form of a report. Fields may come in any order; unknown ones are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; fields are read one by one as they come")]
pub(crate) struct NewReportForm {
    /// Its title.
    #[schema(value_type = String, required = false, max_length = 200)]
    title: Option<String>,
    /// The speaker's name.
    #[schema(value_type = String, required = false, max_length = 100)]
    speaker: Option<String>,
    /// One of the languages of `/api/info`.
    #[schema(value_type = String, required = false)]
    language: Option<String>,
    /// The video.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    video: Vec<u8>,
    /// The written report: `.txt`, `.md`, `.docx`, `.odt` or `.pdf`.
    #[schema(value_type = String, required = false, format = Binary,
        content_media_type = "application/octet-stream")]
    written: Option<Vec<u8>>,
}

/// Submits a report: stores its files and queues its processing.
#[utoipa::path(post, path = "/api/reports", tag = "reports",
    params(("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body(content = NewReportForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Stored and queued", body = ReportBody,
            headers(("Location" = String, description = "URL of the report"))),
        (status = 400, description = "`bad_upload`, `missing_video`, `duplicate_field`, \
            `field_too_long`, `unsupported_language`", body = ErrorBody),
        (status = 403, description = "`cross_site`, `bad_host`", body = ErrorBody),
        (status = 413, description = "`too_large`, `written_too_large`", body = ErrorBody),
        (status = 415, description = "`written_unsupported`", body = ErrorBody),
        (status = 507, description = "`disk_full`", body = ErrorBody)))]
pub(crate) async fn create(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    request: Request,
) -> Result<Response, ApiError> {
    let received = upload::receive(&state, request).await?;
    let id = received.report.id;
    // In a task of its own: if the client disconnects now, the row and its files must still be kept
    // or removed together.
    let span = tracing::info_span!("hand_in", submission = %received.submission.id, report = %id);
    trace::join_submission(&span, received.submission.id);
    let submitted = tokio::spawn(submit(state.clone(), received).instrument(span)).await;
    submitted.map_err(Failure::internal)??;
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    let location = [(header::LOCATION, format!("/api/reports/{id}"))];
    let body = Json(ReportBody { report: loaded.view(lang) });
    Ok((StatusCode::CREATED, location, body).into_response())
}

async fn submit(state: ApiState, received: Received) -> Result<(), ApiError> {
    // Nobody is signed in yet: the server acts.
    let mut unit = state.store.begin_durable(Actor::System, state.store.now()).await?;
    unit.reports().insert(&received.report).await?;
    unit.submissions().hand_in(&received.submission).await?;
    let messages = unit.commit().await?;
    received.leftovers.keep();
    // In the background: the client does not wait for a queue that may be unavailable.
    tokio::spawn(async move { state.announce(messages).await }.in_current_span());
    Ok(())
}
