//! The routes: one file per resource.

mod audit;
mod branches;
mod channels;
mod console;
mod examples;
mod exports;
mod health;
mod info;
mod me;
mod openapi_json;
pub(crate) mod pages;
mod people;
mod reports;
mod rounds;
mod rubrics;
mod search;
mod session;
mod setup;
mod sign_on;
mod uploads;

use axum::Router;
use axum::extract::{DefaultBodyLimit, Request};
use axum::response::{IntoResponse, Response};
use huibao_models::roster::MAX_BYTES;
use utoipa::OpenApi;
use utoipa::openapi;
use utoipa_axum::router::{OpenApiRouter, UtoipaMethodRouterExt};
use utoipa_axum::routes;

use crate::error::ApiError;
use crate::openapi::{ApiDoc, add_default_response};
use crate::request_error::RequestError;
use crate::state::ApiState;

/// Every route of the OpenAPI document, and the document.
pub(crate) fn described() -> (Router<ApiState>, openapi::OpenApi) {
    let (router, mut document) = OpenApiRouter::with_openapi(ApiDoc::openapi())
        .routes(routes!(health::healthz))
        .routes(routes!(health::readyz))
        .routes(routes!(info::info))
        .routes(routes!(setup::setup))
        .routes(routes!(session::sign_in, session::sign_out))
        .routes(routes!(sign_on::begin))
        .routes(routes!(sign_on::callback))
        .routes(routes!(me::show::me))
        .routes(routes!(me::password::change))
        .routes(routes!(me::sessions::list))
        .routes(routes!(me::sessions::end))
        .routes(routes!(me::tokens::list, me::tokens::create))
        .routes(routes!(me::tokens::remove))
        .routes(routes!(me::events::events))
        .routes(routes!(me::notices::list))
        .routes(routes!(me::notices::read))
        .routes(routes!(me::notices::settings, me::notices::set_settings))
        .routes(routes!(channels::list, channels::add))
        .routes(routes!(channels::remove))
        .routes(routes!(reports::create::create, reports::list::list))
        .routes(routes!(reports::counts::counts))
        .routes(routes!(reports::show::show, reports::edit::edit, reports::discard::discard))
        .routes(routes!(reports::hand_in::submit))
        .routes(routes!(reports::hand_in::withdraw))
        .routes(routes!(reports::events::events))
        .routes(routes!(reports::files::video))
        .routes(routes!(reports::files::original))
        .routes(routes!(reports::files::poster))
        .routes(routes!(reports::peaks::peaks))
        .routes(routes!(reports::files::written))
        .routes(routes!(reports::pages::image))
        .routes(routes!(reports::pages::original))
        .routes(routes!(reports::transcript::vtt))
        .routes(routes!(reports::transcript::srt))
        .routes(routes!(reports::transcript::txt))
        .routes(routes!(reports::transcript::json))
        .routes(routes!(reports::versions::versions))
        .routes(routes!(reports::comparison::comparison))
        .routes(routes!(reports::draft_versions::list))
        .routes(routes!(reports::corrections::list, reports::corrections::correct))
        .routes(routes!(reports::corrections::undo))
        .routes(routes!(reports::comments::add))
        .routes(routes!(reports::comments::change, reports::comments::remove))
        .routes(routes!(reports::decide::decide))
        .routes(routes!(reports::answers::answer))
        .routes(routes!(rubrics::list, rubrics::set))
        .routes(routes!(examples::publish::consent))
        .routes(routes!(examples::publish::publish, examples::publish::withdraw))
        .routes(routes!(examples::list::list))
        .routes(routes!(examples::show::show))
        .routes(routes!(examples::files::video))
        .routes(routes!(examples::files::poster))
        .routes(routes!(examples::files::page))
        .routes(routes!(examples::files::vtt))
        .routes(routes!(search::search))
        .routes(routes!(exports::of_report))
        .routes(routes!(exports::of_round))
        .routes(routes!(exports::list))
        .routes(routes!(exports::show))
        .routes(routes!(exports::file))
        .routes(routes!(rounds::list::list, rounds::open::open))
        .routes(routes!(rounds::show::show, rounds::edit::edit))
        .routes(routes!(rounds::close::close))
        .routes(routes!(rounds::remind::remind))
        .routes(routes!(rounds::participants::list))
        .routes(routes!(rounds::participants::set))
        .routes(routes!(people::list::list, people::add::add))
        .routes(routes!(people::roster::import).layer(DefaultBodyLimit::max(MAX_BYTES)))
        .routes(routes!(people::roster::export))
        .routes(routes!(people::show::show, people::edit::edit))
        .routes(routes!(people::password::reset))
        .routes(routes!(people::grants::grant, people::grants::revoke))
        .routes(routes!(people::contacts::add, people::contacts::remove))
        .routes(routes!(branches::list))
        .routes(routes!(audit::list))
        .routes(routes!(console::summary::summary))
        .routes(routes!(console::samples::samples))
        .routes(routes!(console::jobs::list))
        .routes(routes!(console::dead::retry))
        .routes(routes!(console::dead::discard))
        .routes(routes!(console::workers::list))
        .routes(routes!(console::workers::pause))
        .routes(routes!(uploads::options, uploads::create))
        .routes(routes!(uploads::head, uploads::patch, uploads::remove))
        .routes(routes!(openapi_json::openapi_json))
        .split_for_parts();
    add_default_response(&mut document);
    (router, document)
}

/// Paths that no route matches: a page, or not found.
pub(crate) async fn fallback(request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") && !pages::is_page(path) {
        return ApiError::from(RequestError::NotFound).into_response();
    }
    pages::page(&request)
}

/// A method that the route does not support.
pub(crate) async fn method_not_allowed() -> ApiError {
    RequestError::MethodNotAllowed.into()
}
