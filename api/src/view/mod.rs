//! The JSON of the interface: what the handlers send, the clients parse and the command line prints.
//!
//! Timestamps are RFC 3339 in UTC; durations and positions are seconds. The structs hold no logic;
//! `convert` builds them from rows.

mod account;
mod convert;
mod enums;
mod error;
mod event;
mod health;
mod info;
mod list;
mod media;
mod report;
mod stage;
mod transcript;
mod transcript_file;

pub(crate) use account::{Credentials, FirstOperator, NewPassword, NewToken};
pub use account::{
    GrantView, PersonBody, PersonView, SessionList, SessionView, TokenBody, TokenList, TokenView,
};
pub(crate) use convert::ReportRows;
pub use error::{ErrorBody, FailureView};
pub use event::{EndOfEvents, ReportEvent};
pub use health::{Check, Health, ReadinessView};
pub use info::{Info, UploadLimits};
pub use list::{ReportList, ReportSummary};
pub use media::{Links, MediaView, VideoFileView, WrittenFileView};
pub use report::{ReportBody, ReportView, SubmissionRef, UploadView};
pub(crate) use report::{ReportChange, ReportDraft};
pub use stage::StageView;
pub use transcript::{SegmentView, TranscriptVersionView, TranscriptView, VersionList, WordView};
pub use transcript_file::TranscriptFile;
