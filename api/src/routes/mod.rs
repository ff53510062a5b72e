//! The routes: one file per resource.

mod health;
mod info;
mod openapi_json;
mod pages;
mod reports;

use axum::extract::Request;
use axum::response::{IntoResponse, Response};
use utoipa::OpenApi;
use utoipa_axum::router::OpenApiRouter;
use utoipa_axum::routes;

use crate::error::{ApiError, RequestError};
use crate::openapi::ApiDoc;
use crate::state::ApiState;

/// Every route that the OpenAPI document describes.
pub(crate) fn described() -> OpenApiRouter<ApiState> {
    OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(info::info))
        .routes(routes!(reports::create::create, reports::list::list))
        .routes(routes!(reports::show::show))
        .routes(routes!(reports::events::events))
        .routes(routes!(reports::files::video))
        .routes(routes!(reports::files::original))
        .routes(routes!(reports::files::poster))
        .routes(routes!(reports::files::written))
        .routes(routes!(reports::transcript::vtt))
        .routes(routes!(reports::transcript::srt))
        .routes(routes!(reports::transcript::txt))
        .routes(routes!(reports::transcript::json))
        .routes(routes!(reports::versions::versions))
        .routes(routes!(openapi_json::openapi_json))
}

/// What no route matches: a page, or nothing.
pub(crate) async fn fallback(request: Request) -> Response {
    if request.uri().path().starts_with("/api/") {
        return ApiError::from(RequestError::NotFound).into_response();
    }
    pages::page(&request)
}

/// A route that is there, but not for this method.
pub(crate) async fn method_not_allowed() -> ApiError {
    RequestError::MethodNotAllowed.into()
}
