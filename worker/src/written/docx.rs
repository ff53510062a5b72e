//! Word documents: `WordprocessingML` in a zip container.

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::WrittenError;
use super::package::Package;
use super::xml::{Lines, attribute, resolve};

/// The text of the document's body.
pub fn text(package: &mut Package<'_>) -> Result<String, WrittenError> {
    let part = main_part(package)?;
    body_text(&package.required_part(&part)?)
}

/// Where the document is. Nearly always the same place, but some editors number it.
fn main_part(package: &mut Package<'_>) -> Result<String, WrittenError> {
    const USUAL: &str = "word/document.xml";
    let Some(relations) = package.part("_rels/.rels")? else { return Ok(USUAL.into()) };
    let mut reader = Reader::from_str(&relations);
    loop {
        match reader.read_event()? {
            Event::Empty(tag) | Event::Start(tag) => {
                let kind = attribute(&tag, "Type")?.unwrap_or_default();
                if kind.ends_with("/officeDocument") {
                    let target = attribute(&tag, "Target")?.unwrap_or_default();
                    return Ok(target.trim_start_matches('/').to_owned());
                }
            }
            Event::Eof => return Err(WrittenError::Broken("no main part".into())),
            _ => {}
        }
    }
}

fn body_text(xml: &str) -> Result<String, WrittenError> {
    let mut reader = Reader::from_str(xml);
    let mut lines = Lines::default();
    let mut root_seen = false;
    let mut in_text = false;
    let mut depth = 0_u32;
    loop {
        match reader.read_event()? {
            Event::Start(tag) if !root_seen => {
                check_root(&tag)?;
                root_seen = true;
                depth += 1;
            }
            Event::Start(tag) if is_skipped(tag.name().as_ref()) => {
                reader.read_to_end(tag.name())?;
            }
            Event::Start(tag) => {
                depth += 1;
                match tag.name().as_ref() {
                    "w:t" | "m:t" => in_text = true,
                    "w:p" => lines.end_line(),
                    "w:tc" => lines.start_cell(),
                    name => push_mark(name, &mut lines),
                }
            }
            Event::Empty(tag) => push_mark(tag.name().as_ref(), &mut lines),
            // The reader refuses an end without its start, so this cannot fall below zero.
            Event::End(tag) => {
                depth -= 1;
                match tag.name().as_ref() {
                    "w:t" | "m:t" => in_text = false,
                    "w:p" => lines.end_line(),
                    "w:tc" => lines.end_cell(),
                    "w:tr" => lines.end_row(),
                    _ => {}
                }
            }
            Event::Text(piece) if in_text => lines.push_str(&piece.xml10_content()),
            Event::CData(piece) if in_text => lines.push_str(&piece),
            Event::GeneralRef(reference) if in_text => {
                resolve(&reference)?.into_iter().for_each(|c| lines.push(c));
            }
            Event::Eof if !root_seen || depth > 0 => {
                return Err(WrittenError::Broken("the document ends early".into()));
            }
            Event::Eof => return Ok(lines.into_text()),
            _ => {}
        }
    }
}

/// Spreadsheets and slides come in the same container.
fn check_root(tag: &BytesStart<'_>) -> Result<(), WrittenError> {
    match tag.name().as_ref() {
        "w:document" => Ok(()),
        other => Err(WrittenError::Unsupported(format!("an Office file with <{other}>"))),
    }
}

/// Deleted or moved text, the older twin of a drawing, and properties (which define tab stops
/// under the name that tabs have in text).
fn is_skipped(name: &str) -> bool {
    matches!(
        name,
        "w:del" | "w:moveFrom" | "mc:Fallback" | "w:pPr" | "w:rPr" | "w:tblPr" | "w:sectPr"
    )
}

fn push_mark(name: &str, lines: &mut Lines) {
    match name {
        "w:tab" | "w:ptab" => lines.push('\t'),
        "w:br" | "w:cr" => lines.push('\n'),
        "w:noBreakHyphen" => lines.push('-'),
        _ => {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn body(inner: &str) -> Result<String, WrittenError> {
        body_text(&format!("<w:document><w:body>{inner}</w:body></w:document>"))
    }

    #[test]
    fn only_what_a_reader_sees_is_kept() {
        let text = body(
            "<w:p><w:pPr><w:tabs><w:tab w:val='left'/></w:tabs></w:pPr><w:r><w:t>甲&amp;&#20057;</w:t>\
             <w:tab/></w:r><w:del><w:r><w:delText>删</w:delText><w:t>删</w:t></w:r></w:del>\
             <w:ins><w:r><w:t>丙</w:t><w:br/></w:r></w:ins><w:r><w:t>丁</w:t></w:r></w:p>\
             <w:p><mc:AlternateContent><mc:Choice><w:p><w:r><w:t>框</w:t></w:r></w:p></mc:Choice>\
             <mc:Fallback><w:p><w:r><w:t>框</w:t></w:r></w:p></mc:Fallback></mc:AlternateContent></w:p>",
        );
        assert_eq!(text.unwrap(), "甲&乙\t丙\n丁\n框\n");
    }

    #[test]
    fn cells_share_a_line() {
        let cell = |inner: &str| format!("<w:tc>{inner}</w:tc>");
        let p = |inner: &str| format!("<w:p><w:r><w:t>{inner}</w:t></w:r></w:p>");
        let row = |cells: &str| format!("<w:tr>{cells}</w:tr>");
        let table = row(&(cell("<w:p/>") + &cell(&p("甲"))))
            + &row(&(cell(&(p("乙") + &p("丙"))) + &cell("<w:p></w:p>")));
        let text = body(&format!("{}<w:tbl>{table}</w:tbl>{}", p("前"), p("后")));
        assert_eq!(text.unwrap(), "前\n\t甲\n乙\n丙\t\n后\n");
    }

    #[test]
    fn a_document_that_stops_is_broken() {
        let cut = body_text("<w:document><w:body><w:p><w:r><w:t>甲</w:t>");
        assert!(matches!(cut, Err(WrittenError::Broken(_))));
        assert!(matches!(body_text("<x:workbook/>"), Err(WrittenError::Broken(_))));
        assert!(matches!(
            body_text("<x:workbook></x:workbook>"),
            Err(WrittenError::Unsupported(_))
        ));
    }
}
