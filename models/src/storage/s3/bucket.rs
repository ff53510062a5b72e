//! The bucket, and the client that reaches it.

use std::time::Duration;

use aws_config::meta::region::RegionProviderChain;
use aws_config::retry::RetryConfig;
use aws_config::timeout::TimeoutConfig;
use aws_config::{BehaviorVersion, SdkConfig};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::{Builder, Region, SharedHttpClient};
use aws_smithy_http_client::tls::{Provider, rustls_provider::CryptoMode};

use super::location::S3Location;
use crate::storage::key::StorageKey;

/// Size of a part in bytes. Larger objects are sent in parts, and a retry repeats one part.
pub(super) const PART: usize = 8 * 1024 * 1024;

/// The region if none is set. Self-hosted servers mostly accept any; this is what they expect.
const DEFAULT_REGION: &str = "us-east-1";

/// Attempts per request. The caller waits for longer outages.
const ATTEMPTS: u32 = 3;

/// Timeout for a connection.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// A bucket.
#[derive(Debug, Clone)]
pub struct S3Storage {
    pub(super) client: Client,
    pub(super) location: S3Location,
    /// Timeouts of requests for which the server moves bytes before it answers.
    pub(super) patient: TimeoutConfig,
}

impl S3Storage {
    /// A bucket reached with the credentials of the usual AWS chain (environment, profile, web
    /// identity, container, instance). Sends requests only if region or credentials come from there.
    pub async fn open(location: S3Location) -> Self {
        // With a self-hosted server, looking for a region on the network is useless.
        let default = location.endpoint.is_some().then(|| Region::from_static(DEFAULT_REGION));
        let named = location.region.clone().map(Region::new);
        let region = RegionProviderChain::first_try(named.or(default))
            .or_default_provider()
            .or_else(Region::from_static(DEFAULT_REGION));
        let config = aws_config::defaults(BehaviorVersion::latest())
            .http_client(http_client())
            .region(region)
            .load()
            .await;
        Self::with_config(location, &config)
    }

    /// A bucket reached with this configuration's credentials.
    pub fn with_config(location: S3Location, config: &SdkConfig) -> Self {
        let region = location.region.clone().map(Region::new);
        let mut s3 = Builder::from(config)
            .http_client(http_client())
            .region(region.or(config.region().cloned()))
            .force_path_style(location.path_style)
            .retry_config(RetryConfig::standard().with_max_attempts(ATTEMPTS))
            .timeout_config(timeouts(location.timeout));
        if let Some(endpoint) = &location.endpoint {
            s3 = s3.endpoint_url(endpoint);
        }
        let patient = timeouts(location.timeout.saturating_mul(10));
        Self { client: Client::from_conf(s3.build()), location, patient }
    }

    /// The object's name in the bucket.
    pub(super) fn name(&self, key: &StorageKey) -> String {
        format!("{}{key}", self.location.prefix)
    }
}

/// Uses ring instead of the SDK's default, because it builds in seconds.
fn http_client() -> SharedHttpClient {
    aws_smithy_http_client::Builder::new()
        .tls_provider(Provider::Rustls(CryptoMode::Ring))
        .build_https()
}

/// Timeouts until the answer begins. For bodies, the SDK detects stalled streams.
fn timeouts(attempt: Duration) -> TimeoutConfig {
    TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(attempt)
        // Room for all attempts and the pauses between them.
        .operation_timeout(attempt.saturating_mul(ATTEMPTS + 1))
        .build()
}
