//! Probes: whether the process is alive, and whether it can serve.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::domain::failure::Failure;
use huibao_models::store::StoreError;

use crate::state::ApiState;
use crate::view::{Check, Health, ReadinessView};

/// A backend that takes longer to answer counts as unavailable.
const TIMEOUT: Duration = Duration::from_secs(5);

/// Whether the process is alive. Checks nothing else, so that a broken dependency does not get it
/// restarted.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, description = "The process is alive", body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok".to_owned() })
}

/// Whether requests can be served and jobs are run: queries the database, writes to the storage.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, description = "Every check passed", body = ReadinessView),
    (status = 503, description = "At least one check failed", body = ReadinessView)))]
pub(crate) async fn readyz(State(state): State<ApiState>) -> (StatusCode, Json<ReadinessView>) {
    let checks = check_all(&state).await;
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessView { ready, checks }))
}

/// All checks: those of the backends and those of the caller of [`crate::router`].
async fn check_all(state: &ApiState) -> Vec<Check> {
    let (database, storage, queue, others) = tokio::join!(
        database(state),
        backend("storage", "a file was written and removed", state.storage.health()),
        backend("queue", "it takes messages", state.queue.health()),
        tokio::time::timeout(TIMEOUT, state.readiness.checks()),
    );
    let others = others.unwrap_or_else(|_| vec![failed("other", "no answer in time")]);
    [database, storage, queue].into_iter().chain(others).collect()
}

/// Also tells that another version has changed the schema since this process was started.
async fn database(state: &ApiState) -> Check {
    let mut other_version = None;
    let schema = async {
        let checked = state.store.check_schema().await;
        if let Err(error @ (StoreError::Newer(_) | StoreError::Older(_))) = &checked {
            other_version = Some(error.to_string());
        }
        checked
    };
    let check = backend("database", "a query was answered", schema).await;
    match other_version {
        // It names no path, and says what is to be done.
        Some(detail) => failed("database", &detail),
        None => check,
    }
}

async fn backend<E: Into<Failure>>(
    name: &str,
    good: &str,
    check: impl Future<Output = Result<(), E>>,
) -> Check {
    match tokio::time::timeout(TIMEOUT, check).await {
        Ok(Ok(())) => Check { name: name.into(), ok: true, detail: good.into() },
        Ok(Err(error)) => {
            let failure: Failure = error.into();
            // The cause may contain a path: it is logged, and only the code is sent.
            tracing::warn!(check = name, error = %failure, "not ready");
            failed(name, failure.code.as_str())
        }
        Err(_) => failed(name, "no answer in time"),
    }
}

fn failed(name: &str, detail: &str) -> Check {
    Check { name: name.into(), ok: false, detail: detail.into() }
}
