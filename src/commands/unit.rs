//! How commands of whoever runs the installation change what is in the store.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::store::{Store, UnitOfWork};

/// Begins a change that survives a power cut.
pub(super) async fn begin(store: &Store) -> Result<UnitOfWork, Failure> {
    Ok(store.begin_durable(Actor::System, store.now()).await?)
}
