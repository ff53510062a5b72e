//! The protocol between a worker and its children: lines of JSON.

use std::path::{Path, PathBuf};

use huibao_models::domain::failure::Failure;
use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_models::domain::submission::WrittenContent;
use huibao_models::domain::transcript::{Recognition, Segment};
use serde::{Deserialize, Serialize};
use url::Url;

use super::confinement::Access;
use crate::written::{FONT_FOLDERS, FONTS, OfficeFormat};

/// The hidden argument that makes the binary a child.
pub const CHILD_ARGUMENT: &str = "__child";

/// Identifies a request to a child.
pub type CallId = u64;

/// A command of the parent.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "command", rename_all = "snake_case")]
pub enum ChildCommand {
    /// Run a task. Only recognitions run concurrently.
    Begin {
        /// The id of the request.
        call: CallId,
        /// The work.
        request: Box<ChildRequest>,
    },
    /// Cancel a task. No response is needed.
    Cancel {
        /// The request.
        call: CallId,
    },
}

/// An event of a child, and the request that it belongs to.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChildMessage {
    /// The request.
    pub call: CallId,
    /// The event.
    pub event: ChildEvent,
}

/// A task, its resource limits, and the files that it may use.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ChildRequest {
    /// Limits that the child sets for itself before it reads anything.
    pub limits: ResourceLimits,
    /// What it may touch. The first request of a child decides, for good.
    pub access: Access,
    /// The task.
    pub task: ChildTask,
}

/// A gibibyte, in bytes.
pub const GIB: u64 = 1 << 30;

/// Resource limits of a child process.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub struct ResourceLimits {
    /// Address space in bytes.
    pub memory_bytes: u64,
    /// CPU time of all threads together, in seconds.
    pub cpu_seconds: u64,
    /// Largest file it may write, in bytes.
    pub file_bytes: u64,
}

/// A task of a child.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum ChildTask {
    /// Process a user's file, in a process of its own.
    File(FileTask),
    /// Recognise the speech in audio that ingest made.
    Transcribe(TranscribeTask),
}

/// A task on a user's file.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "task", rename_all = "snake_case")]
pub enum FileTask {
    /// Probe a video and extract audio and poster.
    Ingest {
        /// The submitted video.
        video: PathBuf,
        /// Path of the 16 kHz mono WAV to write.
        audio: PathBuf,
        /// Path of the JPEG to write.
        poster: PathBuf,
        /// Path of the peaks of the audio to write.
        peaks: PathBuf,
        /// Longest video in milliseconds.
        max_duration_ms: u64,
        /// Largest number of pixels of a frame.
        max_pixels: u64,
    },
    /// Read the text of a written report.
    Written {
        /// The submitted document.
        document: PathBuf,
        /// Its original name.
        name: String,
        /// Largest document in bytes.
        max_bytes: u64,
    },
    /// Bring a document into another format: an older one into one that [`Self::Written`] reads, or one of
    /// Huibao's own into PDF.
    Convert {
        /// The folder of LibreOffice's program.
        libreoffice: PathBuf,
        /// The document.
        document: PathBuf,
        /// Path of the file to write, in a folder of its own.
        output: PathBuf,
        /// The format.
        to: OfficeFormat,
    },
    /// Make a page of a photo.
    Page {
        /// The submitted photo.
        photo: PathBuf,
        /// Path of the JPEG to write.
        page: PathBuf,
        /// Largest photo in bytes.
        max_bytes: u64,
    },
    /// Make the web-playable rendition.
    Transcode {
        /// The submitted video.
        video: PathBuf,
        /// The properties that ingest read.
        media: Box<MediaInfo>,
        /// Path of the MP4 to write.
        output: PathBuf,
        /// Threads to use.
        threads: u32,
    },
}

