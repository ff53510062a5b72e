//! The description of this interface.

use axum::Json;
use utoipa::openapi::OpenApi;

/// The OpenAPI document of this interface.
#[utoipa::path(get, path = "/api/openapi.json", tag = "info",
    responses((status = 200, description = "An OpenAPI 3.1 document", body = Object)))]
pub(crate) async fn openapi_json() -> Json<OpenApi> {
    Json(crate::openapi::openapi())
}
