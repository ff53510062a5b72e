//! The path below which users reach this, where a proxy has put it below one.
//!
//! What answers name (`Location`, links) is below that path. Requests may come with it or without it, because
//! some proxies take it away.

use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::uri::PathAndQuery;
use axum::http::{HeaderValue, Uri, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Redirect, Response};

/// Puts a router below `path`: nothing, or a path without a slash at its end.
pub(crate) fn put_below(path: &str, router: Router) -> Router {
    if path.is_empty() {
        return router;
    }
    // A router of its own, because layers of a router see requests that it has routed already.
    let whole = Router::new().fallback_service(router);
    whole.layer(from_fn_with_state(Arc::<str>::from(path), below))
}

async fn below(State(path): State<Arc<str>>, mut request: Request, next: Next) -> Response {
    // Pages name their assets from where they are, so that they must be in the folder and not beside it.
    if request.uri().path() == &*path {
        return Redirect::permanent(&format!("{path}/")).into_response();
    }
    if let Some(inner) = without(&path, request.uri()) {
        *request.uri_mut() = inner;
    }
    let mut response = next.run(request).await;
    let location = response.headers().get(header::LOCATION).and_then(|to| with(&path, to));
    if let Some(location) = location {
        response.headers_mut().insert(header::LOCATION, location);
    }
    response
}

/// The address without the path; `None` if it is not below it.
fn without(path: &str, uri: &Uri) -> Option<Uri> {
    let inner = uri.path_and_query()?.as_str().strip_prefix(path)?;
    let inner: PathAndQuery = inner.starts_with('/').then(|| inner.parse().ok())??;
    let mut parts = uri.clone().into_parts();
    parts.path_and_query = Some(inner);
    Uri::from_parts(parts).ok()
}

/// The address with the path, if it is one of this server's own.
fn with(path: &str, location: &HeaderValue) -> Option<HeaderValue> {
    let own = location.as_bytes().starts_with(b"/") && !location.as_bytes().starts_with(b"//");
    let whole = own.then(|| [path.as_bytes(), location.as_bytes()].concat())?;
    HeaderValue::from_bytes(&whole).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_taken_away_where_it_is() {
        let inner = |uri: &'static str| {
            without("/huibao", &Uri::from_static(uri)).map(|inner| inner.to_string())
        };
        assert_eq!(inner("/huibao/api/v1/info?lang=en").as_deref(), Some("/api/v1/info?lang=en"));
        assert_eq!(inner("/huibao/").as_deref(), Some("/"));
        assert_eq!(inner("http://h/huibao/a").as_deref(), Some("http://h/a"));
        for other in ["/api/v1/info", "/huibaobao/a", "/a/huibao/b", "/huibao?a=b"] {
            assert_eq!(inner(other), None, "{other}");
        }
    }

    #[test]
    fn own_addresses_get_it_and_others_do_not() {
        let with = |to: &'static str| with("/huibao", &HeaderValue::from_static(to));
        assert_eq!(with("/#/sign-in").unwrap(), "/huibao/#/sign-in");
        for other in ["https://idp.example.edu/", "//other.example.org/"] {
            assert_eq!(with(other), None, "{other}");
        }
    }
}
