//! A report with everything that readers see of it.

use huibao_models::domain::report::ReportKind;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::enums;
use super::error::FailureView;
use super::example::ExampleStateView;
use super::list::ReportSummary;
use super::media::{Links, MediaView, PageView, VideoFileView, WrittenFileView};
use super::review::{CommentView, DecisionView};
use super::rubric::AskedView;
use super::stage::StageView;
use super::transcript::{SegmentView, TranscriptView};

/// One report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportBody {
    /// Its id.
    pub id: Uuid,
    /// The report.
    pub report: ReportView,
}

/// A submission: one handed-in version of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[schema(as = Submission)]
pub struct SubmissionRef {
    /// Its id.
    pub id: Uuid,
    /// Its number within the report; 1 is the first.
    #[schema(minimum = 1)]
    pub version: u32,
}

/// A report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Report)]
#[expect(clippy::struct_excessive_bools, reason = "each is a thing of its own that clients ask")]
pub struct ReportView {
    /// The fields that lists show as well.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// The submission that this shows: the report's current one; null before one is handed in.
    #[schema(required)]
    pub submission: Option<SubmissionRef>,
    /// Requested language: an ISO 639-1 code or `auto`.
    pub language: String,
    /// Whether the one who asks is its author.
    pub own: bool,
    /// Whether its author can change it, upload files and hand it in.
    pub open: bool,
    /// Whether the one who asks may correct its transcript and decide about it.
    pub may_review: bool,
    /// What was decided, the newest first.
    pub decisions: Vec<DecisionView>,
    /// What was said about it, as far as the one who asks sees it, the oldest first.
    pub comments: Vec<CommentView>,
    /// What reviewers are asked about it, and their answers. Its author sees what was answered once it is decided.
    pub questions: Vec<AskedView>,
    /// Whether it may be shown as a good example, and is; null as long as its author does not agree.
    #[schema(required)]
    pub example: Option<ExampleStateView>,
    /// The written report as typed so far; empty if there is none, or a file instead.
    pub written_text: String,
    /// Files that are uploaded, or on their way, and not handed in yet.
    pub uploads: Vec<UploadView>,
    /// The submitted video; null before one is handed in.
    #[schema(required)]
    pub video: Option<VideoFileView>,
    /// The written report, if one was submitted.
    #[schema(required)]
    pub written: Option<WrittenFileView>,
    /// The photographed pages of the written report, in their order.
    pub pages: Vec<PageView>,
    /// Properties of the video, once ingest has read them.
    #[schema(required)]
    pub media: Option<MediaView>,
    /// The stages, in order.
    pub stages: Vec<StageView>,
    /// The segments recognised so far, while there is no transcript.
    pub partial: Vec<SegmentView>,
    /// The transcript, once recognition is done.
    #[schema(required)]
    pub transcript: Option<TranscriptView>,
    /// Whether a quick model wrote the transcript, and a better one hears the report once no recognition waits.
    pub second_pass_due: bool,
    /// URLs of the files.
    pub links: Links,
    /// Why processing failed, if it did.
    #[schema(required)]
    pub failure: Option<FailureView>,
}

/// A draft that is to be made. Everything can be changed later.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ReportDraft {
    /// Its title.
    #[serde(default)]
    #[schema(max_length = 200)]
    pub title: String,
    /// Who speaks; the author's name if not given.
    #[serde(default)]
    #[schema(max_length = 100)]
    pub speaker: String,
    /// What it is about: one of `kinds` of `/api/v1/info`; `other` if not given and offered, or else the first.
    #[schema(value_type = Option<enums::ReportKind>)]
    pub kind: Option<ReportKind>,
    /// The quarter that it is for, such as `2026Q4`.
    #[serde(default)]
    pub period: String,
    /// The written report, if it is typed.
    #[serde(default)]
    pub written_text: String,
    /// One of the languages of `/api/v1/info`; the first if not given.
    #[serde(default)]
    pub language: String,
    /// The branch that it is handed in to, if its author is an activist in several.
    pub branch: Option<String>,
    /// The round that it is for.
    pub round: Option<Uuid>,
}

/// What is to be changed in a draft. What is not given stays.
#[derive(Deserialize, ToSchema)]
pub(crate) struct ReportChange {
    /// Its title.
    #[schema(max_length = 200)]
    pub title: Option<String>,
    /// What it is about.
    #[schema(value_type = Option<enums::ReportKind>)]
    pub kind: Option<ReportKind>,
    /// The quarter that it is for, such as `2026Q4`.
    pub period: Option<String>,
    /// The written report, if it is typed.
    pub written_text: Option<String>,
    /// One of the languages of `/api/v1/info`.
    pub language: Option<String>,
}

/// An upload of a draft.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Upload)]
pub struct UploadView {
    /// Its id: the last part of its URL.
    pub id: Uuid,
    /// `video`, `written` or `page`.
    pub role: String,
    /// The file's name.
    pub filename: String,
    /// Size of the file in bytes, if it is known.
    #[schema(required)]
    pub length: Option<u64>,
    /// Whether all of it has arrived.
    pub finished: bool,
}
