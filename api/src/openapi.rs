//! The parts of the OpenAPI document that no single handler describes.

use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, Http, HttpAuthScheme, SecurityScheme};
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Response, ResponseBuilder};
use utoipa::{Modify, OpenApi};

use crate::view::{ErrorBody, enums};

const JSON: &str = "application/json";
const PROBLEM: &str = "application/problem+json";

/// The document before the routes are added to it.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huibao",
        description = "Short-video thought reports in, reviewable transcripts out. Messages are in \
                       the language of `?lang=zh|en`, or else of `Accept-Language`. Errors are \
                       problems as RFC 9457 describes them, with a stable `code`. A `POST` that makes \
                       something can be repeated with the same `Idempotency-Key` for a day: it is done \
                       once, and answered alike. Every route may \
                       answer 401 (`unauthorized`), 403 (`cross_site`), 500 or 503.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    // What no body refers to.
    components(schemas(ErrorBody, enums::Whose)),
    security(("token" = []), ("session" = [])),
    modifiers(&Schemes),
)]
pub(crate) struct ApiDoc;

/// The ways to prove who one is.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        let token = SecurityScheme::Http(Http::new(HttpAuthScheme::Bearer));
        components.add_security_scheme("token", token);
        let cookie = ApiKeyValue::with_description(
            "huibao_session",
            "What `POST /api/v1/session` sets; with TLS, `__Host-huibao_session`.",
        );
        components.add_security_scheme("session", SecurityScheme::ApiKey(ApiKey::Cookie(cookie)));
    }
}

/// Adds to every operation the response of errors that any route may answer with.
pub(crate) fn add_default_response(document: &mut utoipa::openapi::OpenApi) {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let error =
        ResponseBuilder::new().description("Any other error").content(PROBLEM, content).build();
    for operation in document.paths.paths.values_mut().flat_map(operations) {
        operation.responses.responses.values_mut().for_each(name_problems);
        operation.responses.responses.insert("default".to_owned(), error.clone().into());
    }
}

/// Bodies of errors have a type of their own.
fn name_problems(response: &mut RefOr<Response>) {
    let RefOr::T(response) = response else { return };
    let is_problem = |content: &RefOr<Content>| match content {
        RefOr::T(Content { schema: Some(RefOr::Ref(schema)), .. }) => {
            schema.ref_location.ends_with("/Problem")
        }
        _ => false,
    };
    if response.content.get(JSON).is_some_and(is_problem)
        && let Some(content) = response.content.shift_remove(JSON)
    {
        response.content.insert(PROBLEM.to_owned(), content);
    }
}

/// The operations of the methods that are in use.
fn operations(path: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    let PathItem { get, post, put, patch, delete, options, head, .. } = path;
    [get, post, put, patch, delete, options, head].into_iter().filter_map(Option::as_mut)
}
