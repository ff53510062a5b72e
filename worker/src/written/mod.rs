//! The text of a written report. Synchronous: meant to run in a child process, because documents
//! are untrusted and their formats are large.

mod docx;
mod error;
mod format;
mod odt;
mod package;
mod pdf;
mod plain;
mod tidy;

use std::path::Path;

use huibao_models::report::WrittenContent;

pub use error::WrittenError;
use format::Format;

/// Bounds on a document.
#[derive(Debug, Clone, Copy)]
pub struct WrittenLimits {
    /// Largest file in bytes.
    pub max_file_bytes: u64,
    /// Most bytes that a part of a zipped document may unpack to.
    pub max_unpacked_bytes: u64,
    /// Most characters of text.
    pub max_text_chars: usize,
}

impl Default for WrittenLimits {
    fn default() -> Self {
        Self {
            max_file_bytes: 20 << 20,
            // A long report's XML is a few megabytes.
            max_unpacked_bytes: 64 << 20,
            max_text_chars: 1_000_000,
        }
    }
}

/// Reads the text of a document. What it is, its bytes say; of its name, only the ending counts,
/// and only where the bytes could be any text.
pub fn extract(
    path: &Path,
    name: &str,
    limits: &WrittenLimits,
) -> Result<WrittenContent, WrittenError> {
    let size = std::fs::metadata(path)?.len();
    if size > limits.max_file_bytes {
        return Err(WrittenError::TooLarge { limit: limits.max_file_bytes });
    }
    let bytes = std::fs::read(path)?;
    let text = match format::detect(&bytes, name)? {
        Format::Plain => plain::text(&bytes)?,
        Format::Docx => docx::text(&bytes, limits)?,
        Format::Odt => odt::text(&bytes, limits)?,
        Format::Pdf => {
            let text = tidy::tidy(&tidy::join_wrapped(&pdf::text(bytes)?));
            let no_text_layer = text.is_empty();
            return bounded(WrittenContent { text, no_text_layer }, limits);
        }
    };
    bounded(WrittenContent { text: tidy::tidy(&text), no_text_layer: false }, limits)
}

fn bounded(
    content: WrittenContent,
    limits: &WrittenLimits,
) -> Result<WrittenContent, WrittenError> {
    if content.text.chars().count() > limits.max_text_chars {
        return Err(WrittenError::TooLarge { limit: limits.max_text_chars as u64 });
    }
    Ok(content)
}
