//! OpenID Connect: authorization code flow with PKCE and nonce (OpenID Connect Core 1.0, 3.1; RFC 7636).
//!
//! What the provider tells of itself, its keys included, is asked for once an hour, and at once when an ID token
//! is signed with a key that is not known: providers change theirs.

use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use openidconnect::core::{
    CoreAuthenticationFlow, CoreClient, CoreJwsSigningAlgorithm, CoreProviderMetadata,
};
use openidconnect::{
    AccessToken, AccessTokenHash, AuthorizationCode, ClaimsVerificationError, ClientId,
    ClientSecret, CsrfToken, EndpointMaybeSet, EndpointNotSet, EndpointSet, HttpRequest, IssuerUrl,
    Nonce, OAuth2TokenResponse, PkceCodeChallenge, PkceCodeVerifier, RedirectUrl, Scope,
    SubjectIdentifier, TokenResponse, UserInfoClaims,
};
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use tokio::sync::Mutex;
use tokio::time::Instant;
use url::Url;

use super::attempt::Attempt;
use super::config::OidcConfig;
use super::http::fetch;
use super::identity::{Identity, Provider, SignOnError};
use super::rules::Claims;

/// How long a provider is believed to be as it was.
const FRESH: Duration = Duration::from_hours(1);

/// Keys of the client's secret (HS256) and no signature at all are not among them.
const ALGORITHMS: [CoreJwsSigningAlgorithm; 6] = [
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
    CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha512,
    CoreJwsSigningAlgorithm::RsaSsaPssSha256,
    CoreJwsSigningAlgorithm::EcdsaP256Sha256,
    CoreJwsSigningAlgorithm::EcdsaP384Sha384,
    CoreJwsSigningAlgorithm::EdDsa,
];

/// What is known of the provider, and since when.
#[derive(Default)]
pub(super) struct Discovered(Mutex<Option<(CoreProviderMetadata, Instant)>>);

/// A client with the endpoints that every provider has.
type Client = CoreClient<
    EndpointSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointNotSet,
    EndpointMaybeSet,
    EndpointMaybeSet,
>;

/// Any claims.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct AnyClaims(Map<String, Value>);

impl openidconnect::AdditionalClaims for AnyClaims {}

impl Discovered {
    /// What is known of the provider; asked for anew if it is old, or if `anew`.
    async fn get(
        &self,
        client: &reqwest::Client,
        config: &OidcConfig,
        anew: bool,
    ) -> Result<CoreProviderMetadata, SignOnError> {
        let mut known = self.0.lock().await;
        if let Some((metadata, since)) = &*known
            && !anew
            && since.elapsed() < FRESH
        {
            return Ok(metadata.clone());
        }
        let issuer = IssuerUrl::new(config.issuer.clone()).map_err(provider)?;
        let http = |request: HttpRequest| fetch(client.clone(), request);
        let metadata =
            CoreProviderMetadata::discover_async(issuer, &http).await.map_err(provider)?;
        *known = Some((metadata.clone(), Instant::now()));
        Ok(metadata)
    }
}

fn client_of(metadata: CoreProviderMetadata, config: &OidcConfig, callback: &Url) -> Client {
    let id = ClientId::new(config.client_id.clone());
    let secret = ClientSecret::new(config.client_secret.clone());
    CoreClient::from_provider_metadata(metadata, id, Some(secret))
        .set_redirect_uri(RedirectUrl::from_url(callback.clone()))
}

pub(super) async fn begin(
    discovered: &Discovered,
    http: &reqwest::Client,
    config: &OidcConfig,
    callback: Url,
    return_to: String,
) -> Result<(Url, Attempt), SignOnError> {
    let client = client_of(discovered.get(http, config, false).await?, config, &callback);
    let (challenge, verifier) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(
            CoreAuthenticationFlow::AuthorizationCode,
            CsrfToken::new_random,
            Nonce::new_random,
        )
        .add_scopes(config.scopes.iter().cloned().map(Scope::new))
        .set_pkce_challenge(challenge)
        .url();
    let attempt = Attempt {
        provider: Provider::Oidc.as_str().to_owned(),
        state: state.secret().clone(),
        nonce: nonce.secret().clone(),
        verifier: verifier.secret().clone(),
        return_to,
    };
    Ok((url, attempt))
}

