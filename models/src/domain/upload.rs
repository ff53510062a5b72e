//! Files on their way to a report that is not handed in yet.

use std::time::Duration;

use chrono::{DateTime, Utc};
use uuid::Uuid;

use super::ids::{PersonId, ReportId, SubmissionId};
use super::names::names;
use super::submission::FileKind;

/// The most photographed pages of a report.
pub const MAX_PAGES: usize = 50;

/// An upload that nobody has continued for this long is given up.
pub const KEPT: Duration = Duration::from_hours(7 * 24);

/// What a file is of a report.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum UploadRole {
    /// The video.
    Video,
    /// The written report, as a document.
    Written,
    /// A photo of a page of a written report on paper. A report can have several, in the order in which
    /// they were begun.
    Page,
}

names!(UploadRole, "role of an upload", {
    Video = "video",
    Written = "written",
    Page = "page",
});

/// Endings of names of photos, in lower case.
const PHOTO_ENDINGS: [&str; 6] = ["jpg", "jpeg", "png", "heic", "heif", "webp"];

impl UploadRole {
    /// What the file is of a submission.
    pub const fn kind(self) -> FileKind {
        match self {
            Self::Video => FileKind::Original,
            Self::Written => FileKind::Written,
            Self::Page => FileKind::Page,
        }
    }

    /// What a written report is whose name ends so: a photo of a page, or else a document.
    pub fn of_written(extension: &str) -> Self {
        let extension = extension.to_ascii_lowercase();
        if PHOTO_ENDINGS.contains(&extension.as_str()) { Self::Page } else { Self::Written }
    }
}

/// What an upload is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// A file of a report.
    File {
        /// The report.
        report: ReportId,
        /// What it is of the report.
        role: UploadRole,
    },
    /// A part of a file: another upload will put the parts together.
    Part,
}

/// An upload. How many of its bytes have arrived, the storage knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Upload {
    /// Its id, also in the storage.
    pub id: Uuid,
    /// Whose it is.
    pub person: PersonId,
    /// What it is for.
    pub purpose: Purpose,
    /// Names the folder of its key.
    pub submission: SubmissionId,
    /// The file's name.
    pub filename: String,
    /// The key of the object that it becomes.
    pub key: String,
    /// Size of the file in bytes, if it is known.
    pub length: Option<u64>,
    /// The uploads that it is put together from; `None` if bytes are sent to it.
    pub parts: Option<Vec<Uuid>>,
    /// SHA-256 of its bytes in lowercase hex, once all of them have arrived.
    pub sha256: Option<String>,
    /// When somebody last worked on it.
    pub touched_at: DateTime<Utc>,
}

impl Upload {
    /// Whether all of it has arrived.
    pub const fn is_finished(&self) -> bool {
        self.sha256.is_some()
    }

    /// When it is given up, if nobody continues it.
    pub fn expires_at(&self) -> DateTime<Utc> {
        self.touched_at + KEPT
    }
}
