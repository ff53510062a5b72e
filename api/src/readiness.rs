//! Whether requests can be served and work gets done: the checks behind `/readyz`.

use std::time::Duration;

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use serde::Serialize;
use utoipa::ToSchema;

use crate::state::ApiState;

/// A backend that answers later than this counts as one that does not answer.
const PATIENCE: Duration = Duration::from_secs(5);

/// One check and its outcome.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub struct Check {
    /// Stable name (`database`, `storage`, `model` …).
    pub name: String,
    /// Whether it passed.
    pub ok: bool,
    /// One line for an operator. Readable without a token: no secrets, no paths.
    pub detail: String,
}

/// Checks that only the caller of [`crate::router`] can make, such as whether the speech model is
/// there and the worker loop alive.
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

/// All checks: the backends' own and the caller's.
pub(crate) async fn check_all(state: &ApiState) -> Vec<Check> {
    let (database, storage, queue, others) = tokio::join!(
        backend("database", "a query was answered", state.store.health()),
        backend("storage", "a file was written and removed", state.storage.health()),
        backend("queue", "it takes messages", state.queue.health()),
        tokio::time::timeout(PATIENCE, state.readiness.checks()),
    );
    let others = others.unwrap_or_else(|_| vec![failed("other", "no answer in time")]);
    [database, storage, queue].into_iter().chain(others).collect()
}

async fn backend<E: Into<Failure>>(
    name: &str,
    good: &str,
    check: impl Future<Output = Result<(), E>>,
) -> Check {
    match tokio::time::timeout(PATIENCE, check).await {
        Ok(Ok(())) => Check { name: name.into(), ok: true, detail: good.into() },
        Ok(Err(error)) => {
            let failure: Failure = error.into();
            // The cause may hold a path: it goes to the log, the code to the caller.
            tracing::warn!(check = name, error = %failure, "not ready");
            failed(name, failure.code.as_str())
        }
        Err(_) => failed(name, "no answer in time"),
    }
}

fn failed(name: &str, detail: &str) -> Check {
    Check { name: name.into(), ok: false, detail: detail.into() }
}
