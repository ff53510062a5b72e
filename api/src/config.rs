//! The settings of the interface.

use std::time::Duration;

use axum::http::{Uri, uri::Scheme};
use huibao_models::domain::report::ReportKind;
use ipnet::IpNet;

use crate::sign_on::config::SignOnConfig;
use crate::view::UploadLimits;

/// Links to files in the storage, which browsers follow without credentials.
#[derive(Debug, Clone)]
pub struct MediaLinks {
    /// For how long they can be used.
    pub lifetime: Duration,
    /// Where they lead: the scheme and host, which pages may load media from.
    pub origin: String,
}

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
    /// Where users reach this, if a proxy stands before it.
    pub public_url: Option<Uri>,
    /// Proxies whose word about a client's address is taken.
    pub trusted_proxies: Vec<IpNet>,
    /// What reports may be about, with what it is called if that is not the usual; none: everything.
    pub kinds: Vec<(ReportKind, Option<String>)>,
    /// What somebody may keep, in bytes.
    pub max_person_bytes: Option<u64>,
    /// What may be kept of the reports of a branch, in bytes.
    pub max_branch_bytes: Option<u64>,
    /// Files are fetched from the storage itself, where it can be asked for links.
    pub media_links: Option<MediaLinks>,
    /// Sign-on through the campus.
    pub sign_on: SignOnConfig,
}

impl ApiConfig {
    /// What new reports may be about.
    pub(crate) fn offered_kinds(&self) -> Vec<ReportKind> {
        match self.kinds.as_slice() {
            [] => ReportKind::ALL.to_vec(),
            kinds => kinds.iter().map(|(kind, _)| *kind).collect(),
        }
    }

    /// The language of a report that specifies none.
    pub(crate) fn default_language(&self) -> &str {
        self.languages.first().map_or("zh", String::as_str)
    }

    /// The path below which users reach this: empty, or without a slash at its end.
    pub(crate) fn public_path(&self) -> &str {
        self.public_url.as_ref().map_or("", |url| url.path().trim_end_matches('/'))
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
            kinds: vec![],
            max_person_bytes: None,
            max_branch_bytes: None,
            media_links: None,
            sign_on: SignOnConfig::default(),
        }
    }
}
