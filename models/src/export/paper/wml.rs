//! `WordprocessingML` (ECMA-376), as much of it as a paper file needs: paragraphs in named styles, tables of two
//! columns, and a footer with page numbers. The styles are in `parts/styles.xml`.

use std::fmt::Write as _;
use std::io::{Cursor, Write};

use zip::result::ZipError;
use zip::write::{SimpleFileOptions, ZipWriter};

/// The namespace of every part below.
const NAMESPACE: &str = "http://schemas.openxmlformats.org/wordprocessingml/2006/main";

/// A4 with the margins of GB/T 9704 (official documents), in twentieths of a point. The footer's own distance
/// leaves room for two lines.
const SECTION: &str = "<w:sectPr><w:footerReference w:type=\"default\" r:id=\"rId3\"/>\
    <w:pgSz w:w=\"11906\" w:h=\"16838\"/>\
    <w:pgMar w:top=\"2098\" w:right=\"1474\" w:bottom=\"1985\" w:left=\"1588\" w:header=\"851\" \
    w:footer=\"992\" w:gutter=\"0\"/></w:sectPr>";

/// The width between the margins.
const TEXT_WIDTH: u32 = 8844;

/// The parts that are the same in every document.
const FIXED: [(&str, &str); 5] = [
    ("[Content_Types].xml", include_str!("parts/content_types.xml")),
    ("_rels/.rels", include_str!("parts/package_rels.xml")),
    ("word/_rels/document.xml.rels", include_str!("parts/document_rels.xml")),
    ("word/styles.xml", include_str!("parts/styles.xml")),
    ("word/settings.xml", include_str!("parts/settings.xml")),
];

/// The text of a document, which grows from its beginning to its end.
#[derive(Debug, Default)]
pub(super) struct Body(String);

impl Body {
    /// A paragraph in a style. Lines of the text stay lines.
    pub fn paragraph(&mut self, style: &str, text: &str) {
        push_paragraph(&mut self.0, style, "", text);
    }

    /// A paragraph that begins a page.
    pub fn new_page(&mut self, style: &str, text: &str) {
        push_paragraph(&mut self.0, style, "<w:pageBreakBefore/>", text);
    }

    /// A table with names on the left, `name_width` wide, and what they name on the right.
    pub fn table(&mut self, name_width: u32, styles: [&str; 2], rows: &[(String, String)]) {
        let widths = [name_width, TEXT_WIDTH - name_width];
        let edge = |name| {
            format!("<w:{name} w:val=\"single\" w:sz=\"4\" w:space=\"0\" w:color=\"808080\"/>")
        };
        let edges = ["top", "left", "bottom", "right", "insideH", "insideV"].map(edge).concat();
        let columns = widths.map(|width| format!("<w:gridCol w:w=\"{width}\"/>")).concat();
        push(
            &mut self.0,
            format_args!(
                "<w:tbl><w:tblPr><w:tblW w:w=\"{TEXT_WIDTH}\" w:type=\"dxa\"/><w:tblBorders>{edges}\
                 </w:tblBorders><w:tblLayout w:type=\"fixed\"/></w:tblPr><w:tblGrid>{columns}</w:tblGrid>"
            ),
        );
        for (name, text) in rows {
            self.0.push_str("<w:tr><w:trPr><w:cantSplit/></w:trPr>");
            for ((width, style), text) in widths.iter().zip(styles).zip([name, text]) {
                push(
                    &mut self.0,
                    format_args!(
                        "<w:tc><w:tcPr><w:tcW w:w=\"{width}\" w:type=\"dxa\"/>\
                         <w:vAlign w:val=\"center\"/></w:tcPr>"
                    ),
                );
                push_paragraph(&mut self.0, style, "", text);
                self.0.push_str("</w:tc>");
            }
            self.0.push_str("</w:tr>");
        }
        self.0.push_str("</w:tbl>");
    }

    /// The document: a zip archive. Equal bodies make equal bytes.
    pub fn into_document(self, title: &str, footer: &str) -> Result<Vec<u8>, ZipError> {
        let document = format!(
            "<w:document xmlns:w=\"{NAMESPACE}\" \
             xmlns:r=\"http://schemas.openxmlformats.org/officeDocument/2006/relationships\">\
             <w:body>{}{SECTION}</w:body></w:document>",
            self.0
        );
        let mut archive = ZipWriter::new(Cursor::new(Vec::new()));
        let mut part = |name: &str, text: &str| {
            archive.start_file(name, SimpleFileOptions::default())?;
            archive.write_all(text.as_bytes()).map_err(ZipError::from)
        };
        for (name, text) in FIXED {
            part(name, text)?;
        }
        part("docProps/core.xml", &xml(&core_properties(title)))?;
        part("word/footer1.xml", &xml(&page_footer(footer)))?;
        part("word/document.xml", &xml(&document))?;
        Ok(archive.finish()?.into_inner())
    }
}

