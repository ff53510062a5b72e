//! Requests to identity providers.

use std::time::Duration;

use axum::http;
use reqwest::redirect::Policy;

/// People wait meanwhile.
const TIMEOUT: Duration = Duration::from_secs(10);

/// What a provider answers is at most this large, in bytes.
const MAX_ANSWER: usize = 1 << 20;

/// Why there was no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum FetchError {
    /// The request failed.
    #[error("{0}")]
    Request(#[from] reqwest::Error),
    /// The answer is too large.
    #[error("the answer is larger than {MAX_ANSWER} bytes")]
    TooLarge,
    /// The answer cannot be passed on.
    #[error("{0}")]
    Answer(#[from] http::Error),
}

/// A client that follows no redirects: they could lead into the network that this server stands in.
pub(super) fn client() -> Result<reqwest::Client, String> {
    // It may be installed already; then that one stays.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let client = reqwest::Client::builder().redirect(Policy::none()).timeout(TIMEOUT).build();
    client.map_err(|error| error.to_string())
}

/// Sends a request and reads the whole answer.
pub(super) async fn fetch(
    client: reqwest::Client,
    request: http::Request<Vec<u8>>,
) -> Result<http::Response<Vec<u8>>, FetchError> {
    let mut answer = client.execute(request.try_into()?).await?;
    let mut response = http::Response::builder().status(answer.status());
    if let Some(headers) = response.headers_mut() {
        *headers = answer.headers().clone();
    }
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await? {
        body.extend_from_slice(&chunk);
        if body.len() > MAX_ANSWER {
            return Err(FetchError::TooLarge);
        }
    }
    Ok(response.body(body)?)
}
