//! Sign-on through the campus: OpenID Connect and CAS. Each provider proves who somebody is (`oidc`, `cas`);
//! `rules` say what that makes of them here, and `account` finds or makes their account.
//!
//! What has to outlive the visit at the provider is in a cookie (`attempt`), so that any process can go on, and
//! nobody can finish a sign-on that somebody else began.

mod account;
mod attempt;
mod cas;
pub(crate) mod config;
mod http;
mod identity;
mod oidc;
mod rules;

use axum::http::Uri;

pub(crate) use account::sign_on;
pub(crate) use attempt::{Attempt, safe_return};
pub use config::{CasConfig, ClaimNames, OidcConfig, SignOnConfig};
use identity::Identity;
pub(crate) use identity::{Provider, SignOnError};
pub use rules::{InvalidRule, Rule};
use url::Url;

use crate::config::ApiConfig;

/// What talks to providers.
pub(crate) struct Providers {
    http: Result<reqwest::Client, String>,
    oidc: oidc::Discovered,
}

impl Default for Providers {
    fn default() -> Self {
        Self { http: http::client(), oidc: oidc::Discovered::default() }
    }
}

impl Providers {
    /// Where to send somebody, and what to remember until they come back.
    pub(crate) async fn begin(
        &self,
        config: &ApiConfig,
        provider: Provider,
        return_to: String,
    ) -> Result<(Url, Attempt), SignOnError> {
        let callback = callback(config, provider)?;
        match (provider, &config.sign_on.oidc, &config.sign_on.cas) {
            (Provider::Oidc, Some(oidc), _) => {
                oidc::begin(&self.oidc, self.http()?, oidc, callback, return_to).await
            }
            (Provider::Cas, _, Some(cas)) => cas::begin(cas, callback, return_to),
            _ => Err(SignOnError::Provider("it is not set up".into())),
        }
    }

    /// Whom the provider's answer is about.
    pub(crate) async fn finish(
        &self,
        config: &ApiConfig,
        provider: Provider,
        attempt: &Attempt,
        proof: &str,
    ) -> Result<Identity, SignOnError> {
        let callback = callback(config, provider)?;
        match (provider, &config.sign_on.oidc, &config.sign_on.cas) {
            (Provider::Oidc, Some(oidc), _) => {
                oidc::finish(&self.oidc, self.http()?, oidc, callback, attempt, proof).await
            }
            (Provider::Cas, _, Some(cas)) => {
                cas::finish(self.http()?, cas, callback, attempt, proof).await
            }
            _ => Err(SignOnError::Provider("it is not set up".into())),
        }
    }

    fn http(&self) -> Result<&reqwest::Client, SignOnError> {
        self.http.as_ref().map_err(|error| SignOnError::Provider(error.clone()))
    }
}

/// Where a provider sends people back to.
fn callback(config: &ApiConfig, provider: Provider) -> Result<Url, SignOnError> {
    let unset = || SignOnError::Provider("public_url is not set".into());
    let base = config.public_url.as_ref().map(Uri::to_string).ok_or_else(unset)?;
    let base = base.trim_end_matches('/');
    let url = format!("{base}/api/v1/sign-on/{}/callback", provider.as_str());
    url.parse().map_err(|_| unset())
}
