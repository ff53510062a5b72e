//! Exports: what somebody takes out of the system as a file. A job makes it, and it is kept for a while.

use std::time::Duration;

use chrono::{DateTime, Utc};

use super::branch::BranchPath;
use super::failure::Failure;
use super::ids::{ExportId, PersonId, ReportId, RoundId};
use super::job::JobState;
use super::names::names;

/// An export can be fetched for so long after it was asked for.
pub const KEPT: Duration = Duration::from_hours(7 * 24);

/// What an export is made as.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportFormat {
    /// A report as a Word document.
    Docx,
    /// A report as PDF.
    Pdf,
    /// The reports of a round as Word documents, with its table, in one zip archive.
    Archive,
    /// Who handed in what and when in a round, as an Excel sheet.
    Table,
}

names!(ExportFormat, "format of an export", {
    Docx = "docx",
    Pdf = "pdf",
    Archive = "archive",
    Table = "table",
});

/// What is exported.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum ExportSubject {
    /// A report.
    Report(ReportId),
    /// A round.
    Round(RoundId),
}

impl ExportSubject {
    /// The report, if it is one.
    pub const fn report(self) -> Option<ReportId> {
        match self {
            Self::Report(id) => Some(id),
            Self::Round(_) => None,
        }
    }

    /// The round, if it is one.
    pub const fn round(self) -> Option<RoundId> {
        match self {
            Self::Report(_) => None,
            Self::Round(id) => Some(id),
        }
    }
}

impl ExportFormat {
    /// Whether this can be made of something.
    pub const fn suits(self, subject: ExportSubject) -> bool {
        match subject {
            ExportSubject::Report(_) => matches!(self, Self::Docx | Self::Pdf),
            ExportSubject::Round(_) => matches!(self, Self::Archive | Self::Table),
        }
    }

    /// The ending of the file's name.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Docx => "docx",
            Self::Pdf => "pdf",
            Self::Archive => "zip",
            Self::Table => "xlsx",
        }
    }
}

/// An export, with the state of the job that makes it.
#[derive(Debug, Clone, PartialEq)]
pub struct Export {
    /// The id. The file is stored under it.
    pub id: ExportId,
    /// What is exported.
    pub subject: ExportSubject,
    /// Of a round: the branches whose people and reports are in it.
    pub branches: Vec<BranchPath>,
    /// As what.
    pub format: ExportFormat,
    /// Who asked for it. It is theirs alone.
    pub requested_by: PersonId,
    /// When they did.
    pub created_at: DateTime<Utc>,
    /// Until when it can be fetched.
    pub expires_at: DateTime<Utc>,
    /// How far the job is.
    pub state: JobState,
    /// Fraction done, 0 to 1, of the running attempt.
    pub progress: f32,
    /// Why the last attempt failed.
    pub failure: Option<Failure>,
    /// The file, once it is made.
    pub file: Option<ExportFile>,
}

/// The file of an export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ExportFile {
    /// Where it is in the storage.
    pub key: String,
    /// The name that it is fetched with.
    pub name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256 of the bytes, lowercase hex.
    pub sha256: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_format_is_of_a_report_or_of_a_round() {
        let (report, round) =
            (ExportSubject::Report(ReportId::new()), ExportSubject::Round(RoundId::new()));
        for format in ExportFormat::ALL {
            assert_ne!(format.suits(report), format.suits(round), "{format}");
        }
        assert!(ExportFormat::Pdf.suits(report) && ExportFormat::Table.suits(round));
    }
}
