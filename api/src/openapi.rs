//! The OpenAPI document, made from the handlers themselves.

use utoipa::openapi::security::{Http, HttpAuthScheme, SecurityScheme};
use utoipa::{Modify, OpenApi};

use crate::error::ErrorBody;
use crate::routes;

/// What no single handler says.
#[derive(OpenApi)]
#[openapi(
    info(
        title = "Huibao",
        description = "Short-video thought reports in, reviewable transcripts out. Messages come \
                       in the language of `?lang=zh|en`, or else of `Accept-Language`. Any route \
                       may answer 401 (`unauthorized`), 403 (`bad_host`, `cross_site`) or 500 \
                       with the body of `ErrorBody`.",
        license(name = "Apache-2.0", identifier = "Apache-2.0"),
    ),
    components(schemas(ErrorBody)),
    security(("bearer" = []), ("basic" = [])),
    modifiers(&Schemes),
)]
pub(crate) struct ApiDoc;

/// How a token is shown, where one is set.
struct Schemes;

impl Modify for Schemes {
    fn modify(&self, openapi: &mut utoipa::openapi::OpenApi) {
        let components = openapi.components.get_or_insert_default();
        for (name, scheme) in [("bearer", HttpAuthScheme::Bearer), ("basic", HttpAuthScheme::Basic)]
        {
            components.add_security_scheme(name, SecurityScheme::Http(Http::new(scheme)));
        }
    }
}

/// The OpenAPI document of the interface.
pub fn openapi() -> utoipa::openapi::OpenApi {
    routes::described().into_openapi()
}
