//! The cookie that holds a session's secret.

use axum::http::{HeaderMap, HeaderValue};
use headers::{Cookie, HeaderMapExt};
use huibao_models::credentials::NewSecret;
use huibao_models::store::SESSION_LIFETIME;

use crate::config::ApiConfig;

/// Its name where there is no TLS. With TLS, the prefix lets browsers take it from this host alone.
const NAME: &str = "huibao_session";
const SECURE_NAME: &str = "__Host-huibao_session";

fn name(config: &ApiConfig) -> &'static str {
    if config.is_secure() { SECURE_NAME } else { NAME }
}

/// The secret that a request presents, if it does.
pub(crate) fn read(config: &ApiConfig, headers: &HeaderMap) -> Option<String> {
    headers.typed_get::<Cookie>()?.get(name(config)).map(str::to_owned)
}

/// `Set-Cookie` for a new session.
pub(crate) fn set(config: &ApiConfig, secret: &NewSecret) -> Option<HeaderValue> {
    write(config, secret.expose(), SESSION_LIFETIME.as_secs())
}

/// `Set-Cookie` for a session that has ended.
pub(crate) fn clear(config: &ApiConfig) -> Option<HeaderValue> {
    write(config, "", 0)
}

/// Lax, so that a link in a chat group opens the page signed in. No other site's request that changes
/// anything carries it.
fn write(config: &ApiConfig, value: &str, max_age: u64) -> Option<HeaderValue> {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let cookie = format!(
        "{}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}",
        name(config)
    );
    HeaderValue::try_from(cookie).ok()
}