pub(super) async fn finish(
    discovered: &Discovered,
    http: &reqwest::Client,
    config: &OidcConfig,
    callback: Url,
    attempt: &Attempt,
    code: &str,
) -> Result<Identity, SignOnError> {
    let client = client_of(discovered.get(http, config, false).await?, config, &callback);
    let send = |request: HttpRequest| fetch(http.clone(), request);
    let tokens = client
        .exchange_code(AuthorizationCode::new(code.to_owned()))
        .map_err(provider)?
        .set_pkce_verifier(PkceCodeVerifier::new(attempt.verifier.clone()))
        .request_async(&send)
        .await
        .map_err(provider)?;
    let id_token = tokens.id_token().ok_or_else(|| invalid("there is no ID token"))?;
    let access = tokens.access_token();
    let (client, subject) = match verify(&client, id_token, access, &attempt.nonce) {
        Err(ClaimsVerificationError::SignatureVerification(_)) => {
            let metadata = discovered.get(http, config, true).await?;
            let client = client_of(metadata, config, &callback);
            let subject = verify(&client, id_token, access, &attempt.nonce).map_err(invalid)?;
            (client, subject)
        }
        subject => (client, subject.map_err(invalid)?),
    };
    let mut claims = payload(&id_token.to_string()).ok_or_else(|| invalid("it has no claims"))?;
    // Many providers tell the rest there.
    if let Ok(request) = client.user_info(access.clone(), Some(subject.clone())) {
        let more: UserInfoClaims<AnyClaims, _> = request
            .request_async::<AnyClaims, _, openidconnect::core::CoreGenderClaim>(&send)
            .await
            .map_err(provider)?;
        if let Ok(Value::Object(more)) = serde_json::to_value(more) {
            claims.extend(more);
        }
    }
    Ok(Identity { subject: subject.to_string(), claims: Claims::of_json(&claims) })
}

/// Checks signature, issuer, audience, times, nonce and the hash of the access token; returns the subject.
fn verify(
    client: &Client,
    id_token: &openidconnect::core::CoreIdToken,
    access: &AccessToken,
    nonce: &str,
) -> Result<SubjectIdentifier, ClaimsVerificationError> {
    let verifier = client.id_token_verifier().set_allowed_algs(ALGORITHMS);
    let claims = id_token.claims(&verifier, &Nonce::new(nonce.to_owned()))?;
    if let Some(expected) = claims.access_token_hash() {
        let other =
            |error: &dyn std::fmt::Display| ClaimsVerificationError::Other(error.to_string());
        let algorithm = id_token.signing_alg().map_err(|error| other(&error))?;
        let key = id_token.signing_key(&verifier).map_err(|error| other(&error))?;
        let found = AccessTokenHash::from_token(access, algorithm, key);
        if found.map_err(|error| other(&error))? != *expected {
            return Err(ClaimsVerificationError::Other("the access token is another one".into()));
        }
    }
    Ok(claims.subject().clone())
}

/// The claims of a token that has been verified, also those that the standard does not name.
fn payload(token: &str) -> Option<Map<String, Value>> {
    let encoded = token.split('.').nth(1)?;
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(encoded).ok()?).ok()
}

/// What the provider did wrong, with its causes.
fn provider(error: impl std::error::Error) -> SignOnError {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text = format!("{text}: {cause}");
        source = cause.source();
    }
    SignOnError::Provider(text)
}

fn invalid(error: impl std::fmt::Display) -> SignOnError {
    SignOnError::Invalid(error.to_string())
}