fn xml(element: &str) -> String {
    format!("<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n{element}")
}

fn core_properties(title: &str) -> String {
    format!(
        "<cp:coreProperties \
         xmlns:cp=\"http://schemas.openxmlformats.org/package/2006/metadata/core-properties\" \
         xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><dc:title>{}</dc:title>\
         <dc:creator>{}</dc:creator><dc:language>zh-CN</dc:language></cp:coreProperties>",
        escape(title),
        concat!("Huibao ", env!("CARGO_PKG_VERSION"))
    )
}

/// A line of text, and the page's number below it.
fn page_footer(line: &str) -> String {
    let mut text = format!("<w:ftr xmlns:w=\"{NAMESPACE}\">");
    push_paragraph(&mut text, "Footer", "", line);
    text.push_str("<w:p><w:pPr><w:pStyle w:val=\"Footer\"/></w:pPr>");
    push_run(&mut text, "第 ");
    push_field(&mut text, "PAGE");
    push_run(&mut text, " 页　共 ");
    push_field(&mut text, "NUMPAGES");
    push_run(&mut text, " 页");
    text.push_str("</w:p></w:ftr>");
    text
}

fn push_paragraph(to: &mut String, style: &str, properties: &str, text: &str) {
    // The schema wants the style first.
    push(to, format_args!("<w:p><w:pPr><w:pStyle w:val=\"{style}\"/>{properties}</w:pPr>"));
    push_run(to, text);
    to.push_str("</w:p>");
}

fn push_run(to: &mut String, text: &str) {
    to.push_str("<w:r>");
    for (number, line) in text.lines().enumerate() {
        if number > 0 {
            to.push_str("<w:br/>");
        }
        for (number, piece) in line.split('\t').enumerate() {
            if number > 0 {
                to.push_str("<w:tab/>");
            }
            push(to, format_args!("<w:t xml:space=\"preserve\">{}</w:t>", escape(piece)));
        }
    }
    to.push_str("</w:r>");
}

/// What the word processor computes.
fn push_field(to: &mut String, instruction: &str) {
    let mark = |kind| format!("<w:r><w:fldChar w:fldCharType=\"{kind}\"/></w:r>");
    push(
        to,
        format_args!(
            "{}<w:r><w:instrText xml:space=\"preserve\"> {instruction} </w:instrText></w:r>{}\
             <w:r><w:t>1</w:t></w:r>{}",
            mark("begin"),
            mark("separate"),
            mark("end")
        ),
    );
}

fn push(to: &mut String, pieces: std::fmt::Arguments<'_>) {
    // Writing to a string does not fail.
    let _ = to.write_fmt(pieces);
}

/// Text as XML 1.0 may hold it: without markup, and without the characters that no document may have.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '\u{fffe}' | '\u{ffff}' => {}
            c if c.is_control() => {}
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_cannot_become_markup_and_has_no_forbidden_characters() {
        let mut body = Body::default();
        body.paragraph("Written", "a<w:t>&\u{0}\u{b}\u{ffff}\t二\r\n三");
        assert_eq!(
            body.0,
            "<w:p><w:pPr><w:pStyle w:val=\"Written\"/></w:pPr><w:r>\
             <w:t xml:space=\"preserve\">a&lt;w:t&gt;&amp;</w:t><w:tab/>\
             <w:t xml:space=\"preserve\">二</w:t><w:br/><w:t xml:space=\"preserve\">三</w:t></w:r></w:p>"
        );
    }

    #[test]
    fn equal_bodies_make_equal_bytes() {
        let made = || {
            let mut body = Body::default();
            body.table(2000, ["FactName", "Fact"], &[("一".into(), "二".into())]);
            body.into_document("题", "甲").unwrap()
        };
        assert_eq!(made(), made());
    }

    #[test]
    fn every_style_that_is_used_is_defined() {
        let styles = include_str!("parts/styles.xml");
        for style in [
            "Kind", "Title", "Heading1", "Written", "Spoken", "Fact", "FactName", "Hash", "Note",
            "Footer",
        ] {
            assert!(styles.contains(&format!("w:styleId=\"{style}\"")), "{style}");
        }
    }
}
