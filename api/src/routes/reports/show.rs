//! One report.

use axum::Json;
use axum::extract::State;

use crate::error::ApiError;
use crate::extract::{Locale, ReportPath};
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, ReportBody};

/// A report with everything that readers see of it.
#[utoipa::path(get, path = "/api/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "The report", body = ReportBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    ReportPath(id): ReportPath,
) -> Result<Json<ReportBody>, ApiError> {
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    Ok(Json(ReportBody { report: loaded.view(lang) }))
}
