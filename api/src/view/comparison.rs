//! What was said, compared with what was written.

use huibao_models::domain::comparison::{
    Agreement, Comparison, SaidPassage, SaidSentence, WrittenPassage,
};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;
use super::time::seconds;

/// The transcript that readers see, compared with the written report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Comparison)]
pub struct ComparisonView {
    /// The number of the transcript version.
    pub transcript_version: u32,
    /// The whole written report in passages of at most a sentence; joined, they are its text.
    pub written: Vec<WrittenPassageView>,
    /// Of what was said, the sentences that differ from what was written.
    pub said: Vec<SaidSentenceView>,
}

/// A passage of the written report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = WrittenPassage)]
pub struct WrittenPassageView {
    /// How it stands to what was said.
    #[schema(value_type = enums::Agreement)]
    pub agreement: Agreement,
    /// The text.
    pub text: String,
    /// From when on it was said, in seconds; null if it was not. What is `moved` was said at another place.
    #[schema(required)]
    pub start: Option<f64>,
    /// Until when.
    #[schema(required)]
    pub end: Option<f64>,
}

/// A sentence of the transcript that differs.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = SaidSentence)]
pub struct SaidSentenceView {
    /// The segment's id.
    pub segment: u32,
    /// Its passages; joined, they are its text.
    pub passages: Vec<SaidPassageView>,
}

/// A passage of what was said.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = SaidPassage)]
pub struct SaidPassageView {
    /// How it stands to what was written.
    #[schema(value_type = enums::Agreement)]
    pub agreement: Agreement,
    /// The text.
    pub text: String,
    /// Of a `moved` passage, where it is written: the index of the first passage in `written` that has it. Else null.
    #[schema(required)]
    pub written: Option<u32>,
}

impl ComparisonView {
    /// A comparison with a version of the transcript.
    pub(crate) fn new(comparison: Comparison, transcript_version: u32) -> Self {
        Self {
            transcript_version,
            written: comparison.written.into_iter().map(WrittenPassageView::from).collect(),
            said: comparison.said.into_iter().map(SaidSentenceView::from).collect(),
        }
    }
}

impl From<WrittenPassage> for WrittenPassageView {
    fn from(passage: WrittenPassage) -> Self {
        let (start, end) = passage.said.unzip();
        let (start, end) = (start.map(seconds), end.map(seconds));
        Self { agreement: passage.agreement, text: passage.text, start, end }
    }
}

impl From<SaidSentence> for SaidSentenceView {
    fn from(sentence: SaidSentence) -> Self {
        let passages = sentence.passages.into_iter().map(SaidPassageView::from).collect();
        Self { segment: sentence.segment, passages }
    }
}

impl From<SaidPassage> for SaidPassageView {
    fn from(passage: SaidPassage) -> Self {
        Self { agreement: passage.agreement, text: passage.text, written: passage.written }
    }
}
