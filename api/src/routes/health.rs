//! Probes: is the process alive, can it serve.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use serde::Serialize;
use utoipa::ToSchema;

use crate::readiness::{Check, check_all};
use crate::state::ApiState;

/// The process answers.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    /// Always `ok`.
    pub status: &'static str,
}

/// Whether the process is alive. Looks at nothing else, so that a broken dependency does not get
/// it restarted.
#[utoipa::path(get, path = "/healthz", tag = "health", security(()),
    responses((status = 200, body = Health)))]
pub(crate) async fn healthz() -> Json<Health> {
    Json(Health { status: "ok" })
}

/// All checks.
#[derive(Serialize, ToSchema)]
#[schema(as = Readiness)]
pub(crate) struct ReadinessView {
    /// Whether every check passed.
    pub ready: bool,
    /// The checks.
    pub checks: Vec<Check>,
}

/// Whether requests can be served and work gets done: asks the database, writes to the storage.
#[utoipa::path(get, path = "/readyz", tag = "health", security(()), responses(
    (status = 200, description = "Every check passed", body = ReadinessView),
    (status = 503, description = "At least one check failed", body = ReadinessView)))]
pub(crate) async fn readyz(State(state): State<ApiState>) -> (StatusCode, Json<ReadinessView>) {
    let checks = check_all(&state).await;
    let ready = checks.iter().all(|check| check.ok);
    let status = if ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    (status, Json(ReadinessView { ready, checks }))
}
