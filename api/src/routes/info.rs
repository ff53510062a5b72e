//! What a page must know before it can offer anything.

use axum::Json;
use axum::extract::State;
use serde::Serialize;
use utoipa::ToSchema;

use crate::config::UploadLimits;
use crate::state::ApiState;

/// What this installation is and accepts.
#[derive(Serialize, ToSchema)]
pub(crate) struct Info {
    /// Version of Huibao.
    pub version: &'static str,
    /// What an upload may measure.
    pub limits: UploadLimits,
    /// Languages that may be asked for; the first is the default.
    pub languages: Vec<String>,
}

/// What this installation is and accepts.
#[utoipa::path(get, path = "/api/info", tag = "info", responses((status = 200, body = Info)))]
pub(crate) async fn info(State(state): State<ApiState>) -> Json<Info> {
    Json(Info {
        version: env!("CARGO_PKG_VERSION"),
        limits: state.config.limits,
        languages: state.config.languages.clone(),
    })
}
