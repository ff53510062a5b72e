//! A sign-on on its way: what the browser keeps until it comes back from the provider.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use headers::{Cookie, HeaderMapExt};
use serde::{Deserialize, Serialize};

use crate::config::ApiConfig;

/// How long somebody may take at the provider, in seconds.
const LIFETIME: u32 = 15 * 60;

/// A sign-on on its way. Its browser may know all of it: the provider's answer counts only together with it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Attempt {
    /// The provider's name.
    pub provider: String,
    /// What the answer must repeat.
    pub state: String,
    /// What an ID token must repeat; empty for CAS.
    pub nonce: String,
    /// The secret of PKCE; empty for CAS.
    pub verifier: String,
    /// The page to return to.
    pub return_to: String,
}

impl Attempt {
    /// What the browser of this request keeps.
    pub(crate) fn read(config: &ApiConfig, headers: &HeaderMap) -> Option<Self> {
        let cookie = headers.typed_get::<Cookie>()?;
        let json = URL_SAFE_NO_PAD.decode(cookie.get(name(config))?).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// `Set-Cookie` that keeps it.
    pub(crate) fn set(&self, config: &ApiConfig) -> Option<HeaderValue> {
        let json = serde_json::to_vec(self).ok()?;
        write(config, &URL_SAFE_NO_PAD.encode(json), LIFETIME)
    }

    /// `Set-Cookie` when it is over.
    pub(crate) fn clear(config: &ApiConfig) -> Option<HeaderValue> {
        write(config, "", 0)
    }
}

fn name(config: &ApiConfig) -> &'static str {
    if config.is_secure() { "__Host-huibao_sign_on" } else { "huibao_sign_on" }
}

/// Lax: the provider sends the browser back with a link from another site.
fn write(config: &ApiConfig, value: &str, max_age: u32) -> Option<HeaderValue> {
    let secure = if config.is_secure() { "; Secure" } else { "" };
    let name = name(config);
    let cookie =
        format!("{name}={value}; Path=/; Max-Age={max_age}; HttpOnly; SameSite=Lax{secure}");
    HeaderValue::try_from(cookie).ok()
}

/// A page of this site to return to; the first page in place of anything else.
pub(crate) fn safe_return(wanted: Option<&str>) -> String {
    let local = |path: &&str| {
        let mut characters = path.chars();
        characters.next() == Some('/')
            // Browsers take a backslash for a slash, and two slashes for another site.
            && !matches!(characters.next(), Some('/' | '\\'))
            && path.len() <= 500
            && path.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
    };
    wanted.filter(local).unwrap_or("/").to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_is_sent_to_another_site() {
        for good in ["/", "/#/reports/1", "/?a=b#/c"] {
            assert_eq!(safe_return(Some(good)), good);
        }
        for bad in [
            "//example.org",
            "/\\example.org",
            "https://example.org",
            "javascript:alert(1)",
            "/\t/example.org",
            "/a\r\nSet-Cookie: x=y",
            "",
        ] {
            assert_eq!(safe_return(Some(bad)), "/", "{bad:?}");
        }
        assert_eq!(safe_return(None), "/");
    }

    #[test]
    fn an_attempt_comes_back_in_its_cookie() {
        let config = ApiConfig::for_tests();
        let attempt = Attempt {
            provider: "oidc".into(),
            state: "s".into(),
            nonce: "n".into(),
            verifier: "v".into(),
            return_to: "/#/a".into(),
        };
        let set = attempt.set(&config).unwrap();
        let pair = set.to_str().unwrap().split(';').next().unwrap().to_owned();
        let mut headers = HeaderMap::new();
        headers.insert("cookie", pair.parse().unwrap());
        assert_eq!(Attempt::read(&config, &headers), Some(attempt));
        headers.insert("cookie", "huibao_sign_on=%%%".parse().unwrap());
        assert_eq!(Attempt::read(&config, &headers), None);
    }
}
