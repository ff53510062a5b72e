//! Handing in a report.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use huibao_models::domain::failure::Failure;
use utoipa::ToSchema;

use super::ReportBody;
use crate::error::{ApiError, ErrorBody, RequestError};
use crate::extract::Locale;
use crate::state::ApiState;
use crate::upload::{self, Received};
use crate::view::LoadedReport;

/// The form of a report. Fields may come in any order; unknown ones are ignored.
#[derive(ToSchema)]
#[expect(dead_code, reason = "describes the form; fields are read one by one as they come")]
pub(crate) struct NewReportForm {
    /// What the activist calls it.
    #[schema(max_length = 200)]
    title: Option<String>,
    /// Who speaks.
    #[schema(max_length = 100)]
    speaker: Option<String>,
    /// One of the languages of `/api/info`.
    language: Option<String>,
    /// The video.
    #[schema(value_type = String, format = Binary, content_media_type = "application/octet-stream")]
    video: Vec<u8>,
    /// The written report: `.txt`, `.md`, `.docx`, `.odt` or `.pdf`.
    #[schema(value_type = Option<String>, format = Binary,
        content_media_type = "application/octet-stream")]
    written: Option<Vec<u8>>,
}

/// Hands in a report: stores its files and queues it.
#[utoipa::path(post, path = "/api/reports", tag = "reports",
    params(("lang" = Option<String>, Query, description = "`zh` or `en`")),
    request_body(content = NewReportForm, content_type = "multipart/form-data"),
    responses(
        (status = 201, description = "Stored and queued", body = ReportBody,
            headers(("Location" = String, description = "Where the report is"))),
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
    let id = received.new.id;
    // In a job of its own: if the client goes away now, the row and the fate of its files must
    // still agree.
    let submitted = tokio::spawn(submit(state.clone(), received)).await;
    submitted.map_err(Failure::internal)??;
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    let location = [(header::LOCATION, format!("/api/reports/{id}"))];
    let body = Json(ReportBody { report: loaded.view(lang) });
    Ok((StatusCode::CREATED, location, body).into_response())
}

async fn submit(state: ApiState, received: Received) -> Result<(), ApiError> {
    let messages = state.store.submit(&received.new, state.store.now()).await?;
    received.leftovers.keep();
    // In the background: an activist need not wait for a queue that may be away.
    tokio::spawn(async move { state.announce(messages).await });
    Ok(())
}
