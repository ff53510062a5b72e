//! Views from rows: the only place where the fields of `huibao_models` become those of the interface.

use std::collections::HashMap;

use huibao_models::domain::access::{self, Access, Action, Principal, Resource};
use huibao_models::domain::example::Example;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::{PersonId, ReportId, RoundId, TranscriptId};
use huibao_models::domain::job::Job;
use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_models::domain::person::{Grant, Person};
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::report::{Report, VisibleState};
use huibao_models::domain::review::{Comment, Decision};
use huibao_models::domain::rubric::{self, Answer, Question};
use huibao_models::domain::submission::{FileKind, StoredFile, Submission, WrittenContent};
use huibao_models::domain::transcript::{Segment, TranscriptVersion, Word};
use huibao_models::domain::upload::{Purpose, Upload};
use huibao_models::store::{NumberedTranscript, Token};

use super::account::{GrantView, PersonView, TokenView};
use super::error::FailureView;
use super::example::ExampleStateView;
use super::list::{Beside, ReportSummary};
use super::media::{Links, MediaView, PageView, VideoFileView, WrittenFileView};
use super::report::{ReportView, SubmissionRef, UploadView};
use super::review::{CommentView, DecisionView};
use super::rubric::AskedView;
use super::stage::StageView;
use super::time::seconds;
use super::transcript::{SegmentView, TranscriptVersionView, TranscriptView, WordView};

/// The rows of one report and of its current submission, if there is one.
pub(crate) struct ReportRows {
    pub report: Report,
    pub submission: Option<Submission>,
    pub uploads: Vec<Upload>,
    pub jobs: Vec<Job>,
    pub files: Vec<StoredFile>,
    pub partial: Vec<Segment>,
    pub transcript: Option<NumberedTranscript>,
    pub decisions: Vec<Decision>,
    pub comments: Vec<Comment>,
    /// What the branch asks about it.
    pub questions: Vec<Question>,
    pub answers: Vec<Answer>,
    pub example: Option<Example>,
}

impl ReportRows {
    /// A report of which nothing is handed in.
    pub(crate) fn of(report: Report, uploads: Vec<Upload>) -> Self {
        Self {
            report,
            submission: None,
            uploads,
            jobs: Vec::new(),
            files: Vec::new(),
            partial: Vec::new(),
            transcript: None,
            decisions: Vec::new(),
            comments: Vec::new(),
            questions: Vec::new(),
            answers: Vec::new(),
            example: None,
        }
    }

    /// The questions with what was answered, for the report's author or for others. Once it is decided, nobody is
    /// asked any more, whatever the branch asks by now.
    fn asked(&self, own: bool, reader: PersonId) -> Vec<AskedView> {
        let decided = self
            .submission
            .as_ref()
            .is_some_and(|submission| rubric::is_decided(submission.id, &self.decisions));
        if own && !decided {
            return Vec::new();
        }
        let questions = if decided { &[] } else { self.questions.as_slice() };
        let asked = rubric::asked(questions, &self.answers);
        asked.iter().map(|asked| AskedView::new(asked, reader)).collect()
    }

    /// The newest file of a kind.
    fn file(&self, kind: FileKind) -> Option<&StoredFile> {
        self.files.iter().rfind(|file| file.kind == kind)
    }
}

/// Who a view is for.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a> {
    /// The person, with what decides what they may do.
    pub principal: &'a Principal,
    /// The language of messages.
    pub lang: Lang,
    /// The path below which they reach this server, which links begin with.
    pub root: &'a str,
}

impl ReportView {
    /// The view of a report for a reader.
    pub(crate) fn new(rows: &ReportRows, reader: Reader<'_>) -> Self {
        let (report, submission) = (&rows.report, rows.submission.as_ref());
        let content = submission.and_then(|submission| submission.written.as_ref());
        let media = submission.and_then(|submission| submission.media.as_ref());
        let rendition = submission.and_then(|submission| submission.rendition.as_ref());
        let failure = submission.and_then(|submission| submission.failure.as_ref());
        let language = submission.map_or(&report.language, |submission| &submission.language);
        let written = rows.file(FileKind::Written);
        let partial = if rows.transcript.is_none() { rows.partial.as_slice() } else { &[] };
        let person = reader.principal.person;
        let own = report.author == Some(person);
        let may_review = access::may(reader.principal, Action::Review, &Resource::from(report));
        let seen = || rows.comments.iter().filter(|comment| comment.shared || !own);
        let of_others = |one: &&Comment| one.person != person && one.removed_at.is_none();
        let beside = Beside {
            has_poster: rows.file(FileKind::Poster).is_some(),
            transcript: rows.transcript.as_ref().map(|transcript| transcript.version),
            commented_at: seen().filter(of_others).map(|comment| comment.created_at).max(),
        };
        Self {
            summary: ReportSummary::new(report, submission, beside, reader.root),
            submission: submission.map(SubmissionRef::from),
            language: language.clone(),
            own,
            open: own && report.state.is_open(submission.map(|submission| submission.state)),
            may_review: may_review == Access::Allowed,
            decisions: rows.decisions.iter().map(DecisionView::from).collect(),
            comments: seen()
                .map(|comment| CommentView::new(comment, report.author, person))
                .collect(),
            questions: rows.asked(own, person),
            example: rows.example.as_ref().map(ExampleStateView::from),
            written_text: report.written_text.clone(),
            uploads: rows.uploads.iter().filter_map(UploadView::new).collect(),
            video: rows.file(FileKind::Original).map(VideoFileView::from),
            written: written.map(|file| WrittenFileView::new(file, content)),
            pages: PageView::all(rows, reader.root),
            media: media.map(|media| MediaView::new(media, rendition)),
            stages: StageView::all(&rows.jobs, reader.lang),
            partial: partial.iter().map(SegmentView::from).collect(),
            transcript: rows.transcript.as_ref().map(TranscriptView::from),
            second_pass_due: submission.is_some_and(|submission| submission.awaits_second_pass),
            links: Links::new(rows, reader.root),
            failure: failure.map(|failure| FailureView::new(failure, reader.lang)),
        }
    }
}

