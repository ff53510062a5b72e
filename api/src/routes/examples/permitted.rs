//! The example in the path, for those who may see it.

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use huibao_models::domain::access::{Action, Resource};
use huibao_models::domain::example::Published;
use huibao_models::domain::ids::SubmissionId;
use huibao_models::domain::report::Report;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::ReportPath;
use crate::request_error::RequestError;
use crate::state::ApiState;

/// A report that its branch shows, and somebody who may see it.
pub(crate) struct PermittedExample {
    /// Who asks.
    pub caller: Caller,
    /// The report.
    pub report: Report,
    /// Its submission that was accepted.
    pub submission: SubmissionId,
    /// Who shows it.
    pub published: Published,
}

impl FromRequestParts<ApiState> for PermittedExample {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &ApiState) -> Result<Self, ApiError> {
        let caller =
            <Caller as FromRequestParts<ApiState>>::from_request_parts(parts, state).await?;
        let ReportPath(id) = ReportPath::from_request_parts(parts, state).await?;
        let mut snapshot = state.store.snapshot().await?;
        let report = snapshot.reports().get(id).await?.ok_or(RequestError::NotFound)?;
        let example = snapshot.examples().get(id).await?;
        drop(snapshot);
        let published = example.and_then(|example| example.published);
        let what = Resource::Example {
            author: report.author,
            branch: &report.branch,
            state: report.state,
            published: published.is_some(),
        };
        caller.check(state, Action::SeeExample, &what, id)?;
        let published = published.ok_or(RequestError::NotFound)?;
        let submission = report.current_submission.ok_or(RequestError::NotFound)?;
        Ok(Self { caller, report, submission, published })
    }
}
