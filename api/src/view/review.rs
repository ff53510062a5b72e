//! Reviews: corrections, decisions, comments.

use chrono::{DateTime, Utc};
use huibao_models::domain::correction::SegmentChange;
use huibao_models::domain::ids::{CommentId, PersonId};
use huibao_models::domain::review::{Anchor, Comment, Decision, Verdict};
use huibao_models::store::{Corrected, CorrectionRecord};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;
use super::time::seconds;
use super::transcript::SegmentView;

/// What is to stand in a transcript in place of segments that follow each other: another text, two texts for one
/// segment (which splits it), one for two (which joins them), none (which leaves it out).
#[derive(Deserialize, ToSchema)]
pub(crate) struct CorrectionBody {
    /// The segments as they were read. If one says something else by now, nothing is changed.
    #[schema(min_items = 1, max_items = 50)]
    pub replaced: Vec<ReadSegmentBody>,
    /// The texts, one for each segment that is to stand there.
    #[schema(max_items = 50)]
    pub by: Vec<String>,
}

/// A segment as it was read.
#[derive(Deserialize, ToSchema)]
#[schema(as = ReadSegment)]
pub(crate) struct ReadSegmentBody {
    /// Its id.
    pub id: u32,
    /// Its text.
    pub text: String,
}

/// A correction that was made.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Corrected)]
pub struct CorrectedView {
    /// The number of the transcript version that readers see now.
    pub version: u32,
    /// What it changed; nothing if the text was that already.
    pub changes: Vec<SegmentChangeView>,
}

/// What a correction does to one segment.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = SegmentChange)]
pub struct SegmentChangeView {
    /// The segment's id.
    pub id: u32,
    /// What it was; null if there was none.
    #[schema(required)]
    pub before: Option<SegmentView>,
    /// What it is; null if it is left out.
    #[schema(required)]
    pub after: Option<SegmentView>,
}

/// A page of what people have corrected.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct CorrectionList {
    /// The newest first.
    pub corrections: Vec<CorrectionView>,
    /// The `before` of the next page; null on the last.
    #[schema(required)]
    pub next: Option<u32>,
}

/// A correction as the history tells of it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Correction)]
pub struct CorrectionView {
    /// The number of the transcript version that it made.
    pub version: u32,
    /// The name of the person who corrected.
    #[schema(required)]
    pub person: Option<String>,
    /// Whether it was the one who asks.
    pub own: bool,
    /// When.
    pub at: DateTime<Utc>,
    /// The version that it takes back, if it does.
    #[schema(required)]
    pub undoes: Option<u32>,
    /// What it changed.
    pub changes: Vec<SegmentChangeView>,
}

/// What a reviewer decides.
#[derive(Deserialize, ToSchema)]
#[schema(as = NewDecision)]
pub(crate) struct DecisionBody {
    /// What.
    #[schema(value_type = enums::Verdict)]
    pub verdict: Verdict,
    /// Why, in words for the author. Needed if the report is returned.
    #[serde(default)]
    #[schema(max_length = 5000)]
    pub reasons: String,
    /// The number of the transcript version that was read.
    pub transcript_version: u32,
}

/// A decision. None is ever changed; the newest counts.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Decision)]
pub struct DecisionView {
    /// What was decided.
    #[schema(value_type = enums::Verdict)]
    pub verdict: Verdict,
    /// Why; may be empty.
    pub reasons: String,
    /// The name of the person who decided.
    pub person: String,
    /// When.
    pub at: DateTime<Utc>,
    /// The number of the submission that was read.
    pub submission_version: u32,
    /// The number of its transcript version that was read.
    pub transcript_version: u32,
    /// Whether the transcript was changed since.
    pub stale: bool,
    /// The questions of the rubric that nobody had answered with evidence then, in words.
    pub open_questions: Vec<String>,
}

/// What a comment is about.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case")]
#[schema(as = Anchor)]
pub enum AnchorView {
    /// The report as a whole.
    Report {},
    /// A time in the video.
    Time {
        /// Seconds from its start.
        #[schema(minimum = 0)]
        at: f64,
    },
    /// A sentence of the transcript, or a passage in it.
    Segment {
        /// The segment's id.
        segment: u32,
        /// Where it begins in the video, in seconds.
        #[schema(minimum = 0)]
        at: f64,
        /// What it said.
        #[schema(max_length = 2000)]
        quote: String,
    },
    /// A passage of the written report.
    Written {
        /// What it says.
        #[schema(max_length = 2000)]
        quote: String,
    },
}

