//! Which reports a list or a search is about, as its query says.

use huibao_models::domain::access::Whose;
use huibao_models::domain::ids::RoundId;
use huibao_models::domain::report::ReportKind;
use huibao_models::store::ReportFilter;

use crate::request_error::RequestError;

/// The parameters that say so.
pub(crate) struct FilterParams {
    /// Names of states, between commas.
    pub states: String,
    pub kind: Option<ReportKind>,
    pub round: Option<RoundId>,
    pub branch: Option<String>,
    pub whose: Option<Whose>,
}

impl FilterParams {
    pub(crate) fn filter(&self) -> Result<ReportFilter, RequestError> {
        let names = self.states.split(',').filter(|name| !name.is_empty());
        let states: Result<_, _> = names.map(str::parse).collect();
        let branch = self.branch.as_deref().map(str::parse).transpose();
        Ok(ReportFilter {
            states: states.map_err(|_| RequestError::BadRequest)?,
            kind: self.kind,
            round: self.round,
            branch: branch.map_err(|_| RequestError::BadRequest)?,
            whose: self.whose.unwrap_or_default(),
        })
    }
}
