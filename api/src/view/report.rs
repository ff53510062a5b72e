//! A report with everything that readers see of it.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use super::error::FailureView;
use super::list::ReportSummary;
use super::media::{Links, MediaView, VideoFileView, WrittenFileView};
use super::stage::StageView;
use super::transcript::{SegmentView, TranscriptView};

/// One report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ReportBody {
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
pub struct ReportView {
    /// The fields that lists show as well.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// The submission that this shows: the report's current one.
    pub submission: SubmissionRef,
    /// Requested language: an ISO 639-1 code or `auto`.
    pub language: String,
    /// The submitted video.
    pub video: VideoFileView,
    /// The written report, if one was submitted.
    #[schema(required)]
    pub written: Option<WrittenFileView>,
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
    /// URLs of the files.
    pub links: Links,
    /// Why processing failed, if it did.
    #[schema(required)]
    pub failure: Option<FailureView>,
}
