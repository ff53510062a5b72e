//! Who is asking, and what they are allowed to do here.
//!
//! `guard` finds out who is asking, before any handler runs. A handler gets a report only as
//! [`Permitted`], which asks the rules of [`huibao_models::domain::access`]; so none can be written that
//! forgets to.

use std::convert::Infallible;
use std::marker::PhantomData;

use axum::extract::{FromRequestParts, OptionalFromRequestParts};
use axum::http::request::Parts;
use huibao_models::domain::access::{self, Access, Action, Principal, Resource};
use huibao_models::domain::actor::Actor;
use huibao_models::domain::ids::{PersonId, ReportId, SessionId, TokenId};
use huibao_models::domain::report::Report;

use crate::error::ApiError;
use crate::extract::ReportPath;
use crate::request_error::RequestError;
use crate::state::ApiState;

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
}

impl Caller {
    /// The person.
    pub(crate) const fn person(&self) -> PersonId {
        self.principal.person
    }

    /// Who makes the changes that this request makes.
    pub(crate) const fn actor(&self) -> Actor {
        match self.proof {
            Proof::Session(_) => Actor::Person(self.principal.person),
            Proof::Token(token) => Actor::Token(token),
        }
    }

    /// The session, where there is one. Tokens do not change how their owner signs in.
    pub(crate) fn session(&self) -> Result<SessionId, RequestError> {
        match self.proof {
            Proof::Session(session) => Ok(session),
            Proof::Token(_) => Err(RequestError::Forbidden),
        }
    }

    /// Whether the rules allow something.
    pub(crate) fn check(&self, action: Action, what: &Resource<'_>) -> Result<(), RequestError> {
        match access::may(&self.principal, action, what) {
            Access::Allowed => Ok(()),
            Access::Hidden => Err(RequestError::NotFound),
            Access::Refused => Err(RequestError::Forbidden),
        }
    }

    /// Whether the rules allow something with a report.
    pub(crate) fn check_report(&self, action: Action, report: &Report) -> Result<(), RequestError> {
        let (author, branch, state) = (report.author, &report.branch, report.state);
        self.check(action, &Resource::Report { author, branch, state })
    }

    /// The report, if this caller may do something with it.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotFound`] also for what must not be known to exist.
    pub(crate) async fn report(
        &self,
        state: &ApiState,
        id: ReportId,
        action: Action,
    ) -> Result<ReportAccess, ApiError> {
        let report = state.store.snapshot().await?.reports().get(id).await?;
        let report = report.ok_or(RequestError::NotFound)?;
        self.check_report(action, &report)?;
        Ok(ReportAccess { caller: self.clone(), report })
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

/// A report that a caller may do something with.
pub(crate) struct ReportAccess {
    /// Who.
    pub caller: Caller,
    /// The report, as it was when the rules were asked.
    pub report: Report,
}

/// What a handler does with the report in its path.
pub(crate) trait Rule: Send {
    const ACTION: Action;
}

macro_rules! rules {
    ($($name:ident),+) => {
        $(
            pub(crate) struct $name;

            impl Rule for $name {
                const ACTION: Action = Action::$name;
            }
        )+
    };
}

rules!(Read, Edit, HandIn);

/// The report in the path, whose caller may do `R` with it.
pub(crate) struct Permitted<R> {
    /// The caller and the report.
    pub access: ReportAccess,
    rule: PhantomData<R>,
}

impl<R> Permitted<R> {
    /// The report's id.
    pub(crate) const fn id(&self) -> ReportId {
        self.access.report.id
    }
}

impl<R: Rule> FromRequestParts<ApiState> for Permitted<R> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let caller =
            <Caller as FromRequestParts<ApiState>>::from_request_parts(parts, state).await?;
        let ReportPath(id) = ReportPath::from_request_parts(parts, state).await?;
        let access = caller.report(state, id, R::ACTION).await?;
        Ok(Self { access, rule: PhantomData })
    }
}
