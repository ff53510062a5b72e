//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;

use huibao_models::backends::Backends;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use utoipa::openapi::OpenApi;

use crate::config::ApiConfig;
use crate::readiness::Readiness;
use crate::recently::Recently;
use crate::sign_on::Providers;

/// The backends and the settings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub backends: Backends,
    pub readiness: Arc<dyn Readiness>,
    pub config: Arc<ApiConfig>,
    /// The description of the interface.
    pub document: Arc<OpenApi>,
    /// Turns at hashing passwords.
    pub hashing: Arc<Semaphore>,
    /// What talks to identity providers.
    pub providers: Arc<Providers>,
    /// What the audit log has been told a moment ago.
    pub recently: Arc<Recently>,
}

/// Allows `state.store` and `state.storage`.
impl Deref for ApiState {
    type Target = Backends;

    fn deref(&self) -> &Backends {
        &self.backends
    }
}

/// Ends responses that have no end of their own when the server stops. A request extension.
#[derive(Clone)]
pub(crate) struct Shutdown(pub CancellationToken);
