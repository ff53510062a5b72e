//! Who is asking. `guard` finds out before any handler runs.

use std::convert::Infallible;
use std::net::IpAddr;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use huibao_models::domain::access::{self, Access, Action, Principal, Resource};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{PersonId, SessionId, TokenId};
use huibao_models::store::UnitOfWork;

use crate::error::ApiError;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::view::Reader;

/// How somebody has proved who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Proof {
    /// A browser in which they are signed in.
    Session(SessionId),
    /// A personal access token.
    Token(TokenId),
}

/// Somebody who has proved who they are.
#[derive(Debug, Clone)]
pub(crate) struct Caller {
    /// What decides what they may do.
    pub principal: Principal,
    /// How they proved it.
    pub proof: Proof,
    /// Where they ask from.
    pub address: IpAddr,
}

impl Caller {
    /// The person.
    pub(crate) const fn person(&self) -> PersonId {
        self.principal.person
    }

    /// Who an answer is for, with messages in `lang`.
    pub(crate) fn reader<'a>(&'a self, state: &'a ApiState, lang: Lang) -> Reader<'a> {
        Reader { principal: &self.principal, lang, root: state.config.public_path() }
    }

    /// Who makes the changes that this request makes.
    pub(crate) const fn actor(&self) -> Actor {
        match self.proof {
            Proof::Session(_) => Actor::Person(self.principal.person),
            Proof::Token(token) => Actor::Token(token),
        }
    }

    /// Begins to change something for this caller.
    pub(crate) async fn begin(&self, state: &ApiState) -> Result<UnitOfWork, ApiError> {
        let unit = state.store.begin(self.actor(), state.store.now()).await?;
        Ok(unit.of_person(self.person()).from_address(self.address))
    }

    /// Begins a change that survives a power cut.
    pub(crate) async fn begin_durable(&self, state: &ApiState) -> Result<UnitOfWork, ApiError> {
        let unit = state.store.begin_durable(self.actor(), state.store.now()).await?;
        Ok(unit.of_person(self.person()).from_address(self.address))
    }

    /// The session, where there is one. Tokens do not change how their owner signs in.
    pub(crate) fn session(&self) -> Result<SessionId, RequestError> {
        match self.proof {
            Proof::Session(session) => Ok(session),
            Proof::Token(_) => Err(RequestError::Forbidden),
        }
    }

    /// Whether the rules allow something.
    pub(crate) fn may(&self, action: Action, what: &Resource<'_>) -> Access {
        access::may(&self.principal, action, what)
    }
}

impl<S: Sync> FromRequestParts<S> for Caller {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        // Put there by `guard`.
        parts.extensions.get::<Self>().cloned().ok_or_else(|| RequestError::Unauthorized.into())
    }
}

/// Where nobody has to be known.
impl<S: Sync> OptionalFromRequestParts<S> for Caller {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Option<Self>, Infallible> {
        Ok(parts.extensions.get::<Self>().cloned())
    }
}