/// Something to say about a report.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewComment {
    /// What.
    #[schema(min_length = 1, max_length = 5000)]
    pub text: String,
    /// The comment that this answers. It is about the same then, and seen by the same people.
    pub parent: Option<Uuid>,
    /// What it is about; the report as a whole if not given.
    #[schema(value_type = Option<AnchorView>)]
    pub anchor: Option<AnchorView>,
    /// Whether the report's author sees it. What authors say is seen by those who review.
    #[serde(default)]
    pub shared: bool,
}

/// What is to be changed in a comment. What is not given stays.
#[derive(Deserialize, ToSchema)]
pub(crate) struct CommentChange {
    /// What it says; only its writer changes that.
    #[schema(min_length = 1, max_length = 5000)]
    pub text: Option<String>,
    /// Whether it is settled.
    pub resolved: Option<bool>,
}

/// A comment, or an answer to one.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Comment)]
pub struct CommentView {
    /// Its id. Ids sort by time.
    pub id: Uuid,
    /// The comment that it answers.
    #[schema(required)]
    pub parent: Option<Uuid>,
    /// The submission that it is about.
    pub submission: Uuid,
    /// The name of the person who wrote it.
    pub person: String,
    /// Whether it was the one who asks.
    pub own: bool,
    /// Whether it was the report's author.
    pub by_author: bool,
    /// What it says; empty if it was removed and stays for its answers.
    pub text: String,
    /// What it is about.
    #[schema(value_type = AnchorView)]
    pub anchor: AnchorView,
    /// Whether the report's author sees it.
    pub shared: bool,
    /// When it was written.
    pub created_at: DateTime<Utc>,
    /// When it was changed last.
    #[schema(required)]
    pub edited_at: Option<DateTime<Utc>>,
    /// When it was settled.
    #[schema(required)]
    pub resolved_at: Option<DateTime<Utc>>,
    /// When its writer removed it.
    #[schema(required)]
    pub removed_at: Option<DateTime<Utc>>,
}

impl From<Corrected> for CorrectedView {
    fn from(made: Corrected) -> Self {
        let changes = made.changes.iter().map(SegmentChangeView::from).collect();
        Self { version: made.version, changes }
    }
}

impl From<&SegmentChange> for SegmentChangeView {
    fn from(change: &SegmentChange) -> Self {
        Self {
            id: change.id,
            before: change.before.as_ref().map(SegmentView::from),
            after: change.after.as_ref().map(SegmentView::from),
        }
    }
}

impl CorrectionView {
    /// As a reader sees it.
    pub(crate) fn new(record: CorrectionRecord, reader: PersonId) -> Self {
        Self {
            version: record.version,
            own: record.person == Some(reader),
            person: record.person_name,
            at: record.at,
            undoes: record.undoes,
            changes: record.changes.iter().map(SegmentChangeView::from).collect(),
        }
    }
}

impl From<&Decision> for DecisionView {
    fn from(decision: &Decision) -> Self {
        Self {
            verdict: decision.verdict,
            reasons: decision.reasons.clone(),
            person: decision.person_name.clone(),
            at: decision.at,
            submission_version: decision.submission_version,
            transcript_version: decision.transcript_version,
            stale: decision.stale,
            open_questions: decision.open_questions.clone(),
        }
    }
}

impl CommentView {
    /// As a reader sees it, on a report of `author`.
    pub(crate) fn new(comment: &Comment, author: Option<PersonId>, reader: PersonId) -> Self {
        Self {
            id: comment.id.uuid(),
            parent: comment.parent.map(CommentId::uuid),
            submission: comment.submission.uuid(),
            person: comment.person_name.clone(),
            own: comment.person == reader,
            by_author: author == Some(comment.person),
            text: comment.text.clone(),
            anchor: AnchorView::from(&comment.anchor),
            shared: comment.shared,
            created_at: comment.created_at,
            edited_at: comment.edited_at,
            resolved_at: comment.resolved_at,
            removed_at: comment.removed_at,
        }
    }
}

impl From<&Anchor> for AnchorView {
    fn from(anchor: &Anchor) -> Self {
        match anchor {
            Anchor::Report => Self::Report {},
            Anchor::Time { ms } => Self::Time { at: seconds(*ms) },
            Anchor::Segment { segment, ms, quote } => {
                Self::Segment { segment: *segment, at: seconds(*ms), quote: quote.clone() }
            }
            Anchor::Written { quote } => Self::Written { quote: quote.clone() },
        }
    }
}
