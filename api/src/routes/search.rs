//! Search over the texts of the reports that one may read.

use axum::Json;
use axum::extract::State;
use huibao_models::domain::access::Whose;
use huibao_models::domain::ids::RoundId;
use huibao_models::domain::report::ReportKind;
use huibao_models::domain::search::{TextSource, Words};
use huibao_models::store::SearchQuery;
use serde::Deserialize;

use super::reports::filter::FilterParams;
use crate::audit;
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Params;
use crate::page::PageSize;
use crate::request_error::RequestError;
use crate::state::ApiState;
use crate::summaries::summaries;
use crate::view::{ErrorBody, FoundView, SearchResults, enums};

/// Reports of a page: each is shown with several lines.
const DEFAULT: u32 = 20;
const MOST: u32 = 50;

/// What is looked for.
#[derive(Deserialize)]
pub(crate) struct SearchParams {
    #[serde(default)]
    q: String,
    source: Option<TextSource>,
    limit: Option<u32>,
    before: Option<i64>,
    #[serde(default)]
    states: String,
    kind: Option<ReportKind>,
    round: Option<RoundId>,
    branch: Option<String>,
    whose: Option<Whose>,
}

impl SearchParams {
    fn query(self) -> Result<SearchQuery, RequestError> {
        let words = Words::parse(&self.q).ok_or(RequestError::BadRequest)?;
        let Self { source, states, kind, round, branch, whose, .. } = self;
        let filter = FilterParams { states, kind, round, branch, whose }.filter()?;
        Ok(SearchQuery { words, source, filter })
    }
}

/// The reports that one may read and that have all words: in their title or names, in what was said, or in the written
/// report. Those that were handed in last come first, each with the sentences that have the words.
#[utoipa::path(get, path = "/api/v1/search", tag = "reports",
    params(
        ("q" = String, Query, description = "Words, at most 100 letters: Chinese of any length, whole words of other scripts"),
        ("source" = Option<enums::TextSource>, Query, description = "Only in texts from here"),
        ("limit" = Option<u32>, Query, minimum = 1, maximum = 50,
            description = "How many reports; 20 if not given"),
        ("before" = Option<i64>, Query, description = "The `next` of the page before"),
        ("states" = Option<String>, Query,
            description = "Only reports in one of these states (`ReportState`), separated by commas"),
        ("kind" = Option<enums::ReportKind>, Query, description = "Only reports of this kind"),
        ("round" = Option<Uuid>, Query, description = "Only reports for this round"),
        ("branch" = Option<String>, Query,
            description = "Only reports of this branch and all below it"),
        ("whose" = Option<enums::Whose>, Query, description = "Whose; `all` that one may read if not given")),
    responses(
        (status = 200, description = "A page of the reports that were found", body = SearchResults),
        (status = 400, description = "`bad_request`: no words, or far too many", body = ErrorBody)))]
pub(crate) async fn search(
    State(state): State<ApiState>,
    caller: Caller,
    Params(params): Params<SearchParams>,
) -> Result<Json<SearchResults>, ApiError> {
    let limit = PageSize::new(params.limit, DEFAULT, MOST).get();
    let (words, before) = (params.q.clone(), params.before);
    let query = params.query()?;
    let mut snapshot = state.store.snapshot().await?;
    let scope = caller.principal.scope();
    let (found, next) = snapshot.search().find(&scope, &query, before, limit).await?;
    let waiting = snapshot.search().count_waiting().await?;
    let root = state.config.public_path();
    let reports: Vec<_> = found.iter().map(|one| &one.report).collect();
    let summaries = summaries(&mut snapshot, &reports, caller.person(), root).await?;
    drop(snapshot);
    // Sentences of reports are shown.
    audit::searched(&state, &caller, &words, reports.iter().map(|one| &one.report)).await?;
    let view = |(summary, one)| FoundView::new(summary, one);
    let found = summaries.into_iter().zip(&found).map(view).collect();
    Ok(Json(SearchResults { found, next, waiting }))
}
