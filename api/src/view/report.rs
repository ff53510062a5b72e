//! A report with all that readers see of it.

use huibao_models::domain::failure::Lang;
use huibao_models::domain::job::{Job, JobState};
use huibao_models::domain::report::{FileKind, Report, StoredFile};
use huibao_models::domain::transcript::{Segment, Transcript};
use huibao_models::store::{Store, StoreError};
use serde::Serialize;
use utoipa::ToSchema;
use uuid::Uuid;

use super::media::{Links, MediaView, VideoFileView, WrittenFileView};
use super::stage::StageView;
use super::transcript::{SegmentView, TranscriptView};
use super::{FailureView, ReportSummary};

/// A report.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Report)]
pub(crate) struct ReportView {
    /// What lists show as well.
    #[serde(flatten)]
    pub summary: ReportSummary,
    /// Language asked for: an ISO 639-1 code or `auto`.
    pub language: String,
    /// The video as given.
    pub video: VideoFileView,
    /// The written report, if one was given.
    #[schema(required)]
    pub written: Option<WrittenFileView>,
    /// What the video contains, once ingest has looked.
    #[schema(required)]
    pub media: Option<MediaView>,
    /// The stages, in order.
    pub stages: Vec<StageView>,
    /// What is recognised so far, while there is no transcript.
    pub partial: Vec<SegmentView>,
    /// What was said, once recognition is done.
    #[schema(required)]
    pub transcript: Option<TranscriptView>,
    /// Where the files are.
    pub links: Links,
    /// Why it failed, if it did.
    #[schema(required)]
    pub failure: Option<FailureView>,
}

/// The rows of one report.
pub(crate) struct LoadedReport {
    jobs: Vec<Job>,
    partial: Vec<Segment>,
    transcript: Option<Transcript>,
    files: Vec<StoredFile>,
    report: Report,
}

impl LoadedReport {
    /// Reads a report, or `None` where there is none.
    pub(crate) async fn load(store: &Store, id: Uuid) -> Result<Option<Self>, StoreError> {
        // The order matters, because other transactions may commit in between. With jobs first,
        // results are never older than the states that promise them; with partial text before the
        // transcript that replaces it, text never vanishes.
        let jobs = store.jobs(id).await?;
        let partial = store.partial(id).await?;
        let transcript = store.transcript(id).await?;
        let files = store.files(id).await?;
        let report = store.report(id).await?;
        Ok(report.map(|report| Self { jobs, partial, transcript, files, report }))
    }

    /// Whether nothing more will happen by itself. A report counts as failed as soon as one stage
    /// is dead, while others may still be at work.
    pub(crate) fn is_settled(&self) -> bool {
        !self.jobs.iter().any(|job| matches!(job.state, JobState::Queued | JobState::Running))
    }

    /// The newest file of a kind.
    fn file(&self, kind: FileKind) -> Option<&StoredFile> {
        self.files.iter().rfind(|file| file.kind == kind)
    }

    /// What readers see.
    pub(crate) fn view(&self, lang: Lang) -> ReportView {
        let report = &self.report;
        let written = self.file(FileKind::Written);
        let partial = if self.transcript.is_none() { self.partial.as_slice() } else { &[] };
        ReportView {
            summary: ReportSummary::new(report, self.file(FileKind::Poster).is_some()),
            language: report.language.clone(),
            video: self.video(),
            written: written.map(|file| WrittenFileView::new(file, report.written.as_ref())),
            media: report
                .media
                .as_ref()
                .map(|media| MediaView::new(media, report.rendition.as_ref())),
            stages: self.jobs.iter().map(|job| StageView::new(job, lang)).collect(),
            partial: partial.iter().map(SegmentView::from).collect(),
            transcript: self.transcript.as_ref().map(TranscriptView::from),
            links: self.links(),
            failure: report.failure.as_ref().map(|failure| FailureView::new(failure, lang)),
        }
    }

    fn video(&self) -> VideoFileView {
        let file = self.file(FileKind::Original);
        VideoFileView {
            file_name: file.map(|file| file.name.clone()).unwrap_or_default(),
            size_bytes: file.map_or(0, |file| file.size_bytes),
        }
    }

    fn links(&self) -> Links {
        let link = |name: &str| format!("/api/reports/{}/{name}", self.report.id);
        let file = |kind, name| self.file(kind).map(|_| link(name));
        let transcript = |name| self.transcript.as_ref().map(|_| link(name));
        Links {
            video: file(FileKind::Rendition, "video"),
            original: link("original"),
            poster: file(FileKind::Poster, "poster"),
            written: file(FileKind::Written, "written"),
            vtt: transcript("transcript.vtt"),
            srt: transcript("transcript.srt"),
            txt: transcript("transcript.txt"),
            json: transcript("transcript.json"),
        }
    }
}
