//! What every request has to pass before its handler: who asks, and that no other site asks for them.

use std::net::IpAddr;

use axum::extract::{Request, State};
use axum::http::uri::Authority;
use axum::http::{HeaderMap, HeaderValue, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use headers::authorization::Bearer;
use headers::{Authorization, HeaderMapExt};
use huibao_models::credentials::SecretDigest;
use huibao_models::domain::access::Principal;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::scope::{Scope, Scopes};

use crate::caller::{Caller, Proof};
use crate::client_address::client_address;
use crate::cookie;
use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::routes::pages;
use crate::state::ApiState;

/// What lies behind the door. Pages and probes do not.
const API: &str = "/api/";

/// The routes by which one comes in, and what one has to know before.
const OPEN: [&str; 4] =
    ["/api/v1/info", "/api/v1/session", "/api/v1/setup", "/api/v1/openapi.json"];

/// Routes on the way to an identity provider and back.
const SIGN_ON: &str = "/api/v1/sign-on/";

/// Checks every request before its handler.
pub(crate) async fn guard(
    State(state): State<ApiState>,
    mut request: Request,
    next: Next,
) -> Response {
    match check(&state, &mut request).await {
        Ok(()) => next.run(request).await,
        Err(error) => refuse(error),
    }
}

fn refuse(error: ApiError) -> Response {
    let unauthorized = matches!(error, ApiError::Request(RequestError::Unauthorized));
    let mut response = error.into_response();
    if unauthorized {
        // Not Basic: browsers would ask with a window of their own.
        let challenge = HeaderValue::from_static(r#"Bearer realm="Huibao""#);
        response.headers_mut().insert(header::WWW_AUTHENTICATE, challenge);
    }
    response
}

async fn check(state: &ApiState, request: &mut Request) -> Result<(), ApiError> {
    let path = request.uri().path();
    if !path.starts_with(API) || pages::is_page(path) {
        return Ok(());
    }
    let public_url = state.config.public_url.as_ref().and_then(Uri::authority);
    let hosts = [host(request), public_url.cloned()];
    if !request.method().is_safe() && is_cross_site(request.headers(), &hosts) {
        return Err(RequestError::CrossSite.into());
    }
    // Also where nobody has to be known: to sign out, for example.
    let address = client_address(&state.config, request.headers(), request.extensions());
    let caller = authenticate(state, request.headers(), address).await?;
    let open = OPEN.contains(&path) || path.starts_with(SIGN_ON);
    match &caller {
        None if !open => return Err(RequestError::Unauthorized.into()),
        // Where the rules ask about something, they ask about the scope as well. This is for all else.
        Some(caller) if !open && !is_in_scope(caller, request.method().is_safe()) => {
            return Err(RequestError::Forbidden.into());
        }
        _ => {}
    }
    if let Some(caller) = caller {
        request.extensions_mut().insert(caller);
    }
    Ok(())
}

/// Whether the token in use, if it is one, is for reading, or for changing anything.
fn is_in_scope(caller: &Caller, reads: bool) -> bool {
    let scopes = &caller.principal.scopes;
    let changes = scopes.has(Scope::Write) || scopes.has(Scope::Manage);
    if reads { scopes.has(Scope::Read) } else { changes }
}

/// Who is asking: by a token, or else by the cookie of a session.
pub(crate) async fn authenticate(
    state: &ApiState,
    headers: &HeaderMap,
    address: IpAddr,
) -> Result<Option<Caller>, ApiError> {
    let now = state.store.now();
    let bearer = headers.typed_get::<Authorization<Bearer>>();
    let secret = match &bearer {
        Some(bearer) => Some(bearer.token().to_owned()),
        None => cookie::read(&state.config, headers),
    };
    let Some(secret) = secret else { return Ok(None) };
    let digest = SecretDigest::of(&secret);
    let mut snapshot = state.store.snapshot().await?;
    let (person, proof, scopes, untold) = if bearer.is_some() {
        let Some(token) = snapshot.tokens().find(&digest, now).await? else { return Ok(None) };
        let untold = token.is_stale(now);
        (token.person, Proof::Token(token.id), token.scopes, untold)
    } else {
        let Some(signed_in) = snapshot.sessions().find(&digest, now).await? else {
            return Ok(None);
        };
        let untold = signed_in.is_stale(now);
        (signed_in.person, Proof::Session(signed_in.id), Scopes::all(), untold)
    };
    let principal = Principal { scopes, ..snapshot.people().principal(person).await? };
    drop(snapshot);
    if untold {
        touch(state, proof).await?;
    }
    Ok(Some(Caller { principal, proof, address }))
}

async fn touch(state: &ApiState, proof: Proof) -> Result<(), ApiError> {
    let mut unit = state.store.begin(Actor::System, state.store.now()).await?;
    match proof {
        Proof::Session(id) => unit.sessions().touch(id).await?,
        Proof::Token(id) => unit.tokens().touch(id).await?,
    }
    unit.commit().await?;
    Ok(())
}

fn host(request: &Request) -> Option<Authority> {
    let header = || request.headers().get(header::HOST)?.to_str().ok()?.parse().ok();
    request.uri().authority().cloned().or_else(header)
}

/// Browsers send the origin of a request that changes state; other clients send neither header.
fn is_cross_site(headers: &HeaderMap, hosts: &[Option<Authority>]) -> bool {
    let site = headers.get("sec-fetch-site").map(HeaderValue::as_bytes);
    if matches!(site, Some(b"cross-site" | b"same-site")) {
        return true;
    }
    let Some(origin) = headers.get(header::ORIGIN) else { return false };
    let origin: Option<Uri> = origin.to_str().ok().and_then(|origin| origin.parse().ok());
    // An opaque origin (`null`) has no host to compare.
    let authority = origin.as_ref().and_then(Uri::authority);
    authority.is_none() || !hosts.iter().any(|host| host.as_ref() == authority)
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
    fn other_origins_are_cross_site() {
        let hosts = ["localhost:8080", "huibao.example.org"];
        let hosts = hosts.map(|host| Some(Authority::from_static(host)));
        for fine in [
            vec![],
            vec![("origin", "http://localhost:8080"), ("sec-fetch-site", "same-origin")],
            // A proxy ends TLS under the public name.
            vec![("origin", "https://huibao.example.org")],
            vec![("sec-fetch-site", "none")],
        ] {
            assert!(!is_cross_site(&headers(&fine), &hosts), "{fine:?}");
        }
        for foreign in [
            ("origin", "http://localhost:9090"),
            ("origin", "https://example.org"),
            ("origin", "null"),
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
        ] {
            assert!(is_cross_site(&headers(&[foreign]), &hosts), "{foreign:?}");
        }
    }
}
