//! One report.

use axum::Json;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

use crate::access::{Permitted, Read, ReportAccess};
use crate::audit;
use crate::error::ApiError;
use crate::extract::Locale;
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportBody};

/// A report with everything that readers see of it. Its `ETag` is of what its author writes: a change
/// (`PATCH`) names it.
#[utoipa::path(get, path = "/api/v1/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "The report", body = ReportBody,
            headers(("ETag" = String, description = "Of what its author writes"))),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<Read>,
) -> Result<Response, ApiError> {
    let loaded = LoadedReport::load(&state.store, permitted.id()).await?;
    let loaded = loaded.ok_or(RequestError::NotFound)?;
    let ReportAccess { caller, report } = &permitted.access;
    audit::viewed(&state, caller, report).await?;
    let tag = [(header::ETAG, etag(loaded.report().revision))];
    Ok((tag, Json(loaded.body(caller.reader(&state, lang)))).into_response())
}

/// The entity tag of a revision.
pub(super) fn etag(revision: u32) -> String {
    format!("\"r{revision}\"")
}
