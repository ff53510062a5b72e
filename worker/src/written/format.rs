//! What a file is: its first bytes decide, then the ending of its name.

use super::{WrittenError, ole};

/// How a file is to be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text or Markdown.
    Plain,
    /// A zip container: DOCX or ODT, told apart by what is inside.
    Zip,
    /// PDF.
    Pdf,
}

/// PDF readers accept bytes before the header as long as it starts within the first kilobyte.
const PDF_HEADER_WITHIN: usize = 1024;
/// An OLE compound file: Word before 2007, Kingsoft's WPS, or the wrapper around an encrypted DOCX.
const OLE_MAGIC: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];
/// Any record of a zip archive starts so.
const ZIP_MAGIC: &[u8] = b"PK";
/// Rich text is made of ASCII, so nothing else would stop it from passing as plain text.
const RTF_MAGIC: &[u8] = b"{\\rtf";
/// UTF-16 with its byte order mark: the one kind of text that may hold NUL bytes.
const UTF16_MARKS: [&[u8]; 2] = [&[0xff, 0xfe], &[0xfe, 0xff]];

/// Finds out what `bytes` are.
pub fn detect(bytes: &[u8], file_name: &str) -> Result<Format, WrittenError> {
    let ending = ending(file_name);
    let head = &bytes[..bytes.len().min(PDF_HEADER_WITHIN)];
    if bytes.starts_with(OLE_MAGIC) {
        return Err(ole::refuse(bytes));
    }
    if bytes.starts_with(RTF_MAGIC) {
        return Err(WrittenError::OldFormat);
    }
    // A text may talk about `%PDF-`; only a file that begins with it is a PDF whatever its name.
    if bytes.starts_with(b"%PDF-") || (ending == "pdf" && contains(head, b"%PDF-")) {
        return Ok(Format::Pdf);
    }
    let by_ending = match ending.as_str() {
        "docx" | "odt" if bytes.starts_with(ZIP_MAGIC) => return Ok(Format::Zip),
        "docx" | "odt" | "pdf" => {
            return Err(WrittenError::Broken(format!("named .{ending}, but it is not one")));
        }
        "txt" | "md" | "markdown" => Format::Plain,
        _ if bytes.starts_with(ZIP_MAGIC) => return Ok(Format::Zip),
        _ => return Err(WrittenError::Unsupported(format!("a file ending in {ending:?}"))),
    };
    if bytes.starts_with(b"PK\x03\x04") {
        return Ok(Format::Zip);
    }
    if bytes.contains(&0) && !UTF16_MARKS.iter().any(|mark| bytes.starts_with(mark)) {
        return Err(WrittenError::Unsupported("binary data named like a text".into()));
    }
    Ok(by_ending)
}

fn ending(file_name: &str) -> String {
    file_name.rsplit_once('.').map_or_else(String::new, |(_, end)| end.to_ascii_lowercase())
}

fn contains(haystack: &[u8], needle: &[u8]) -> bool {
    haystack.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn content_wins_over_the_name() {
        assert_eq!(detect(b"%PDF-1.7\n", "a.txt").unwrap(), Format::Pdf);
        assert_eq!(detect(b"PK\x03\x04", "a.md").unwrap(), Format::Zip);
        assert_eq!(detect(b"\n%PDF-1.4", "a.PDF").unwrap(), Format::Pdf);
        assert_eq!(detect(b"about %PDF- files", "a.txt").unwrap(), Format::Plain);
    }

    #[test]
    fn what_must_be_converted_is_told_by_its_content() {
        assert!(matches!(detect(b"{\\rtf1 x}", "a.txt"), Err(WrittenError::OldFormat)));
        assert_eq!(detect(b"PK\x03\x04", "a.doc").unwrap(), Format::Zip);
    }
}
