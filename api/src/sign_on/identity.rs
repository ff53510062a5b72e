//! Providers, and whom they vouch for.

use super::config::SignOnConfig;
use super::rules::Claims;

/// A provider.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Provider {
    Oidc,
    Cas,
}

impl Provider {
    /// Its name in paths and rows.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Oidc => "oidc",
            Self::Cas => "cas",
        }
    }

    /// The provider of this name, if it is set up.
    pub(crate) fn of(config: &SignOnConfig, name: &str) -> Option<Self> {
        match name {
            "oidc" if config.oidc.is_some() => Some(Self::Oidc),
            "cas" if config.cas.is_some() => Some(Self::Cas),
            _ => None,
        }
    }
}

/// Somebody as a provider knows them.
#[derive(Debug, Clone)]
pub(crate) struct Identity {
    /// The provider's name for them, which stays.
    pub subject: String,
    /// What else it says.
    pub claims: Claims,
}

/// Why a sign-on failed. People see one message for all; the log has this.
#[derive(Debug, thiserror::Error)]
pub(crate) enum SignOnError {
    /// The provider does not answer, or not as it should.
    #[error("the identity provider: {0}")]
    Provider(String),
    /// The provider's answer proves nothing.
    #[error("the answer of the identity provider is not valid: {0}")]
    Invalid(String),
}