impl ReportSummary {
    /// The summary of a report, with links below `root`.
    pub(crate) fn new(
        report: &Report,
        submission: Option<&Submission>,
        beside: Beside,
        root: &str,
    ) -> Self {
        let state = submission.map(|submission| submission.state);
        let media = submission.and_then(|submission| submission.media.as_ref());
        Self {
            id: report.id.uuid(),
            title: report.title.clone(),
            speaker: report.speaker.clone(),
            author: report.author_name.clone(),
            branch: report.branch.to_string(),
            kind: report.kind,
            period: report.period.as_str().to_owned(),
            round: report.round.map(RoundId::uuid),
            state: VisibleState::of(report.state, state),
            created_at: submission.map_or(report.created_at, |submission| submission.created_at),
            duration_seconds: media.map(|media| seconds(media.duration_ms)),
            transcript_version: beside.transcript,
            commented_at: beside.commented_at,
            poster_url: beside.has_poster.then(|| url(root, report.id, "poster")),
        }
    }
}

impl From<&Submission> for SubmissionRef {
    fn from(submission: &Submission) -> Self {
        Self { id: submission.id.uuid(), version: submission.version }
    }
}

impl From<&StoredFile> for VideoFileView {
    fn from(file: &StoredFile) -> Self {
        Self { file_name: file.name.clone(), size_bytes: file.size_bytes }
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

impl PageView {
    fn all(rows: &ReportRows, root: &str) -> Vec<Self> {
        let of = |kind| rows.files.iter().filter(move |file: &&StoredFile| file.kind == kind);
        let made = of(FileKind::PageImage).count();
        let link = |number| url(root, rows.report.id, &format!("pages/{number}"));
        of(FileKind::Page)
            .zip(1..)
            .map(|(file, number)| Self {
                file_name: file.name.clone(),
                size_bytes: file.size_bytes,
                url: (number <= made).then(|| link(number)),
            })
            .collect()
    }
}

impl Links {
    fn new(rows: &ReportRows, root: &str) -> Self {
        let link = |name: &str| url(root, rows.report.id, name);
        let file = |kind, name| rows.file(kind).map(|_| link(name));
        let transcript = |name| rows.transcript.as_ref().map(|_| link(name));
        Self {
            video: file(FileKind::Rendition, "video"),
            original: file(FileKind::Original, "original"),
            poster: file(FileKind::Poster, "poster"),
            peaks: file(FileKind::Peaks, "peaks"),
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

impl From<&NumberedTranscript> for TranscriptView {
    fn from(numbered: &NumberedTranscript) -> Self {
        let transcript = &numbered.transcript;
        Self {
            version: numbered.version,
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
            scores: word.scores.map(Into::into),
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
            person: version.person_name,
            parent: version.parent.and_then(|parent| numbers.get(&parent).copied()),
            current: version.current,
            created_at: version.created_at,
            engine: version.recognizer.engine,
            model: version.recognizer.model,
        }
    }
}

/// URL of a report's file, on a server whose paths begin with `root`.
fn url(root: &str, report: ReportId, name: &str) -> String {
    format!("{root}/api/v1/reports/{report}/{name}")
}

impl PersonView {
    /// A person with what they are.
    pub(crate) fn new(person: Person, grants: Vec<Grant>) -> Self {
        let grant = |grant: Grant| GrantView { role: grant.role, branch: grant.branch.to_string() };
        Self {
            id: person.id.uuid(),
            name: person.name.as_str().to_owned(),
            display_name: person.display_name,
            number: person.number.map(|number| number.as_str().to_owned()),
            email: person.email,
            disabled: person.disabled_at.is_some(),
            grants: grants.into_iter().map(grant).collect(),
        }
    }
}

impl UploadView {
    /// An upload of a report; `None` for a part of another upload.
    pub(crate) fn new(upload: &Upload) -> Option<Self> {
        let Purpose::File { role, .. } = upload.purpose else { return None };
        Some(Self {
            id: upload.id,
            role: role.to_string(),
            filename: upload.filename.clone(),
            length: upload.length,
            finished: upload.is_finished(),
        })
    }
}

impl From<Token> for TokenView {
    fn from(token: Token) -> Self {
        Self {
            id: token.id.uuid(),
            name: token.name,
            scopes: token.scopes.as_slice().to_vec(),
            created_at: token.created_at,
            used_at: token.used_at,
            expires_at: token.expires_at,
        }
    }
}
