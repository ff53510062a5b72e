//! The audit log, for operators of the whole installation.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::ids::PersonId;
use huibao_models::store::AuditFilter;
use serde::Deserialize;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{self, PageSize};
use crate::state::ApiState;
use crate::view::{AuditEntryView, AuditList, ErrorBody};

/// A page has at most so many entries: they are small.
const MOST: u32 = 500;

/// Which entries.
#[derive(Deserialize)]
pub(crate) struct AuditParams {
    action: Option<String>,
    subject: Option<String>,
    person: Option<PersonId>,
    before: Option<Uuid>,
    limit: Option<u32>,
}

/// Who saw or changed what, and what was refused: the newest first.
#[utoipa::path(get, path = "/api/v1/audit", tag = "system",
    params(("action" = Option<String>, Query, description = "Only this"),
        ("subject" = Option<String>, Query, description = "Only what was done to this: `report:…`, `person:…`"),
        ("person" = Option<Uuid>, Query, description = "Only what this person did"),
        ("before" = Option<Uuid>, Query, description = "Only entries older than this one: the `next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 500, description = "How many; 50 if not given")),
    responses((status = 200, description = "A page of the log", body = AuditList),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: no operator of everything", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Params(params): Params<AuditParams>,
) -> Result<Json<AuditList>, ApiError> {
    caller.check(&state, Action::ManageSystem, &Resource::System, Subject::system())?;
    let size = PageSize::new(params.limit, page::DEFAULT, MOST);
    let AuditParams { action, subject, person, before, .. } = params;
    let filter = AuditFilter { action, subject, person, before };
    let mut entries = state.store.snapshot().await?.audit().list(&filter, size.to_read()).await?;
    let next = size.cut(&mut entries, |entry| entry.id);
    Ok(Json(AuditList { entries: entries.into_iter().map(AuditEntryView::from).collect(), next }))
}
