//! What handlers share.

use std::ops::Deref;
use std::sync::Arc;

use huibao_models::keepers::Keepers;

use crate::config::ApiConfig;
use crate::readiness::Readiness;

/// The keepers and the settings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub keepers: Keepers,
    pub readiness: Arc<dyn Readiness>,
    pub config: Arc<ApiConfig>,
}

/// Handlers speak of `state.db` and `state.storage`.
impl Deref for ApiState {
    type Target = Keepers;

    fn deref(&self) -> &Keepers {
        &self.keepers
    }
}
