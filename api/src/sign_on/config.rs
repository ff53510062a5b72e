//! The settings of sign-on.

use url::Url;

use super::rules::Rule;

/// How to sign on.
#[derive(Debug, Clone, Default)]
pub struct SignOnConfig {
    /// An OpenID provider.
    pub oidc: Option<OidcConfig>,
    /// A CAS server.
    pub cas: Option<CasConfig>,
    /// What claims make of people.
    pub rules: Vec<Rule>,
    /// Which claims say what.
    pub claims: ClaimNames,
}

/// An OpenID provider.
#[derive(Clone)]
pub struct OidcConfig {
    /// Its issuer, letter by letter as it calls itself.
    pub issuer: String,
    /// What it calls us.
    pub client_id: String,
    /// What we prove that with.
    pub client_secret: String,
    /// Scopes besides `openid`.
    pub scopes: Vec<String>,
    /// What people call it.
    pub label: String,
}

impl std::fmt::Debug for OidcConfig {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        // Without the secret.
        write!(f, "OidcConfig({}, {})", self.issuer, self.client_id)
    }
}

/// A CAS server.
#[derive(Debug, Clone)]
pub struct CasConfig {
    /// Its address, without `/login`.
    pub url: Url,
    /// What people call it.
    pub label: String,
}

/// Which claims say what.
#[derive(Debug, Clone, Default)]
pub struct ClaimNames {
    /// The student or staff number. Empty: CAS's user name, and nothing of an OpenID provider.
    pub number: String,
    /// The name that others see.
    pub name: String,
    /// The name to sign in with.
    pub login: String,
    /// Where mail reaches them.
    pub email: String,
}
