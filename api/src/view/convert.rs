//! Views from rows: the only place where the fields of `huibao_models` become those of the interface.

use std::collections::HashMap;

use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::{ReportId, TranscriptId};
use huibao_models::domain::job::Job;
use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::Report;
use huibao_models::domain::submission::{FileKind, StoredFile, Submission, WrittenContent};
use huibao_models::domain::transcript::{Segment, Transcript, TranscriptVersion, Word};

use super::error::FailureView;
use super::list::ReportSummary;
use super::media::{Links, MediaView, VideoFileView, WrittenFileView};
use super::report::{ReportView, SubmissionRef};
use super::stage::StageView;
use super::transcript::{SegmentView, TranscriptVersionView, TranscriptView, WordView};

/// The rows of one report and of its current submission.
pub(crate) struct ReportRows {
    pub report: Report,
    pub submission: Submission,
    pub jobs: Vec<Job>,
    pub files: Vec<StoredFile>,
    pub partial: Vec<Segment>,
    pub transcript: Option<Transcript>,
}

impl ReportRows {
    /// The newest file of a kind.
    fn file(&self, kind: FileKind) -> Option<&StoredFile> {
        self.files.iter().rfind(|file| file.kind == kind)
    }
}

impl ReportView {
    /// The view of a report, with messages in `lang`.
    pub(crate) fn new(rows: &ReportRows, lang: Lang) -> Self {
        let (report, submission) = (&rows.report, &rows.submission);
        let written = rows.file(FileKind::Written);
        let media = submission.media.as_ref();
        let partial = if rows.transcript.is_none() { rows.partial.as_slice() } else { &[] };
        Self {
            summary: ReportSummary::new(report, submission, rows.file(FileKind::Poster).is_some()),
            submission: SubmissionRef::from(submission),
            language: submission.language.clone(),
            video: VideoFileView::new(rows.file(FileKind::Original)),
            written: written.map(|file| WrittenFileView::new(file, submission.written.as_ref())),
            media: media.map(|media| MediaView::new(media, submission.rendition.as_ref())),
            stages: StageView::all(&rows.jobs, lang),
            partial: partial.iter().map(SegmentView::from).collect(),
            transcript: rows.transcript.as_ref().map(TranscriptView::from),
            links: Links::new(rows),
            failure: submission.failure.as_ref().map(|failure| FailureView::new(failure, lang)),
        }
    }
}

impl ReportSummary {
    /// The summary of a report that has a poster, or not.
    pub(crate) fn new(report: &Report, submission: &Submission, has_poster: bool) -> Self {
        Self {
            id: report.id.uuid(),
            title: report.title.clone(),
            speaker: report.speaker.clone(),
            state: submission.state,
            created_at: submission.created_at,
            duration_seconds: submission.media.as_ref().map(|media| seconds(media.duration_ms)),
            poster_url: has_poster.then(|| url(report.id, "poster")),
        }
    }
}

impl From<&Submission> for SubmissionRef {
    fn from(submission: &Submission) -> Self {
        Self { id: submission.id.uuid(), version: submission.version }
    }
}

impl VideoFileView {
    fn new(file: Option<&StoredFile>) -> Self {
        Self {
            file_name: file.map(|file| file.name.clone()).unwrap_or_default(),
            size_bytes: file.map_or(0, |file| file.size_bytes),
        }
    }
}

impl WrittenFileView {
    fn new(file: &StoredFile, content: Option<&WrittenContent>) -> Self {
        Self {
            file_name: file.name.clone(),
            size_bytes: file.size_bytes,
            text: content.map(|content| content.text.clone()),
            no_text_layer: content.is_some_and(|content| content.no_text_layer),
        }
    }
}

