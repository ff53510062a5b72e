//! Exports: a report or a round as a file. A job makes it; it is fetched by the one who asked, for a week.

use axum::Json;
use axum::extract::State;
use axum::http::{HeaderMap, Method, StatusCode};
use axum::response::Response;
use huibao_models::domain::access::Action;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::export::{Export, ExportFormat, ExportSubject};
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::{ExportId, ReportId, RoundId};
use huibao_models::domain::submission::SubmissionState;
use huibao_models::store::{ExportFilter, ReportOverview};
use serde::Deserialize;
use tracing::Instrument;

use super::reports::files::{FileBytes, send};
use crate::access::{Permitted, Read};
use crate::audit;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{self, IdPath, Locale, Params};
use crate::file_name::Disposition;
use crate::page::{self, PageSize};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ExportList, ExportView, NewExport};

type Accepted = (StatusCode, Json<ExportView>);

/// Exports a report as a Word document or PDF, without comments. One that is being made is not made twice.
#[utoipa::path(post, path = "/api/v1/reports/{id}/exports", tag = "exports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body = NewExport,
    responses((status = 202, description = "It is being made", body = ExportView),
        (status = 400, description = "`bad_request`: also for a format that is not for reports", body = ErrorBody),
        (status = 404, description = "`not_found`, `not_ready`: it cannot be read yet", body = ErrorBody)))]
pub(crate) async fn of_report(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<Read>,
    extract::Json(NewExport { format }): extract::Json<NewExport>,
) -> Result<Accepted, ApiError> {
    let subject = ExportSubject::Report(permitted.id());
    suits(format, subject)?;
    let overview = state.store.snapshot().await?.reports().overview(permitted.id()).await?;
    let ReportOverview { submission, .. } = overview.ok_or(RequestError::NotFound)?;
    if submission.is_none_or(|submission| submission.state != SubmissionState::Ready) {
        return Err(RequestError::NotReady.into());
    }
    request(&state, &permitted.access.caller, subject, &[], format, lang).await
}

/// Exports how everybody stands in a round, in the branches that one reviews, as an Excel sheet, or with all
/// reports as a zip archive.
#[utoipa::path(post, path = "/api/v1/rounds/{id}/exports", tag = "exports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    request_body = NewExport,
    responses((status = 202, description = "It is being made", body = ExportView),
        (status = 400, description = "`bad_request`: also for a format that is not for rounds", body = ErrorBody),
        (status = 403, description = "`forbidden`: no reviewer of its branch or of one below", body = ErrorBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn of_round(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    IdPath(id): IdPath<RoundId>,
    extract::Json(NewExport { format }): extract::Json<NewExport>,
) -> Result<Accepted, ApiError> {
    let (_, branches) = caller.reviewed_round(&state, id).await?;
    let subject = ExportSubject::Round(id);
    suits(format, subject)?;
    request(&state, &caller, subject, &branches, format, lang).await
}

/// Which page of which exports.
#[derive(Deserialize)]
pub(crate) struct ExportParams {
    report: Option<ReportId>,
    round: Option<RoundId>,
    before: Option<ExportId>,
    limit: Option<u32>,
}

/// What one has asked for in the last week, newest first.
#[utoipa::path(get, path = "/api/v1/exports", tag = "exports",
    params(("report" = Option<Uuid>, Query, description = "Only those of this report"),
        ("round" = Option<Uuid>, Query, description = "Only those of this round"),
        ("before" = Option<Uuid>, Query, description = "Only those older than this one: the `next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "How many; 50 if not given"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "A page of exports", body = ExportList),
        (status = 400, description = "`bad_request`", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    Params(params): Params<ExportParams>,
) -> Result<Json<ExportList>, ApiError> {
    let size = PageSize::new(params.limit, page::DEFAULT, page::MOST);
    let ExportParams { report, round, before, .. } = params;
    let filter = ExportFilter { report, round, before };
    let mut snapshot = state.store.snapshot().await?;
    let (person, now) = (caller.person(), state.store.now());
    let mut exports = snapshot.exports().of(person, &filter, size.to_read(), now).await?;
    let next = size.cut(&mut exports, |export| export.id.uuid());
    let view = |export| ExportView::new(export, state.config.public_path(), lang);
    Ok(Json(ExportList { exports: exports.into_iter().map(view).collect(), next }))
}

/// An export, with how far it is.
#[utoipa::path(get, path = "/api/v1/exports/{id}", tag = "exports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "The export", body = ExportView),
        (status = 404, description = "`not_found`: also for somebody else's, and for one that has expired",
            body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    IdPath(id): IdPath<ExportId>,
) -> Result<Json<ExportView>, ApiError> {
    let export = own(&state, &caller, id).await?;
    Ok(Json(ExportView::new(export, state.config.public_path(), lang)))
}

/// The file of an export, for the one who asked for it and may still read what is in it.
#[utoipa::path(get, path = "/api/v1/exports/{id}/file", tag = "exports", params(("id" = Uuid, Path)),
    responses((status = 200, description = "The file", content_type = "*/*", body = FileBytes),
        (status = 206, description = "The requested range", content_type = "*/*", body = FileBytes),
        (status = 304, description = "Unchanged"),
        (status = 307, description = "To a link into the storage that works for a while",
            headers(("Location" = String, description = "The link"))),
        (status = 403, description = "`forbidden`: not a reviewer of all that is in it any more", body = ErrorBody),
        (status = 404, description = "`not_found`, `not_ready`", body = ErrorBody),
        (status = 416, description = "`range_not_satisfiable`", body = ErrorBody)))]
pub(crate) async fn file(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<ExportId>,
    method: Method,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let export = own(&state, &caller, id).await?;
    match export.subject {
        ExportSubject::Report(report) => {
            caller.report(&state, report, Action::Read).await?;
        }
        ExportSubject::Round(round) => {
            caller.reviewed_round(&state, round).await?;
            if !caller.principal.reviews_all(&export.branches) {
                return Err(RequestError::Forbidden.into());
            }
        }
    }
    let file = export.file.as_ref().ok_or(RequestError::NotReady)?;
    audit::export_fetched(&state, &caller, &export).await?;
    send(&state, file, Disposition::Attachment, &method, &headers).await
}

/// The caller's export. That of somebody else looks as if it were not there.
async fn own(state: &ApiState, caller: &Caller, id: ExportId) -> Result<Export, ApiError> {
    let now = state.store.now();
    let export = state.store.snapshot().await?.exports().get(id, now).await?;
    let own = export.filter(|export| export.requested_by == caller.person());
    Ok(own.ok_or(RequestError::NotFound)?)
}

fn suits(format: ExportFormat, subject: ExportSubject) -> Result<(), RequestError> {
    if format.suits(subject) { Ok(()) } else { Err(RequestError::BadRequest) }
}

async fn request(
    state: &ApiState,
    caller: &Caller,
    subject: ExportSubject,
    branches: &[BranchPath],
    format: ExportFormat,
    lang: Lang,
) -> Result<Accepted, ApiError> {
    let mut unit = caller.begin(state).await?;
    let person = caller.person();
    let id = unit.exports().request(person, subject, branches, format).await?;
    let export = unit.exports().get(id, state.store.now()).await?;
    let messages = unit.commit().await?;
    let announcing = state.clone();
    tokio::spawn(async move { announcing.announce(messages).await }.in_current_span());
    let export = export.ok_or_else(|| Failure::internal("a new export is not there"))?;
    let view = ExportView::new(export, state.config.public_path(), lang);
    Ok((StatusCode::ACCEPTED, Json(view)))
}
