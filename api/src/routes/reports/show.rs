//! One report.

use axum::Json;
use axum::extract::State;

use super::ReportBody;
use crate::error::{ApiError, ErrorBody, RequestError};
use crate::extract::{Locale, ReportId};
use crate::state::ApiState;
use crate::view::LoadedReport;

/// A report with all that is known of it.
#[utoipa::path(get, path = "/api/reports/{id}", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "`zh` or `en`")),
    responses((status = 200, body = ReportBody),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn show(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    ReportId(id): ReportId,
) -> Result<Json<ReportBody>, ApiError> {
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    Ok(Json(ReportBody { report: loaded.view(lang) }))
}
