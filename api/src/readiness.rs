//! Readiness checks that are made outside this crate.

use async_trait::async_trait;

use crate::view::Check;

/// Checks that only the caller of [`crate::router`] can make, such as whether the speech model exists
/// and the worker runs.
#[async_trait]
pub trait Readiness: Send + Sync {
    /// Makes the checks now.
    async fn checks(&self) -> Vec<Check>;
}

/// No further checks.
#[async_trait]
impl Readiness for () {
    async fn checks(&self) -> Vec<Check> {
        Vec::new()
    }
}
