//! The settings of the interface.

use std::time::Duration;

use axum::http::{Uri, uri::Scheme};
use ipnet::IpNet;

use crate::sign_on::config::SignOnConfig;
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
    /// Where users reach this, if a proxy stands before it: its scheme and host.
    pub public_url: Option<Uri>,
    /// Proxies whose word about a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// Sign-on through the campus.
    pub sign_on: SignOnConfig,
}

impl ApiConfig {
    /// The language of a report that specifies none.
    pub(crate) fn default_language(&self) -> &str {
        self.languages.first().map_or("zh", String::as_str)
    }

    /// Whether browsers reach this through TLS.
    pub(crate) fn is_secure(&self) -> bool {
        self.public_url.as_ref().and_then(Uri::scheme) == Some(&Scheme::HTTPS)
    }

    #[cfg(test)]
    pub(crate) fn for_tests() -> Self {
        let limits =
            UploadLimits { max_video_bytes: 1, max_written_bytes: 1, max_duration_seconds: 1 };
        let (languages, upload_idle) = (vec!["zh".into()], Duration::from_secs(1));
        Self {
            limits,
            languages,
            upload_idle,
            public_url: None,
            trusted_proxies: vec![],
            sign_on: SignOnConfig::default(),
        }
    }
}