impl Links {
    fn new(rows: &ReportRows) -> Self {
        let link = |name: &str| url(rows.report.id, name);
        let file = |kind, name| rows.file(kind).map(|_| link(name));
        let transcript = |name| rows.transcript.as_ref().map(|_| link(name));
        Self {
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

impl MediaView {
    /// From the results of ingest, and of transcode if it is done.
    pub fn new(media: &MediaInfo, rendition: Option<&Rendition>) -> Self {
        Self {
            duration_seconds: seconds(media.duration_ms),
            width: media.video.width,
            height: media.video.height,
            video_codec: media.video.codec.clone(),
            audio_codec: media.audio.codec.clone(),
            rotation_degrees: media.video.rotation_degrees,
            remuxed: rendition.map(|rendition| rendition.remuxed),
            lost_seconds: seconds(
                media.scan.lost_ms.max(rendition.map_or(0, |rendition| rendition.lost_ms)),
            ),
        }
    }
}

impl StageView {
    /// The progress of the stages among some jobs, in the order of the pipeline.
    pub fn all(jobs: &[Job], lang: Lang) -> Vec<Self> {
        let mut views: Vec<Self> = jobs.iter().filter_map(|job| Self::new(job, lang)).collect();
        views.sort_by_key(|view| view.stage);
        views
    }

    /// The progress of a job, with messages in `lang`. `None` if it is no stage of the pipeline.
    pub fn new(job: &Job, lang: Lang) -> Option<Self> {
        Some(Self {
            stage: job.kind.parse::<Stage>().ok()?,
            state: job.state,
            progress: job.progress,
            attempt: job.attempt,
            started_at: job.started_at,
            finished_at: job.finished_at,
            work_seconds: job.work_ms.map(seconds),
            error: job.error.as_ref().map(|failure| FailureView::new(failure, lang)),
        })
    }
}

impl FailureView {
    /// The code and its message in `lang`.
    pub fn new(failure: &Failure, lang: Lang) -> Self {
        Self { code: failure.code.to_string(), message: failure.code.message(lang).to_owned() }
    }
}

impl From<&Transcript> for TranscriptView {
    fn from(transcript: &Transcript) -> Self {
        Self {
            language: transcript.language.clone(),
            model: transcript.recognizer.model.clone(),
            no_speech: transcript.no_speech,
            text: transcript.text(),
            segments: transcript.segments.iter().map(SegmentView::from).collect(),
        }
    }
}

impl From<&Segment> for SegmentView {
    fn from(segment: &Segment) -> Self {
        Self {
            id: segment.id,
            start: seconds(segment.start_ms),
            end: seconds(segment.end_ms),
            text: segment.text.clone(),
            confidence: segment.confidence,
            words: segment.words.iter().map(WordView::from).collect(),
            flags: segment.flags.clone(),
        }
    }
}

impl From<&Word> for WordView {
    fn from(word: &Word) -> Self {
        Self {
            start: seconds(word.start_ms),
            end: seconds(word.end_ms),
            text: word.text.clone(),
            confidence: word.confidence,
            heard: word.heard.clone(),
        }
    }
}

impl TranscriptVersionView {
    /// The views of all versions of a transcript.
    pub(crate) fn all(versions: Vec<TranscriptVersion>) -> Vec<Self> {
        let numbers: HashMap<TranscriptId, u32> =
            versions.iter().map(|version| (version.id, version.version)).collect();
        versions.into_iter().map(|version| Self::new(version, &numbers)).collect()
    }

    fn new(version: TranscriptVersion, numbers: &HashMap<TranscriptId, u32>) -> Self {
        Self {
            version: version.version,
            origin: version.origin,
            author: version.author.to_string(),
            parent: version.parent.and_then(|parent| numbers.get(&parent).copied()),
            current: version.current,
            created_at: version.created_at,
            engine: version.recognizer.engine,
            model: version.recognizer.model,
        }
    }
}

/// URL of a report's file.
fn url(report: ReportId, name: &str) -> String {
    format!("/api/reports/{report}/{name}")
}

/// Milliseconds as seconds.
#[expect(clippy::cast_precision_loss, reason = "exact up to 2^53 milliseconds")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}
