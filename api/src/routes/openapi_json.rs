//! The description of this interface.

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

use crate::state::ApiState;

/// The OpenAPI document of this interface.
#[utoipa::path(get, path = "/api/v1/openapi.json", tag = "info",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
pub(crate) async fn openapi_json(State(state): State<ApiState>) -> Response {
    Json(&*state.document).into_response()
}
