//! What callers are allowed to do here.
//!
//! A handler gets a report only as [`Permitted`], which asks the rules of
//! [`huibao_models::domain::access`]; so none can be written that forgets to.

use std::marker::PhantomData;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use huibao_models::domain::access::{Access, Action, Resource};
use huibao_models::domain::audit::Subject;
use huibao_models::domain::branch::BranchPath;
use huibao_models::domain::ids::{PersonId, ReportId, RoundId};
use huibao_models::domain::person::{Grant, Person};
use huibao_models::domain::report::Report;
use huibao_models::domain::round::Round;

use crate::audit;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::ReportPath;
use crate::request_error::RequestError;
use crate::state::ApiState;

impl Caller {
    /// Asks the rules, and lets the audit log know if they do not allow it.
    pub(crate) fn check(
        &self,
        state: &ApiState,
        action: Action,
        what: &Resource<'_>,
        subject: impl Into<Subject>,
    ) -> Result<(), RequestError> {
        let error = match self.may(action, what) {
            Access::Allowed => return Ok(()),
            Access::Hidden => RequestError::NotFound,
            Access::Refused => RequestError::Forbidden,
        };
        audit::refused(state, self, action, subject.into());
        Err(error)
    }

    /// Whether the rules allow something with a report.
    pub(crate) fn may_report(&self, action: Action, report: &Report) -> Access {
        self.may(action, &Resource::from(report))
    }

    /// Asks the rules about somebody, and returns who it is and what they are.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotFound`] also for somebody who must not be known to exist.
    pub(crate) async fn person_for(
        &self,
        state: &ApiState,
        action: Action,
        id: PersonId,
    ) -> Result<(Person, Vec<Grant>), ApiError> {
        let mut snapshot = state.store.snapshot().await?;
        let person = snapshot.people().get(id).await?.ok_or(RequestError::NotFound)?;
        let grants = snapshot.people().grants(id).await?;
        drop(snapshot);
        self.check(state, action, &Resource::Person { id, grants: &grants }, id)?;
        Ok((person, grants))
    }

    /// Asks the rules about a round, and returns it.
    pub(crate) async fn round_for(
        &self,
        state: &ApiState,
        action: Action,
        id: RoundId,
    ) -> Result<Round, ApiError> {
        let round = state.store.snapshot().await?.rounds().get(id).await?;
        let round = round.ok_or(RequestError::NotFound)?;
        self.check(state, action, &Resource::Round(&round.branch), id)?;
        Ok(round)
    }

    /// A round of which the caller reviews some branches, and these branches.
    ///
    /// # Errors
    ///
    /// [`RequestError::NotFound`] for one that they must not know of; [`RequestError::Forbidden`] for one that only
    /// asks something of them.
    pub(crate) async fn reviewed_round(
        &self,
        state: &ApiState,
        id: RoundId,
    ) -> Result<(Round, Vec<BranchPath>), ApiError> {
        let round = self.round_for(state, Action::SeeRound, id).await?;
        let branches = self.principal.reviewed_within(&round.branch);
        if branches.is_empty() {
            audit::refused(state, self, Action::ManageRound, id.into());
            return Err(RequestError::Forbidden.into());
        }
        Ok((round, branches))
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
        self.check(state, action, &Resource::from(&report), report.id)?;
        Ok(ReportAccess { caller: self.clone(), report })
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

rules!(Read, Edit, HandIn, Comment, Review, Consent, PublishExample, WithdrawExample);

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
