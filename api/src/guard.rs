//! Access checks: host names, cross-site requests, tokens.

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headers::authorization::{Basic, Bearer};
use headers::{Authorization, HeaderMapExt};
use secrecy::ExposeSecret;
use subtle::ConstantTimeEq;

use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// Probes of an orchestrator have no token.
const WITHOUT_TOKEN: [&str; 2] = ["/healthz", "/readyz"];

/// Checks every request before its handler.
pub(crate) async fn guard(State(state): State<ApiState>, request: Request, next: Next) -> Response {
    match check(&state, &request) {
        Ok(()) => next.run(request).await,
        Err(error) => refuse(error),
    }
}

fn refuse(error: RequestError) -> Response {
    let mut response = ApiError::from(error).into_response();
    if error == RequestError::Unauthorized {
        // Basic, because browsers prompt for it themselves, also for a video.
        let challenge = HeaderValue::from_static(r#"Basic realm="Huibao", charset="UTF-8""#);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

fn check(state: &ApiState, request: &Request) -> Result<(), RequestError> {
    let host = host(request);
    if let Some(token) = &state.config.token {
        let open = WITHOUT_TOKEN.contains(&request.uri().path());
        if !open && !holds(request.headers(), token.expose_secret()) {
            return Err(RequestError::Unauthorized);
        }
    } else {
        // DNS rebinding: another site can resolve its own name to this machine and is then of the
        // same origin. The browser still sends that name.
        let ours = |host: &Authority| is_ours(host.host(), &state.config.allowed_hosts);
        if !host.as_ref().is_some_and(ours) {
            return Err(RequestError::BadHost);
        }
    }
    if !request.method().is_safe() && is_cross_site(request.headers(), host.as_ref()) {
        return Err(RequestError::CrossSite);
    }
    Ok(())
}

fn host(request: &Request) -> Option<Authority> {
    let header = || request.headers().get(header::HOST)?.to_str().ok()?.parse().ok();
    request.uri().authority().cloned().or_else(header)
}

fn is_ours(host: &str, allowed: &[String]) -> bool {
    let bare = |name: &str| name.trim_matches(['[', ']']).to_ascii_lowercase();
    let host = bare(host);
    ["localhost", "127.0.0.1", "::1"].contains(&host.as_str())
        || allowed.iter().any(|name| bare(name) == host)
}

/// Browsers send the origin of a request that changes state; other clients send neither header.
fn is_cross_site(headers: &HeaderMap, host: Option<&Authority>) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if matches!(site, Some(b"cross-site" | b"same-site")) {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
    // An opaque origin (`null`) has no host to compare.
    let authority = origin.as_ref().and_then(Uri::authority);
    authority.is_none() || authority != host
}

fn holds(headers: &HeaderMap, token: &str) -> bool {
    let same = |given: &str| bool::from(given.as_bytes().ct_eq(token.as_bytes()));
    let bearer = headers.typed_get::<Authorization<Bearer>>();
    let basic = headers.typed_get::<Authorization<Basic>>();
    bearer.is_some_and(|given| same(given.token()))
        || basic.is_some_and(|given| same(given.password()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &'static str)]) -> HeaderMap {
        let pair = |(name, value): &(&'static str, &'static str)| {
            (header::HeaderName::from_static(name), HeaderValue::from_static(value))
        };
        pairs.iter().map(pair).collect()
    }

    #[test]
    fn only_own_names_are_ours() {
        let allowed = ["192.168.1.5".to_owned(), "FE80::1".to_owned()];
        for host in ["localhost", "LocalHost", "127.0.0.1", "[::1]", "192.168.1.5", "[fe80::1]"] {
            assert!(is_ours(host, &allowed), "{host}");
        }
        for host in ["example.org", "localhost.example.org", "127.0.0.2"] {
            assert!(!is_ours(host, &allowed), "{host}");
        }
    }

    #[test]
    fn other_origins_are_cross_site() {
        let host = Authority::from_static("localhost:8080");
        for fine in [
            vec![],
            vec![("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")],
            vec![("sec-fetch-site", "none")],
        ] {
            assert!(!is_cross_site(&headers(&fine), Some(&host)), "{fine:?}");
        }
        for foreign in [
            ("origin", "http://localhost:9090"),
            ("origin", "https://example.org"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(is_cross_site(&headers(&[foreign]), Some(&host)), "{foreign:?}");
        }
    }
}
