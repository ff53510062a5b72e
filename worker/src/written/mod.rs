//! The plain text of a written report, from the formats people hand in, and pictures of its pages.
//!
//! Synchronous and meant for a supervised child process: the parsers of other people's files run
//! here, so memory and time are bounded from outside, and a crash costs only the child.

mod convert;
mod docx;
mod error;
mod fonts;
mod format;
mod odt;
mod ole;
mod package;
mod pdf;
mod photo;
mod plain;
mod tidy;
mod xml;

use std::fs::File;
use std::io::Read;
use std::path::Path;

use huibao_models::domain::submission::WrittenContent;

pub use convert::{FONTS, OfficeFormat, convert, find_libreoffice, is_libreoffice};
pub use error::WrittenError;
pub use fonts::{FOLDERS as FONT_FOLDERS, is_chinese_font_in};
use format::Format;
use package::Package;
pub use photo::page;

/// Bounds on what is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WrittenLimits {
    /// Largest file, in bytes.
    pub max_file_bytes: u64,
    /// Most bytes unpacked from a zip container, counted as they come out.
    pub max_unpacked_bytes: u64,
    /// Longest resulting text, in Unicode scalar values.
    pub max_text_chars: usize,
}

impl Default for WrittenLimits {
    /// 20 MiB, 200 MiB, a million characters.
    fn default() -> Self {
        Self { max_file_bytes: 20 << 20, max_unpacked_bytes: 200 << 20, max_text_chars: 1_000_000 }
    }
}

/// Reads the text of the written report at `path`.
///
/// `file_name` is the name it was handed in with. The content decides the format; the name only
/// matters where the content says nothing. The text is NFC, without control characters but tabs
/// and newlines; each paragraph is a line and there are no empty lines.
///
/// # Errors
/// [`WrittenError`]: an unsupported, encrypted, damaged or too large file, or one that cannot be
/// read from disk. An empty text file is no error.
pub fn extract(
    path: &Path,
    file_name: &str,
    limits: &WrittenLimits,
) -> Result<WrittenContent, WrittenError> {
    let bytes = read_file(path, limits.max_file_bytes)?;
    let mut no_text_layer = false;
    let raw = match format::detect(&bytes, file_name)? {
        Format::Plain => plain::decode(&bytes)?,
        Format::Zip => read_package(&bytes, limits)?,
        Format::Pdf => {
            let text = pdf::text(&bytes)?;
            no_text_layer = text.trim().is_empty();
            text
        }
    };
    let text = tidy::tidy(&raw);
    if text.chars().count() > limits.max_text_chars {
        return Err(WrittenError::TooLarge(format!(
            "more than {} characters of text",
            limits.max_text_chars
        )));
    }
    Ok(WrittenContent { text, no_text_layer })
}

fn read_package(bytes: &[u8], limits: &WrittenLimits) -> Result<String, WrittenError> {
    let mut package = Package::open(bytes, limits.max_unpacked_bytes)?;
    if package.has("[Content_Types].xml") {
        docx::text(&mut package)
    } else if package.has("mimetype") {
        odt::text(&mut package)
    } else {
        Err(WrittenError::Unsupported("a zip archive that is not a document".into()))
    }
}

fn read_file(path: &Path, max_bytes: u64) -> Result<Vec<u8>, WrittenError> {
    let mut bytes = Vec::new();
    // Counted while reading: the size that a directory entry claims may not be the last word.
    File::open(path)?.take(max_bytes.saturating_add(1)).read_to_end(&mut bytes)?;
    if bytes.len() as u64 > max_bytes {
        return Err(WrittenError::TooLarge(format!("a file of more than {max_bytes} bytes")));
    }
    Ok(bytes)
}
