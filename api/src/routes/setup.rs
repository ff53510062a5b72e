//! The first operator.

use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use huibao_models::credentials::SecretDigest;
use huibao_models::domain::actor::Actor;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::person::{Grant, LoginName, Role, display_name};
use huibao_models::store::NewPerson;

use super::session::{signed_in, user_agent};
use crate::error::ApiError;
use crate::extract::{self, ClientAddress};
use crate::request_error::RequestError;
use crate::sign_in::{begin_session, hash_password};
use crate::state::ApiState;
use crate::view::{ErrorBody, FirstOperator, PersonBody};

/// Makes the first operator, and signs them in. The secret is part of the link that a server without
/// people prints when it starts; it works once, for ten minutes.
#[utoipa::path(post, path = "/api/v1/setup", tag = "account", security(()),
    request_body = FirstOperator,
    responses(
        (status = 200, description = "Made and signed in", body = PersonBody,
            headers(("Set-Cookie" = String, description = "The session"))),
        (status = 404, description = "`not_found`: the link was used, ran out, or is wrong",
            body = ErrorBody),
        (status = 422, description = "`weak_password`, `invalid_name`", body = ErrorBody)))]
pub(crate) async fn setup(
    State(state): State<ApiState>,
    ClientAddress(address): ClientAddress,
    headers: HeaderMap,
    extract::Json(chosen): extract::Json<FirstOperator>,
) -> Result<Response, ApiError> {
    let name = LoginName::parse(&chosen.name).map_err(|_| RequestError::InvalidName)?;
    let shown = display_name(&chosen.display_name).unwrap_or_else(|| name.as_str().to_owned());
    let hash = hash_password(&state, chosen.password).await?;
    let new =
        NewPerson { display_name: shown, password_hash: Some(hash), ..NewPerson::named(name) };
    let unit = state.store.begin_durable(Actor::Person(new.id), state.store.now()).await?;
    let mut unit = unit.from_address(address);
    if !unit.sign_ins().use_setup_link(&SecretDigest::of(&chosen.secret)).await? {
        return Err(RequestError::NotFound.into());
    }
    if !unit.people().insert(&new).await? {
        return Err(RequestError::InvalidName.into());
    }
    let operator = Grant { role: Role::Operator, branch: BranchPath::root() };
    unit.people().grant(new.id, &operator).await?;
    let secret = begin_session(&mut unit, new.id, user_agent(&headers)).await?;
    let person = unit.people().get(new.id).await?;
    unit.commit().await?;
    let person = person.ok_or_else(|| Failure::internal("a new person is not there"))?;
    signed_in(&state, person, &secret).await
}
