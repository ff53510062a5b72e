//! What a page needs before it can offer an upload.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::report::ReportKind;

use crate::state::ApiState;
use crate::view::Info;

/// Version, limits and languages of this installation.
#[utoipa::path(get, path = "/api/v1/info", tag = "info", security(()),
    responses((status = 200, description = "The installation", body = Info)))]
pub(crate) async fn info(State(state): State<ApiState>) -> Json<Info> {
    Json(Info {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        limits: state.config.limits,
        languages: state.config.languages.clone(),
        kinds: ReportKind::ALL.to_vec(),
    })
}
