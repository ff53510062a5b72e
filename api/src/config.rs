//! What the interface is told when it is built.

use std::time::Duration;

use secrecy::SecretString;
use serde::Serialize;
use utoipa::ToSchema;

/// What an upload may measure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
pub struct UploadLimits {
    /// Largest video, in bytes.
    pub max_video_bytes: u64,
    /// Largest written report, in bytes.
    pub max_written_bytes: u64,
    /// Longest video, in seconds. Told to pages here; enforced by the ingest stage.
    pub max_duration_seconds: u64,
}

/// How the interface behaves.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// What an upload may measure.
    pub limits: UploadLimits,
    /// Languages that may be asked for: ISO 639-1 codes or `auto`. The first is the default.
    pub languages: Vec<String>,
    /// An upload of which nothing has come for so long is given up: a phone that lost its network
    /// does not say so. There is no limit on how long an upload may take.
    pub upload_idle: Duration,
    /// If set, every route but the health checks asks for it, as a bearer token or as the password
    /// of HTTP Basic.
    pub token: Option<SecretString>,
    /// Host names (without port) that are answered when there is no token, besides `localhost` and
    /// the loopback addresses: usually the address that is listened on. Any other is taken for DNS
    /// rebinding.
    pub allowed_hosts: Vec<String>,
}

impl ApiConfig {
    /// The language of a report that asks for none.
    pub(crate) fn default_language(&self) -> &str {
        self.languages.first().map_or("zh", String::as_str)
    }
}
