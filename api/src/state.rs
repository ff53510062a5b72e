//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;

use huibao_models::backends::Backends;

use crate::config::ApiConfig;
use crate::readiness::Readiness;

/// The backends and the settings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub backends: Backends,
    pub readiness: Arc<dyn Readiness>,
    pub config: Arc<ApiConfig>,
}

/// Handlers speak of `state.store` and `state.storage`.
impl Deref for ApiState {
    type Target = Backends;

    fn deref(&self) -> &Backends {
        &self.backends
    }
}