impl FileTask {
    /// The input, which it may read, and the folders of the outputs, where it may write.
    pub fn access(&self) -> Access {
        let folder = |path: &Path| path.parent().map(Path::to_owned);
        let (input, outputs) = match self {
            Self::Ingest { video, audio, poster, .. } => (video, [folder(audio), folder(poster)]),
            Self::Written { document, .. } => (document, [None, None]),
            Self::Convert { document, output, .. } => (document, [folder(output), None]),
            Self::Page { photo, page, .. } => (photo, [folder(page), None]),
            Self::Transcode { video, output, .. } => (video, [folder(output), None]),
        };
        let mut write: Vec<_> = outputs.into_iter().flatten().collect();
        write.dedup();
        let mut read = vec![input.clone()];
        let mut trees = Vec::new();
        if let Self::Convert { libreoffice, .. } = self {
            read.extend(folder(libreoffice));
            read.extend(OF_LIBREOFFICE.map(PathBuf::from));
            read.extend(FONT_FOLDERS.map(PathBuf::from));
            // LibreOffice makes its profile there.
            trees.append(&mut write);
        }
        Access { read, write, trees }
    }

    /// Variables of its process.
    pub fn variables(&self) -> Vec<(&'static str, String)> {
        match self {
            // Where LibreOffice and its libraries make their profiles. Nobody's home is among its files.
            Self::Convert { output, .. } => {
                let home = output.parent().unwrap_or(Path::new("/"));
                let profile = Url::from_directory_path(home.join("profile"));
                let profile = profile.map(|url| ("UserInstallation", url.into()));
                let text = |path: &Path| path.to_string_lossy().into_owned();
                // It makes PDF by way of temporary files.
                let folders = [("HOME", text(home)), ("TMPDIR", text(home))];
                let fonts = [("FONTCONFIG_FILE", text(&home.join(FONTS)))];
                profile.into_iter().chain(folders).chain(fonts).collect()
            }
            _ => Vec::new(),
        }
    }
}

/// What LibreOffice reads besides its program and fonts: its settings, and what is known of the fonts.
const OF_LIBREOFFICE: [&str; 7] = [
    "/etc/libreoffice",
    "/usr/share/libreoffice",
    "/var/lib/libreoffice",
    "/var/spool/libreoffice",
    "/etc/fonts",
    "/usr/share/fontconfig",
    "/var/cache/fontconfig",
];

/// The recognition of a recording.
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
    /// Whether other homophone errors are corrected as well.
    pub homophones: bool,
    /// The text of the written report; empty if there is none.
    pub written: String,
    /// What another model made of the recording before; empty if none has heard it.
    pub earlier: String,
    /// Threads to use.
    pub threads: u32,
}

impl TranscribeTask {
    /// The sound and the models, which it may read.
    pub fn access(&self) -> Access {
        let read = vec![self.audio.clone(), self.model.clone(), self.vad_model.clone()];
        Access { read, ..Access::default() }
    }
}

/// An event of a request.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "event", content = "data", rename_all = "snake_case")]
pub enum ChildEvent {
    /// Fraction done, 0 to 1.
    Progress(f32),
    /// A segment that was just recognised.
    Partial(Segment),
    /// The result. No event follows.
    Done(ChildOutput),
    /// An error. No event follows.
    Failed(Failure),
}

/// The result of a task, besides files.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(tag = "task", content = "output", rename_all = "snake_case")]
pub enum ChildOutput {
    /// Of [`FileTask::Ingest`].
    Ingest(Box<MediaInfo>),
    /// Of [`FileTask::Written`].
    Written(WrittenContent),
    /// Of [`FileTask::Convert`] and [`FileTask::Page`]: there is nothing besides files.
    Files,
    /// Of [`FileTask::Transcode`].
    Transcode(Rendition),
    /// Of [`ChildTask::Transcribe`].
    Transcribe(Box<Recognition>),
}

/// The failure of a child whose output belongs to another task.
pub fn unexpected(output: &ChildOutput) -> Failure {
    Failure::internal(format!("a child answered with the wrong output: {output:?}"))
}
