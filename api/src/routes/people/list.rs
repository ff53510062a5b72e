//! Who there is.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::person::Role;
use huibao_models::store::PeopleFilter;
use serde::Deserialize;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::{self, PageSize};
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::{ErrorBody, PeopleList, PersonView};

/// Which people.
#[derive(Deserialize)]
pub(crate) struct PeopleParams {
    branch: Option<String>,
    role: Option<Role>,
    q: Option<String>,
    after: Option<PersonId>,
    limit: Option<u32>,
}

/// The people of the branches that one looks after, in the order in which they were added.
#[utoipa::path(get, path = "/api/v1/people", tag = "people",
    params(("branch" = Option<String>, Query, description = "Only those of this branch and below"),
        ("role" = Option<String>, Query, description = "Only `activist`, `reviewer` or `operator`"),
        ("q" = Option<String>, Query, description = "Only those with this in their name or number"),
        ("after" = Option<Uuid>, Query, description = "Only those after this one: the `next` of the page before"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 200, description = "How many; 50 if not given")),
    responses((status = 200, description = "A page of people", body = PeopleList),
        (status = 400, description = "`bad_request`", body = ErrorBody),
        (status = 403, description = "`forbidden`: one looks after no branch, or not this one", body = ErrorBody)))]
pub(crate) async fn list(
    State(state): State<ApiState>,
    caller: Caller,
    Params(params): Params<PeopleParams>,
) -> Result<Json<PeopleList>, ApiError> {
    let within = match &params.branch {
        Some(path) => Some(vec![branch(&state, &caller, path)?]),
        None => everywhere(&caller)?,
    };
    let size = PageSize::new(params.limit, page::DEFAULT, page::MOST);
    let text = params.q.filter(|text| !text.is_empty());
    let filter = PeopleFilter { within, role: params.role, text, after: params.after };
    let mut people = state.store.snapshot().await?.people().page(&filter, size.to_read()).await?;
    let next = size.cut(&mut people, |entry| entry.person.id.uuid());
    let view =
        |entry: huibao_models::store::PersonOverview| PersonView::new(entry.person, entry.grants);
    Ok(Json(PeopleList { people: people.into_iter().map(view).collect(), next }))
}

/// A branch that the caller looks after.
pub(super) fn branch(
    state: &ApiState,
    caller: &Caller,
    path: &str,
) -> Result<BranchPath, RequestError> {
    let branch: BranchPath = path.parse().map_err(|_| RequestError::BadRequest)?;
    let subject = Subject::branch(&branch);
    caller.check(state, Action::SeePerson, &Resource::Branch(&branch), subject)?;
    Ok(branch)
}

/// All branches that the caller looks after; `None` if these are all.
pub(super) fn everywhere(caller: &Caller) -> Result<Option<Vec<BranchPath>>, RequestError> {
    let who = &caller.principal;
    if who.is(Role::Operator, &BranchPath::root()) {
        return Ok(None);
    }
    let branches = who.branches(Role::Reviewer).chain(who.branches(Role::Operator));
    let branches: Vec<_> = branches.cloned().collect();
    if branches.is_empty() { Err(RequestError::Forbidden) } else { Ok(Some(branches)) }
}
