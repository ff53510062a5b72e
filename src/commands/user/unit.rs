//! The way to change people from the command line.

use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Failure;
use huibao_models::store::{Store, UnitOfWork};

/// Begins a change.
pub(super) async fn begin(store: &Store) -> Result<UnitOfWork, Failure> {
    Ok(store.begin_durable(Actor::System, store.now()).await?)
}
