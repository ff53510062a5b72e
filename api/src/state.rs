//! What handlers share.

use std::sync::Arc;

use huibao_models::db::Database;
use huibao_models::queue::Queue;
use huibao_models::storage::Storage;

use crate::config::ApiConfig;
use crate::readiness::Readiness;

/// The keepers and the settings. Cheap to clone.
#[derive(Clone)]
pub(crate) struct ApiState {
    pub db: Database,
    pub storage: Arc<dyn Storage>,
    pub queue: Arc<dyn Queue>,
    pub readiness: Arc<dyn Readiness>,
    pub config: Arc<ApiConfig>,
}
