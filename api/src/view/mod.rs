//! The JSON of the interface: what the handlers send, the clients parse and the command line prints.
//!
//! Timestamps are RFC 3339 in UTC; durations and positions are seconds. The structs hold no logic;
//! `convert` builds them from rows.

mod account;
mod audit;
mod change;
mod comparison;
mod console;
mod convert;
mod draft_version;
pub(crate) mod enums;
mod error;
mod event;
mod example;
mod export;
mod health;
mod info;
mod list;
mod media;
mod notice;
mod people;
mod report;
mod review;
mod roster;
mod round;
mod rubric;
mod sample;
mod search;
mod stage;
mod time;
mod transcript;
mod transcript_file;

pub(crate) use account::{Credentials, FirstOperator, NewPassword, NewTokenBody};
pub use account::{
    GrantView, PersonBody, PersonView, SessionList, SessionView, TokenBody, TokenList, TokenView,
};
pub use audit::{AuditEntryView, AuditList};
pub(crate) use change::Told;
pub use change::{ReportUpdateView, TranscriptUpdateView};
pub use comparison::ComparisonView;
pub(crate) use console::{DeadJobs, WorkerPause};
pub use console::{
    DeadJobsDone, FailureGroupView, JobError, JobKindView, JobList, JobView, JobsSummary,
    WorkerList, WorkerView,
};
pub(crate) use convert::{Reader, ReportRows};
pub use draft_version::{DraftVersionList, DraftVersionView};
pub use error::{ErrorBody, FailureView};
pub use event::{EndOfEvents, ReportEvent};
pub(crate) use example::{Consent, ExampleRows};
pub use example::{ExampleList, ExampleStateView, ExampleSummary, ExampleView};
pub(crate) use export::NewExport;
pub use export::{ExportFileView, ExportList, ExportView};
pub use health::{Check, Health, ReadinessView};
pub use info::{Info, SignOnView, UploadLimits};
pub(crate) use list::Beside;
pub use list::{ReportCountsView, ReportList, ReportSummary};
pub use media::{Links, MediaView, PageView, VideoFileView, WrittenFileView};
pub use notice::{
    ChannelBody, ChannelList, ChannelView, NoticeList, NoticeSettingsView, NoticeView,
};
pub(crate) use notice::{NewChannel, ReadNotices};
pub use people::{BranchList, PeopleList};
pub(crate) use people::{GivenPassword, GrantBody, NewPersonBody, PersonChange};
pub use report::{ReportBody, ReportView, SubmissionRef, UploadView};
pub(crate) use report::{ReportChange, ReportDraft};
pub(crate) use review::{
    AnchorView, CommentChange, CorrectionBody, DecisionBody, NewComment, ReadSegmentBody,
};
pub use review::{
    CommentView, CorrectedView, CorrectionList, CorrectionView, DecisionView, SegmentChangeView,
};
pub use roster::{ImportView, ImportedPerson, RosterProblem};
pub(crate) use round::{ExceptionBody, NewRound, RoundChange};
pub use round::{ParticipantList, ParticipantView, RemindedView, RoundBody, RoundList, RoundView};
pub(crate) use rubric::{AnswerBody, NewRubric};
pub use rubric::{AnswerView, AskedView, QuestionView, RubricList, RubricView};
pub use sample::{SampleList, SampleView};
pub use search::{ExcerptView, FoundView, PartView, SearchResults};
pub use stage::StageView;
pub use transcript::{SegmentView, TranscriptVersionView, TranscriptView, VersionList, WordView};
pub use transcript_file::TranscriptFile;
