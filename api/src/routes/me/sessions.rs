//! Where one is signed in.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use huibao_models::domain::ids::SessionId;

use crate::caller::{Caller, Proof};
use crate::error::ApiError;
use crate::extract::IdPath;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, SessionList, SessionView};

/// The browsers in which one is signed in.
#[utoipa::path(get, path = "/api/v1/me/sessions", tag = "account",
    responses((status = 200, description = "The sessions", body = SessionList)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
) -> Result<Json<SessionList>, ApiError> {
    let now = state.store.now();
    let sessions = state.store.snapshot().await?.sessions().of(caller.person(), now).await?;
    let view = |session| SessionView::new(session, &caller.proof);
    Ok(Json(SessionList { sessions: sessions.into_iter().map(view).collect() }))
}

/// Ends one of one's sessions.
#[utoipa::path(delete, path = "/api/v1/me/sessions/{id}", tag = "account",
    params(("id" = Uuid, Path)),
    responses((status = 204, description = "Ended"),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn end(
    State(state): State<ApiState>,
    caller: Caller,
    IdPath(id): IdPath<SessionId>,
) -> Result<StatusCode, ApiError> {
    let mut unit = caller.begin(&state).await?;
    if !unit.sessions().end(caller.person(), id).await? {
        return Err(RequestError::NotFound.into());
    }
    unit.commit().await?;
    Ok(StatusCode::NO_CONTENT)
}

impl SessionView {
    fn new(session: huibao_models::store::SignedIn, proof: &Proof) -> Self {
        Self {
            id: session.id.uuid(),
            created_at: session.created_at,
            used_at: session.used_at,
            user_agent: session.user_agent,
            current: *proof == Proof::Session(session.id),
        }
    }
}
