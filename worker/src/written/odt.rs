//! `OpenDocument` text.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::docx::push_reference;
use super::package::Package;
use super::{WrittenError, WrittenLimits};

/// More spaces in a row than this are layout.
const MAX_SPACES: usize = 100;

/// The body's text, a line for each paragraph.
pub fn text(bytes: &[u8], limits: &WrittenLimits) -> Result<String, WrittenError> {
    let mut package = Package::open(bytes, limits)?;
    let manifest = package.part("META-INF/manifest.xml")?.unwrap_or_default();
    let mark = b"encryption-data";
    if manifest.windows(mark.len()).any(|window| window == mark) {
        return Err(WrittenError::Encrypted);
    }
    read(&package.needed("content.xml")?)
}

fn read(xml: &[u8]) -> Result<String, WrittenError> {
    let mut reader = Reader::from_reader(xml);
    let mut text = String::new();
    // How deep inside paragraphs (a note is a paragraph inside one), and inside what is not read.
    let (mut paragraphs, mut skipped) = (0_u32, 0_u32);
    loop {
        match reader.read_event().map_err(WrittenError::broken)? {
            Event::Eof => return Ok(text),
            Event::Start(tag) => match tag.name().as_ref() {
                "text:p" | "text:h" => paragraphs += 1,
                "text:tracked-changes" | "office:annotation" => skipped += 1,
                _ => {}
            },
            Event::End(tag) => match tag.name().as_ref() {
                "text:p" | "text:h" => {
                    paragraphs = paragraphs.saturating_sub(1);
                    if skipped == 0 {
                        text.push('\n');
                    }
                }
                "text:tracked-changes" | "office:annotation" => {
                    skipped = skipped.saturating_sub(1);
                }
                _ => {}
            },
            Event::Empty(tag) if skipped == 0 => match tag.name().as_ref() {
                "text:s" => text.push_str(&" ".repeat(spaces(&tag))),
                "text:tab" => text.push('\t'),
                "text:line-break" | "text:p" | "text:h" => text.push('\n'),
                _ => {}
            },
            Event::Text(run) if paragraphs > 0 && skipped == 0 => {
                text.push_str(&run);
            }
            Event::GeneralRef(name) if paragraphs > 0 && skipped == 0 => {
                push_reference(&mut text, &name)?;
            }
            _ => {}
        }
    }
}

/// `text:c` of `text:s`: how many spaces it stands for.
fn spaces(tag: &BytesStart<'_>) -> usize {
    let count = tag.attributes().flatten().find(|a| a.key.as_ref() == "text:c");
    let count = count.and_then(|a| a.value.parse::<usize>().ok());
    count.unwrap_or(1).min(MAX_SPACES)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_breaks_and_spaces_are_read() {
        let xml = "<office:text><text:tracked-changes><text:p>删</text:p></text:tracked-changes>\
                   <text:h>思想汇报</text:h><text:p>一<text:s text:c=\"2\"/>二<text:line-break/>\
                   <text:span>三&lt;</text:span></text:p></office:text>";
        assert_eq!(read(xml.as_bytes()).unwrap(), "思想汇报\n一  二\n三<\n");
    }
}
