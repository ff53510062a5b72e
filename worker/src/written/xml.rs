//! What reading DOCX and ODT has in common.

use quick_xml::events::{BytesRef, BytesStart};

use super::WrittenError;

/// The character that a reference such as `&amp;` or `&#8212;` stands for. Entities that a document
/// declares for itself stand for nothing: they are not expanded, so they cannot explode.
pub fn resolve(reference: &BytesRef<'_>) -> Result<Option<char>, WrittenError> {
    if let Some(c) = reference.resolve_char_ref()? {
        return Ok(Some(c));
    }
    Ok(match &**reference {
        "amp" => Some('&'),
        "lt" => Some('<'),
        "gt" => Some('>'),
        "quot" => Some('"'),
        "apos" => Some('\''),
        _ => None,
    })
}

/// The value of an attribute by its qualified name.
pub fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<Option<String>, WrittenError> {
    let attribute = tag.try_get_attribute(name).map_err(quick_xml::Error::from)?;
    Ok(attribute.map(|attribute| attribute.value.into_owned()))
}

/// Text that grows by paragraphs and tables. Each paragraph ends a line, except that the cells of a
/// table's row share one, with tabs between them.
#[derive(Default)]
pub struct Lines {
    text: String,
    /// Where the content of each open cell starts; tables can be nested.
    cells: Vec<usize>,
}

impl Lines {
    /// Adds to the current line.
    pub fn push_str(&mut self, piece: &str) {
        self.text.push_str(piece);
    }

    /// Adds to the current line, or ends it with a newline.
    pub fn push(&mut self, c: char) {
        self.text.push(c);
    }

    /// Whether white space here would be at the start of a line or after other white space.
    pub fn after_space(&self) -> bool {
        self.text.chars().next_back().is_none_or(char::is_whitespace)
    }

    /// Ends the line if something is on it: at the end of a paragraph, and at its start too, because
    /// a text box puts paragraphs inside of paragraphs.
    pub fn end_line(&mut self) {
        if self.text.len() > self.cell_start() && !self.text.ends_with('\n') {
            self.text.push('\n');
        }
    }

    /// Starts a cell.
    pub fn start_cell(&mut self) {
        self.cells.push(self.text.len());
    }

    /// Ends a cell: a tab takes the place of its last line break.
    pub fn end_cell(&mut self) {
        if self.text.len() > self.cell_start() && self.text.ends_with('\n') {
            self.text.pop();
        }
        self.cells.pop();
        self.text.push('\t');
    }

    /// Ends a row: a line break takes the place of the last cell's tab.
    pub fn end_row(&mut self) {
        if self.text.ends_with('\t') {
            self.text.pop();
        }
        self.text.push('\n');
    }

    /// All of it.
    pub fn into_text(self) -> String {
        self.text
    }

    fn cell_start(&self) -> usize {
        self.cells.last().copied().unwrap_or(0)
    }
}
