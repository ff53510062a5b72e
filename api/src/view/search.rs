//! What a search finds.

use huibao_models::domain::search::{Excerpt, Part, TextSource};
use huibao_models::store::Found;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;
use super::list::ReportSummary;
use super::time::seconds;

/// A page of what was found.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SearchResults {
    /// The reports; those that were handed in last come first.
    pub found: Vec<FoundView>,
    /// The `before` of the next page; null on the last. A page can be short, or empty, and not be the last.
    #[schema(required)]
    pub next: Option<i64>,
    /// How many reports have changed so lately that they are not searched yet, of all in this installation.
    pub waiting: u32,
}

/// A report that has the words.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Found)]
pub struct FoundView {
    /// The report.
    pub report: ReportSummary,
    /// Sentences that have words, at most three: those with most of them.
    pub excerpts: Vec<ExcerptView>,
    /// How many sentences have words.
    pub sentences: usize,
}

/// A sentence, or a part of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Excerpt)]
pub struct ExcerptView {
    /// Where it is from.
    #[schema(value_type = enums::TextSource)]
    pub source: TextSource,
    /// When it is said; null if it is not from what was said.
    #[schema(required)]
    pub start_seconds: Option<f64>,
    /// Its text; all parts joined.
    pub parts: Vec<PartView>,
}

/// A part of an excerpt.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExcerptPart)]
pub struct PartView {
    /// The text.
    pub text: String,
    /// Whether it is one of the words.
    pub found: bool,
}

impl FoundView {
    pub(crate) fn new(report: ReportSummary, found: &Found) -> Self {
        let excerpts = found.excerpts.iter().map(ExcerptView::from).collect();
        Self { report, excerpts, sentences: found.count }
    }
}

impl From<&Excerpt> for ExcerptView {
    fn from(excerpt: &Excerpt) -> Self {
        Self {
            source: excerpt.source,
            start_seconds: excerpt.start_ms.map(seconds),
            parts: excerpt.parts.iter().map(PartView::from).collect(),
        }
    }
}

impl From<&Part> for PartView {
    fn from(part: &Part) -> Self {
        Self { text: part.text.clone(), found: part.found }
    }
}
