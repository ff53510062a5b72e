//! `OpenDocument` texts.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::WrittenError;
use super::package::Package;
use super::xml::{Lines, attribute, resolve};

/// What the `mimetype` entry of a text document or template starts with.
const TEXT_TYPE: &str = "application/vnd.oasis.opendocument.text";
/// The most spaces that one `text:s` may stand for: a number is cheap to write.
const MAX_SPACES: usize = 1000;

/// The text of the document's body.
pub fn text(package: &mut Package<'_>) -> Result<String, WrittenError> {
    let kind = package.required_part("mimetype")?;
    if !kind.starts_with(TEXT_TYPE) {
        return Err(WrittenError::Unsupported(format!("a document of type {:?}", kind.trim())));
    }
    if let Some(manifest) = package.part("META-INF/manifest.xml")? {
        check_encryption(&manifest)?;
    }
    Body::default().read(&package.required_part("content.xml")?)
}

/// Encrypted entries look like damaged ones; only the manifest tells.
fn check_encryption(manifest: &str) -> Result<(), WrittenError> {
    let mut reader = Reader::from_str(manifest);
    loop {
        match reader.read_event()? {
            Event::Start(tag) | Event::Empty(tag)
                if tag.name().as_ref() == "manifest:encryption-data" =>
            {
                return Err(WrittenError::Encrypted);
            }
            Event::Eof => return Ok(()),
            _ => {}
        }
    }
}

#[derive(Default)]
struct Body {
    lines: Lines,
    /// Open elements.
    depth: u32,
    /// Open paragraphs and headings; text outside of them is only layout of the file.
    paragraphs: u32,
}

impl Body {
    fn read(mut self, xml: &str) -> Result<String, WrittenError> {
        let mut reader = Reader::from_str(xml);
        let mut root_seen = false;
        loop {
            match reader.read_event()? {
                Event::Start(tag) if is_skipped(tag.name().as_ref()) => {
                    reader.read_to_end(tag.name())?;
                }
                Event::Start(tag) => {
                    root_seen = true;
                    self.depth += 1;
                    self.start(&tag)?;
                }
                Event::Empty(tag) => self.mark(&tag)?,
                // The reader refuses an end without its start: no count falls below zero.
                Event::End(tag) => {
                    self.depth -= 1;
                    self.end(tag.name().as_ref());
                }
                Event::Text(piece) if self.paragraphs > 0 => self.push(&piece.xml10_content()),
                Event::CData(piece) if self.paragraphs > 0 => self.push(&piece),
                Event::GeneralRef(reference) if self.paragraphs > 0 => {
                    resolve(&reference)?.into_iter().for_each(|c| self.lines.push(c));
                }
                Event::Eof if !root_seen || self.depth > 0 => {
                    return Err(WrittenError::Broken("the document ends early".into()));
                }
                Event::Eof => return Ok(self.lines.into_text()),
                _ => {}
            }
        }
    }

    fn start(&mut self, tag: &BytesStart<'_>) -> Result<(), WrittenError> {
        match tag.name().as_ref() {
            name if is_paragraph(name) => {
                self.paragraphs += 1;
                self.lines.end_line();
            }
            "table:table-cell" => self.lines.start_cell(),
            _ => {}
        }
        self.mark(tag)
    }

    fn end(&mut self, name: &str) {
        match name {
            _ if is_paragraph(name) => {
                self.paragraphs -= 1;
                self.lines.end_line();
            }
            "table:table-cell" => self.lines.end_cell(),
            "table:table-row" => self.lines.end_row(),
            _ => {}
        }
    }

    fn mark(&mut self, tag: &BytesStart<'_>) -> Result<(), WrittenError> {
        match tag.name().as_ref() {
            "text:tab" => self.lines.push('\t'),
            "text:line-break" => self.lines.push('\n'),
            "text:s" => {
                let count = attribute(tag, "text:c")?.and_then(|count| count.parse().ok());
                let count: usize = count.unwrap_or(1);
                self.lines.push_str(&" ".repeat(count.min(MAX_SPACES)));
            }
            _ => {}
        }
        Ok(())
    }

    /// White space in the file counts as one space, and as none at the start of a line.
    fn push(&mut self, piece: &str) {
        for c in piece.chars() {
            if !matches!(c, ' ' | '\t' | '\n' | '\r') {
                self.lines.push(c);
            } else if !self.lines.after_space() {
                self.lines.push(' ');
            }
        }
    }
}

fn is_paragraph(name: &str) -> bool {
    matches!(name, "text:p" | "text:h")
}

/// Deleted text, comments, readings above characters, and what describes pictures.
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "text:tracked-changes"
            | "office:annotation"
            | "text:ruby-text"
            | "svg:title"
            | "svg:desc"
            | "text:note-citation"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn white_space_is_what_its_elements_say() {
        let text = Body::default().read(
            "<office:text>\n <text:tracked-changes><text:p>删</text:p></text:tracked-changes>\
             <text:h>题</text:h>\n <text:p>\n  甲<text:s text:c='3'/>乙<text:tab/>丙\n  丁\
             <text:line-break/>戊&lt;<text:s text:c='99999999999'/></text:p></office:text>",
        );
        assert_eq!(text.unwrap().trim_end(), "题\n甲   乙\t丙 丁\n戊<");
    }

    #[test]
    fn encryption_is_told_by_the_manifest() {
        let manifest = "<manifest:file-entry><manifest:encryption-data/></manifest:file-entry>";
        assert!(matches!(check_encryption(manifest), Err(WrittenError::Encrypted)));
    }
}
