//! Reports and rounds as the paper file needs them: Word documents and Excel sheets.
//!
//! Pure functions of what is to be written. A word processor makes PDF of the documents, which is the worker's
//! business.

mod document;
mod file_names;
mod table;
mod wml;
mod words;

use chrono::{DateTime, Utc};

pub use document::document;
pub use file_names::{FileNames, file_stem};
pub use table::table;
pub use words::kind as kind_name;

use crate::domain::branch::BranchPath;
use crate::domain::failure::Failure;
use crate::domain::ids::ReportId;
use crate::domain::report::{Period, ReportState};
use crate::domain::review::Decision;
use crate::domain::round::{RoundException, Standing};
use crate::domain::rubric::{self, Answer};
use crate::domain::transcript::Segment;

/// A report with all that is printed of it.
#[derive(Debug, Clone)]
pub struct PaperReport {
    /// The report's id.
    pub id: ReportId,
    /// What the activist calls it; may be empty.
    pub title: String,
    /// Who speaks; may be empty.
    pub speaker: String,
    /// The author's display name.
    pub author: Option<String>,
    /// The author's student number.
    pub number: Option<String>,
    /// The branch that it was handed in to.
    pub branch: BranchPath,
    /// What its kind is called.
    pub kind: String,
    /// The quarter that it is for.
    pub period: Period,
    /// What its round is called.
    pub round: Option<String>,
    /// Where it is in its life cycle.
    pub state: ReportState,
    /// The number of the submission that is printed.
    pub version: u32,
    /// When that was handed in.
    pub handed_in_at: DateTime<Utc>,
    /// Length of the video in milliseconds.
    pub duration_ms: Option<u64>,
    /// The written report.
    pub written: PaperWritten,
    /// What was said.
    pub transcript: Option<PaperTranscript>,
    /// What was decided about it, the newest first.
    pub decisions: Vec<Decision>,
    /// What reviewers were asked about it, once it is decided.
    pub questions: Vec<PaperQuestion>,
    /// Checksums of its files.
    pub checksums: Vec<Checksum>,
}

/// The written report of a submission.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum PaperWritten {
    /// There is none.
    None,
    /// Its text, and the name of the document that it was handed in as.
    Text {
        /// Paragraphs separated by newlines.
        text: String,
        /// The name; `None` if it was typed.
        name: Option<String>,
    },
    /// It is in files that have no text: photos, or a scan.
    Files(Vec<String>),
}

/// A version of the transcript.
#[derive(Debug, Clone, PartialEq)]
pub struct PaperTranscript {
    /// Its number within the submission.
    pub version: u32,
    /// Whether people have corrected what was recognised.
    pub corrected: bool,
    /// Whether readers see another version by now.
    pub superseded: bool,
    /// The engine and the model.
    pub recognizer: String,
    /// The sentences.
    pub segments: Vec<Segment>,
}

/// A question of the rubric.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PaperQuestion {
    /// What was asked.
    pub text: String,
    /// What reviewers answered; none: it was left open.
    pub answers: Vec<Answer>,
}

/// The SHA-256 of a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checksum {
    /// What it is of.
    pub what: String,
    /// Lowercase hex.
    pub sha256: String,
}

/// Who has exported something, and when. It stands on each page.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Their display name.
    pub by: String,
    /// The time.
    pub at: DateTime<Utc>,
    /// Minutes that their clocks are ahead of UTC.
    pub utc_offset: i16,
}

/// How everybody stands in a round.
#[derive(Debug, Clone)]
pub struct RoundTable {
    /// What the round is called.
    pub title: String,
    /// Whom it is for.
    pub branch: BranchPath,
    /// The quarter that it is for.
    pub period: Period,
    /// When reports are due.
    pub deadline: DateTime<Utc>,
    /// Everybody of whom it asks something.
    pub rows: Vec<RoundRow>,
}

/// Somebody of whom a round asks something.
#[derive(Debug, Clone)]
pub struct RoundRow {
    /// The name.
    pub name: String,
    /// The student number.
    pub number: Option<String>,
    /// The branch.
    pub branch: BranchPath,
    /// How they stand.
    pub standing: Standing,
    /// The rule for them.
    pub exception: RoundException,
    /// What they have handed in.
    pub report: Option<RoundReport>,
}

/// What somebody has handed in for a round.
#[derive(Debug, Clone)]
pub struct RoundReport {
    /// What it is called; may be empty.
    pub title: String,
    /// Where it is in its life cycle.
    pub state: ReportState,
    /// When something was handed in first, which decides whether it is late.
    pub first_at: DateTime<Utc>,
    /// When the submission was handed in that counts.
    pub handed_in_at: DateTime<Utc>,
    /// The number of that submission.
    pub version: u32,
    /// What was decided last.
    pub decision: Option<Decision>,
}

/// Why a document or a sheet could not be written.
#[derive(Debug, thiserror::Error)]
pub enum PaperError {
    /// The document's archive.
    #[error("a document cannot be packed: {0}")]
    Document(#[from] zip::result::ZipError),
    /// The sheet.
    #[error("a sheet cannot be written: {0}")]
    Table(#[from] rust_xlsxwriter::XlsxError),
}

impl PaperQuestion {
    /// The questions about a submission: those that were answered, and those that a decision has left open.
    pub fn all(answers: &[Answer], open: &[String]) -> Vec<Self> {
        let asked = rubric::asked(&[], answers).into_iter();
        let mut all: Vec<_> = asked
            .map(|asked| Self {
                text: asked.question.text.clone(),
                answers: asked.answers.into_iter().cloned().collect(),
            })
            .collect();
        for text in open {
            if all.iter().all(|question| question.text != *text) {
                all.push(Self { text: text.clone(), answers: vec![] });
            }
        }
        all
    }
}

impl From<PaperError> for Failure {
    fn from(error: PaperError) -> Self {
        Self::internal(error)
    }
}
