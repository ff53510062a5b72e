//! What a document is.

use super::WrittenError;

/// The formats that are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Text, with or without Markdown.
    Plain,
    /// Office Open XML.
    Docx,
    /// `OpenDocument`.
    Odt,
    /// PDF.
    Pdf,
}

/// The first bytes of an OLE compound file: Word before 2007, and encrypted newer documents.
const OLE: &[u8] = &[0xd0, 0xcf, 0x11, 0xe0, 0xa1, 0xb1, 0x1a, 0xe1];

/// Looks at the bytes first and at the name's ending last.
pub fn detect(bytes: &[u8], name: &str) -> Result<Format, WrittenError> {
    let ending = name.rsplit_once('.').map_or("", |(_, ending)| ending).to_ascii_lowercase();
    // Readers accept a PDF whose header is within the first kilobyte, and so do mail gateways
    // that put lines before it.
    let head = &bytes[..bytes.len().min(1024)];
    if find(head, b"%PDF-") {
        return Ok(Format::Pdf);
    }
    if bytes.starts_with(b"PK") {
        return detect_zip(bytes, &ending);
    }
    if bytes.starts_with(OLE) {
        let encrypted: Vec<u8> =
            "EncryptedPackage".encode_utf16().flat_map(u16::to_le_bytes).collect();
        return Err(if find(bytes, &encrypted) {
            WrittenError::Encrypted
        } else {
            WrittenError::Unsupported("a Word document from before 2007")
        });
    }
    match &*ending {
        "txt" | "md" | "markdown" | "text" => Ok(Format::Plain),
        "docx" | "odt" | "pdf" => Err(WrittenError::Broken(format!("this is no {ending} file"))),
        _ => Err(WrittenError::Unsupported("unknown ending")),
    }
}

fn detect_zip(bytes: &[u8], ending: &str) -> Result<Format, WrittenError> {
    // Names stand uncompressed in the file; `mimetype` is required to be first in OpenDocument.
    let head = &bytes[..bytes.len().min(200)];
    if find(head, b"application/vnd.oasis.opendocument.text") {
        return Ok(Format::Odt);
    }
    if find(bytes, b"word/document.xml") {
        return Ok(Format::Docx);
    }
    match ending {
        "docx" => Ok(Format::Docx),
        "odt" => Ok(Format::Odt),
        _ => Err(WrittenError::Unsupported("an archive")),
    }
}

fn find(bytes: &[u8], needle: &[u8]) -> bool {
    bytes.windows(needle.len()).any(|window| window == needle)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_count_more_than_names() {
        assert_eq!(detect(b"%PDF-1.7 ...", "report.docx").unwrap(), Format::Pdf);
        assert_eq!(detect(b"PK..word/document.xml", "report.pdf").unwrap(), Format::Docx);
        assert_eq!(detect(b"# Title", "report.MD").unwrap(), Format::Plain);
        assert!(matches!(detect(b"MZ", "a.exe"), Err(WrittenError::Unsupported(_))));
        assert!(matches!(detect(b"text", "a.docx"), Err(WrittenError::Broken(_))));
        assert!(matches!(detect(OLE, "a.doc"), Err(WrittenError::Unsupported(_))));
    }
}
