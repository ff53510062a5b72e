//! The settings of the interface.

use std::time::Duration;

use secrecy::SecretString;

use crate::view::UploadLimits;

/// Settings of the interface.
#[derive(Debug, Clone)]
pub struct ApiConfig {
    /// Limits on uploads.
    pub limits: UploadLimits,
    /// Accepted languages: ISO 639-1 codes or `auto`. The first is the default.
    pub languages: Vec<String>,
    /// Idle timeout of uploads: a phone that loses its network does not close the connection. The
    /// duration of an upload is not limited.
    pub upload_idle: Duration,
    /// If set, every route but the probes requires it, as a bearer token or as the password of HTTP
    /// Basic.
    pub token: Option<SecretString>,
    /// Host names (without port) that are accepted when no token is set, besides `localhost` and the
    /// loopback addresses: usually the listen address. Any other is treated as DNS rebinding.
    pub allowed_hosts: Vec<String>,
}

impl ApiConfig {
    /// The language of a report that specifies none.
    pub(crate) fn default_language(&self) -> &str {
        self.languages.first().map_or("zh", String::as_str)
    }
}
