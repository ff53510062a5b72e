//! Good examples, as members of a branch see them: what was said and written, and nothing of the review.

use chrono::{DateTime, Utc};
use huibao_models::domain::example::{Example, Published};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::report::Report;
use huibao_models::domain::submission::{FileKind, StoredFile, Submission};
use huibao_models::store::NumberedTranscript;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::list::{Beside, ReportSummary};
use super::media::{Links, MediaView};
use super::transcript::TranscriptView;

/// Good examples.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExampleList {
    /// The newest first.
    pub examples: Vec<ExampleSummary>,
}

/// A good example in a list.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct ExampleSummary {
    /// The report. Its poster is that of the example.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// Since when it is shown.
    pub published_at: DateTime<Utc>,
}

/// A good example.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Example)]
pub struct ExampleView {
    /// What lists show as well.
    #[serde(flatten)]
    pub example: ExampleSummary,
    /// The name of the reviewer who shows it.
    pub published_by: String,
    /// Whether the one who asks may withdraw it.
    pub may_withdraw: bool,
    /// Requested language: an ISO 639-1 code or `auto`.
    pub language: String,
    /// Properties of the video.
    #[schema(required)]
    pub media: Option<MediaView>,
    /// What was said.
    #[schema(required)]
    pub transcript: Option<TranscriptView>,
    /// What was written; null if there is no text.
    #[schema(required)]
    pub written: Option<String>,
    /// URLs of the photographed pages of the written report, in their order.
    pub pages: Vec<String>,
    /// URLs of the files. Only those that are part of an example are there.
    pub links: Links,
}

/// Whether a report is shown as an example, as its author and reviewers see it.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ExampleState)]
pub struct ExampleStateView {
    /// When its author agreed.
    pub consented_at: DateTime<Utc>,
    /// Since when it is shown; null if it is not.
    #[schema(required)]
    pub published_at: Option<DateTime<Utc>>,
    /// The name of the reviewer who shows it.
    #[schema(required)]
    pub published_by: Option<String>,
}

/// Whether the author agrees.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Consent {
    /// Whether the report may be shown as an example.
    pub given: bool,
}

impl From<&Example> for ExampleStateView {
    fn from(example: &Example) -> Self {
        let published = example.published.as_ref();
        Self {
            consented_at: example.consented_at,
            published_at: published.map(|published| published.at),
            published_by: published.map(|published| published.by_name.clone()),
        }
    }
}

/// The rows of an example.
pub(crate) struct ExampleRows {
    pub report: Report,
    pub submission: Submission,
    pub files: Vec<StoredFile>,
    pub transcript: Option<NumberedTranscript>,
    pub published: Published,
    /// Whether the one who asks may withdraw it.
    pub may_withdraw: bool,
}

impl ExampleSummary {
    /// An example with links below `root`.
    pub(crate) fn new(
        report: &Report,
        submission: Option<&Submission>,
        published_at: DateTime<Utc>,
        root: &str,
    ) -> Self {
        let mut summary = ReportSummary::new(report, submission, Beside::default(), root);
        let media = submission.and_then(|submission| submission.media.as_ref());
        // Ingest makes both.
        summary.poster_url = media.map(|_| url(root, report.id, "poster"));
        Self { summary, published_at }
    }
}

impl ExampleView {
    /// An example with links below `root`.
    pub(crate) fn new(rows: &ExampleRows, root: &str) -> Self {
        let ExampleRows { report, submission, files, transcript, published, may_withdraw } = rows;
        let has = |kind| files.iter().any(|file| file.kind == kind);
        let link = |kind, name| has(kind).then(|| url(root, report.id, name));
        let pages = files.iter().filter(|file| file.kind == FileKind::PageImage).count();
        let written = submission.written.as_ref().map(|written| written.text.clone());
        let rendition = submission.rendition.as_ref();
        Self {
            example: ExampleSummary::new(report, Some(submission), published.at, root),
            published_by: published.by_name.clone(),
            may_withdraw: *may_withdraw,
            language: submission.language.clone(),
            media: submission.media.as_ref().map(|media| MediaView::new(media, rendition)),
            transcript: transcript.as_ref().map(read_only),
            written: written.filter(|text| !text.trim().is_empty()),
            pages: (1..=pages).map(|page| url(root, report.id, &format!("pages/{page}"))).collect(),
            links: Links {
                video: link(FileKind::Rendition, "video"),
                original: None,
                poster: link(FileKind::Poster, "poster"),
                peaks: None,
                written: None,
                vtt: transcript.as_ref().map(|_| url(root, report.id, "transcript.vtt")),
                srt: None,
                txt: None,
                json: None,
            },
        }
    }
}

/// The text with its times. How sure the recogniser was is for those who correct it.
fn read_only(transcript: &NumberedTranscript) -> TranscriptView {
    let mut view = TranscriptView::from(transcript);
    for segment in &mut view.segments {
        (segment.words, segment.flags, segment.confidence) = (vec![], vec![], None);
    }
    view
}

/// URL of an example's file, on a server whose paths begin with `root`.
fn url(root: &str, report: ReportId, name: &str) -> String {
    format!("{root}/api/v1/examples/{report}/{name}")
}
