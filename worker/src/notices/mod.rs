//! How notices reach people and programs outside: mail, webhooks, group robots.

mod address;
mod mail;
mod post;
mod robots;
mod webhook;

use url::Url;

pub use mail::MailConfig;
pub(crate) use mail::{Mail, Mailer};
pub(crate) use post::{Post, Poster};

/// What notices need of the settings.
#[derive(Debug, Clone, Default)]
pub struct NoticeConfig {
    /// Where users reach the pages, for links; none without it.
    pub public_url: Option<Url>,
    /// The mail server; without one, nothing is mailed.
    pub mail: Option<MailConfig>,
    /// Whether channels may be at private addresses.
    pub private_addresses: bool,
}

impl NoticeConfig {
    /// A link to a page such as `/#/reports/…`.
    pub(crate) fn link(&self, page: &str) -> Option<String> {
        let base = self.public_url.as_ref()?.as_str().trim_end_matches('/');
        Some(format!("{base}{page}"))
    }
}

/// Why something did not arrive.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DeliveryError {
    /// It may arrive later.
    #[error("{0}")]
    Passing(String),
    /// It never will.
    #[error("{0}")]
    Final(String),
}
