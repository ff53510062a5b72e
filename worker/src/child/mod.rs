//! Native code at arm's length: media parsing, document parsing and recognition run in child
//! processes of the same binary.
//!
//! The parent writes [`ChildCommand`]s as lines of JSON to the child's standard input and keeps it
//! open; the child answers with [`ChildNews`] lines on standard output, and with a last word on each
//! request. When its input closes, the parent needs it no more or is gone, and the child ends itself.

mod calls;
mod desk;
mod entry;
mod launch;
mod limits;
mod residents;
mod supervisor;

use std::path::PathBuf;

use huibao_models::domain::failure::Failure;
use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_models::domain::report::WrittenContent;
use huibao_models::domain::transcript::{Recognition, Segment};
use serde::{Deserialize, Serialize};

pub use entry::child_main;
pub use limits::ResourceLimits;
pub use residents::{LoadedModel, Residents};
pub use supervisor::{ChildEvents, run_child};

/// The hidden argument that makes the binary a child.
pub const CHILD_ARGUMENT: &str = "__child";

/// Tells the requests to a child apart.
pub type CallId = u64;

/// What a parent says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ChildCommand {
    /// Do this. Only recognitions are done side by side.
    Begin {
        /// What the answer is to be marked with.
        call: CallId,
        /// The work.
        request: ChildRequest,
    },
    /// Leave off, no answer is needed.
    Stop {
        /// The request.
        call: CallId,
    },
}

/// What a child says, and about which request.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChildNews {
    /// The request.
    pub call: CallId,
    /// The news.
    pub message: ChildMessage,
}

/// What a child is to do, and within which bounds.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChildRequest {
    /// Bounds that the child puts on itself before it touches anything.
    pub limits: ResourceLimits,
    /// The work.
    pub job: ChildTask,
}

/// The work of a child.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildTask {
    /// Look at a user's file, in a process that sees nothing else.
    File(FileTask),
    /// Recognise the speech in sound that ingest made.
    Transcribe(TranscribeTask),
}

/// What is done with a user's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "job", rename_all = "snake_case")]
pub enum FileTask {
    /// Probe a video and make audio and poster from it.
    Ingest {
        /// The video as given.
        video: PathBuf,
        /// Where the 16 kHz mono WAV goes.
        audio: PathBuf,
        /// Where the JPEG goes.
        poster: PathBuf,
        /// Longest video in milliseconds.
        max_duration_ms: u64,
        /// Most pixels of a picture.
        max_pixels: u64,
    },
    /// Read the text of a written report.
    Written {
        /// The document as given.
        document: PathBuf,
        /// The name it was given with.
        name: String,
        /// Largest document in bytes.
        max_bytes: u64,
    },
    /// Make the web-playable rendition.
    Transcode {
        /// The video as given.
        video: PathBuf,
        /// What ingest found in it.
        media: Box<MediaInfo>,
        /// Where the MP4 goes.
        output: PathBuf,
        /// Threads to use.
        threads: u32,
    },
}

/// A recording whose speech is to be recognised.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct TranscribeTask {
    /// 16 kHz mono WAV.
    pub audio: PathBuf,
    /// The whisper model.
    pub model: PathBuf,
    /// The voice activity model.
    pub vad_model: PathBuf,
    /// ISO 639-1 code or `auto`.
    pub language: String,
    /// The operator's glossary, as written.
    pub glossary: String,
    /// Whether other words that only sound right are put right as well.
    pub homophones: bool,
    /// Threads to use.
    pub threads: u32,
}

/// News of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "message", content = "body", rename_all = "snake_case")]
pub enum ChildMessage {
    /// Fraction done, 0 to 1.
    Progress(f32),
    /// A segment that was just recognised.
    Partial(Segment),
    /// The last word on a request that succeeded.
    Done(ChildOutput),
    /// The last word on a request that failed in an orderly way.
    Failed(Failure),
}

/// What a child made, besides files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "job", content = "output", rename_all = "snake_case")]
pub enum ChildOutput {
    /// Of [`FileTask::Ingest`].
    Ingest(Box<MediaInfo>),
    /// Of [`FileTask::Written`].
    Written(WrittenContent),
    /// Of [`FileTask::Transcode`].
    Transcode(Rendition),
    /// Of [`ChildTask::Transcribe`].
    Transcribe(Box<Recognition>),
}

/// The failure of a child that did somebody else's job.
pub fn unexpected(output: &ChildOutput) -> Failure {
    Failure::internal(format!("a child answered with the wrong output: {output:?}"))
}
