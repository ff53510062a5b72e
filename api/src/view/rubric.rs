//! Rubrics, and what reviewers answer. There is no score in them.

use chrono::{DateTime, Utc};
use huibao_models::domain::ids::PersonId;
use huibao_models::domain::report::ReportKind;
use huibao_models::domain::rubric::{Answer, Asked, Question, Rubric};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;
use super::review::AnchorView;

/// Rubrics.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct RubricList {
    /// By branch.
    pub rubrics: Vec<RubricView>,
}

/// What a branch asks its reviewers about reports of a kind.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Rubric)]
pub struct RubricView {
    /// The branch. What lies below it is asked the same, unless it has a rubric of its own.
    pub branch: String,
    /// The kind of reports.
    #[schema(value_type = enums::ReportKind)]
    pub kind: ReportKind,
    /// The questions, in their order; none: the next branch above decides.
    pub questions: Vec<QuestionView>,
    /// Grows with each change; `"r3"` is the `ETag` of the third.
    pub revision: u32,
    /// When it was changed last.
    pub changed_at: DateTime<Utc>,
    /// Whether the one who asks may change it.
    pub may_change: bool,
}

/// A question to reviewers.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Question)]
pub struct QuestionView {
    /// The id. A question with other words is another one.
    pub id: Uuid,
    /// What is asked.
    pub text: String,
}

/// What a branch is to ask.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewRubric {
    /// The branch.
    pub branch: String,
    /// The kind of reports.
    #[schema(value_type = enums::ReportKind)]
    pub kind: ReportKind,
    /// The questions in their order, each once, of at most 500 characters; none: the branch above decides.
    #[schema(max_items = 30)]
    pub questions: Vec<String>,
}

/// A question about a report, with what reviewers answered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = AskedQuestion)]
pub struct AskedView {
    /// The id.
    pub id: Uuid,
    /// What was asked.
    pub text: String,
    /// Whether it is asked now: others were answered before the rubric was changed, or the report is decided.
    pub current: bool,
    /// Whether nobody has answered it with evidence.
    pub open: bool,
    /// The answers, each by another reviewer.
    pub answers: Vec<AnswerView>,
}

/// What a reviewer answered.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Answer)]
pub struct AnswerView {
    /// The name of the reviewer.
    pub person: String,
    /// Whether it was the one who asks.
    pub own: bool,
    /// What they say.
    pub text: String,
    /// Where the report shows it.
    #[schema(value_type = Vec<AnchorView>)]
    pub evidence: Vec<AnchorView>,
    /// Grows with each change; `"a3"` is the `ETag` of the third.
    pub revision: u32,
    /// When it was changed last.
    pub changed_at: DateTime<Utc>,
}

/// What a reviewer answers.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewAnswer)]
pub(crate) struct AnswerBody {
    /// In words.
    #[serde(default)]
    #[schema(max_length = 5000)]
    pub text: String,
    /// Where the report shows it: times and passages.
    #[serde(default)]
    #[schema(value_type = Vec<AnchorView>, max_items = 20)]
    pub evidence: Vec<AnchorView>,
}

impl RubricView {
    /// As somebody sees it who may change it, or not.
    pub(crate) fn new(rubric: Rubric, may_change: bool) -> Self {
        Self {
            branch: rubric.branch.to_string(),
            kind: rubric.kind,
            questions: rubric.questions.into_iter().map(QuestionView::from).collect(),
            revision: rubric.revision,
            changed_at: rubric.changed_at,
            may_change,
        }
    }
}

impl From<Question> for QuestionView {
    fn from(question: Question) -> Self {
        Self { id: question.id.uuid(), text: question.text }
    }
}

impl AskedView {
    /// As a reader sees it.
    pub(crate) fn new(asked: &Asked<'_>, reader: PersonId) -> Self {
        Self {
            id: asked.question.id.uuid(),
            text: asked.question.text.clone(),
            current: asked.current,
            open: asked.is_open(),
            answers: asked.answers.iter().map(|answer| AnswerView::new(answer, reader)).collect(),
        }
    }
}

impl AnswerView {
    /// As a reader sees it.
    pub(crate) fn new(answer: &Answer, reader: PersonId) -> Self {
        Self {
            person: answer.person_name.clone(),
            own: answer.person == reader,
            text: answer.text.clone(),
            evidence: answer.evidence.iter().map(AnchorView::from).collect(),
            revision: answer.revision,
            changed_at: answer.changed_at,
        }
    }
}
