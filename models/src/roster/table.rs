//! Rows of cells from `.csv` and `.xlsx`. A file may claim anything: everything is counted as it is read.

use std::io::{Cursor, Read};

use calamine::{Data, DataRef, Reader, Sheet, SheetType, SheetVisible, Xlsx};
use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use zip::ZipArchive;

/// The largest file, in bytes.
pub const MAX_BYTES: usize = 5 << 20;

/// What a workbook may come to when it is unpacked, in bytes. Real ones are ten times their packed size.
const MAX_UNPACKED: u64 = 64 << 20;

/// The most rows; a university's intake has fewer.
const MAX_ROWS: usize = 20_000;

/// The most columns.
const MAX_COLUMNS: usize = 64;

/// The most characters of a cell.
const MAX_CELL: usize = 500;

/// Why a file is no table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TableError {
    /// It is too large, or becomes too large when it is unpacked.
    #[error("the file is too large")]
    TooLarge,
    /// It is neither a `.csv` nor an `.xlsx`.
    #[error("this is no .csv and no .xlsx file")]
    Unsupported,
    /// It is damaged or protected by a password.
    #[error("the file is damaged or protected by a password")]
    Broken,
}

/// Reads the rows of a file, of a workbook those of its first sheet. Empty rows stay, so that a row's place
/// is its number in the file.
pub fn read(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    if bytes.len() > MAX_BYTES {
        return Err(TableError::TooLarge);
    }
    match bytes {
        [b'P', b'K', ..] => workbook(bytes),
        // A workbook of before 2007, or one with a password.
        [0xd0, 0xcf, 0x11, 0xe0, ..] => Err(TableError::Unsupported),
        _ if bytes.contains(&0) => Err(TableError::Unsupported),
        _ => text(bytes),
    }
}

fn workbook(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    check_unpacked(bytes)?;
    let mut book = Xlsx::new(Cursor::new(bytes)).map_err(|_| TableError::Broken)?;
    let shown = |sheet: &&Sheet| {
        sheet.visible == SheetVisible::Visible && sheet.typ == SheetType::WorkSheet
    };
    let sheet = book.sheets_metadata().iter().find(shown).map(|sheet| sheet.name.clone());
    let sheet = sheet.ok_or(TableError::Broken)?;
    // Cell by cell: a sheet of two cells in opposite corners has 17 billion cells in between.
    let mut cells = book.worksheet_cells_reader(&sheet).map_err(|_| TableError::Broken)?;
    let mut rows: Vec<Vec<String>> = Vec::new();
    while let Some(cell) = cells.next_cell().map_err(|_| TableError::Broken)? {
        let text = value(cell.get_value());
        if text.is_empty() {
            continue;
        }
        let (row, column) = cell.get_position();
        let (row, column) = (row as usize, column as usize);
        if row >= MAX_ROWS || column >= MAX_COLUMNS {
            return Err(TableError::TooLarge);
        }
        if rows.len() <= row {
            rows.resize(row + 1, Vec::new());
        }
        if let Some(cells) = rows.get_mut(row) {
            cells.resize(cells.len().max(column + 1), String::new());
            if let Some(cell) = cells.get_mut(column) {
                *cell = text;
            }
        }
    }
    Ok(rows)
}

/// What is written in the archive about sizes need not be true, so everything is unpacked once and thrown away.
fn check_unpacked(bytes: &[u8]) -> Result<(), TableError> {
    let mut archive = ZipArchive::new(Cursor::new(bytes)).map_err(|_| TableError::Broken)?;
    let mut left = MAX_UNPACKED;
    for index in 0..archive.len() {
        let file = archive.by_index(index).map_err(|_| TableError::Broken)?;
        let unpacked = std::io::copy(&mut file.take(left + 1), &mut std::io::sink());
        let unpacked = unpacked.map_err(|_| TableError::Broken)?;
        left = left.checked_sub(unpacked).ok_or(TableError::TooLarge)?;
    }
    Ok(())
}

/// A cell as it is shown. Numbers of students are often kept as numbers.
fn value(cell: &DataRef<'_>) -> String {
    match cell {
        DataRef::Float(number) if number.fract() == 0.0 && number.abs() < 1e15 => {
            format!("{number:.0}")
        }
        DataRef::Empty | DataRef::Error(_) => String::new(),
        other => shorten(&Data::from(other.clone()).to_string()),
    }
}

fn text(bytes: &[u8]) -> Result<Vec<Vec<String>>, TableError> {
    let text = decode(bytes);
    let delimiter = delimiter(&text);
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .delimiter(delimiter)
        .from_reader(text.as_bytes());
    let (mut rows, mut record) = (Vec::new(), csv::StringRecord::new());
    // How far lines are counted, and how many there are until there.
    let (mut counted, mut lines) = (0, 0);
    while reader.read_record(&mut record).map_err(|_| TableError::Broken)? {
        // The reader skips empty lines, so a row's number follows from where it ends. A cell may hold line
        // breaks.
        let end = usize::try_from(reader.position().byte()).unwrap_or(0).min(text.len());
        let content = text[..end].trim_end_matches(['\r', '\n']).len().max(counted);
        lines += breaks(&text[counted..content]);
        counted = content;
        let row = lines - record.iter().map(breaks).sum::<usize>().min(lines);
        if row >= MAX_ROWS || record.len() > MAX_COLUMNS {
            return Err(TableError::TooLarge);
        }
        rows.resize(row.max(rows.len()), Vec::new());
        rows.push(record.iter().map(shorten).collect());
    }
    Ok(rows)
}

fn breaks(text: &str) -> usize {
    text.bytes().filter(|byte| *byte == b'\n').count()
}

/// UTF-8 where it is that, or else what it looks like: spreadsheets in China write GB 18030.
fn decode(bytes: &[u8]) -> String {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    let encoding = match std::str::from_utf8(bytes) {
        Ok(_) => encoding_rs::UTF_8,
        Err(_) => match detector.guess(Some(b"cn"), Utf8Detection::Allow) {
            other if other.is_single_byte() => encoding_rs::GB18030,
            other => other,
        },
    };
    // Takes a byte order mark away.
    encoding.decode(bytes).0.into_owned()
}

/// What separates cells: what the first line has most of.
fn delimiter(text: &str) -> u8 {
    let first = text.lines().next().unwrap_or_default();
    let count = |delimiter: u8| first.bytes().filter(|byte| *byte == delimiter).count();
    // The last of several with the same count wins.
    b";\t,".iter().copied().max_by_key(|delimiter| count(*delimiter)).unwrap_or(b',')
}

fn shorten(cell: &str) -> String {
    cell.trim().chars().take(MAX_CELL).collect()
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use zip::write::SimpleFileOptions;

    use super::*;

    fn rows(bytes: &[u8]) -> Vec<Vec<String>> {
        read(bytes).unwrap()
    }

    #[test]
    fn csv_is_read_however_spreadsheets_write_it() {
        let expected = [vec!["学号", "姓名"], vec!["2026", "李 晓明"]];
        let (gbk, _, _) = encoding_rs::GB18030.encode("学号,姓名\r\n2026,李 晓明\r\n");
        for bytes in [
            "学号,姓名\n2026,李 晓明\n".as_bytes(),
            "\u{feff}学号,姓名\r\n2026,\"李 晓明\"\r\n".as_bytes(),
            "学号;姓名\n2026; 李 晓明".as_bytes(),
            "学号\t姓名\n2026\t李 晓明".as_bytes(),
            &gbk,
        ] {
            assert_eq!(rows(bytes), expected);
        }
        assert_eq!(rows(b""), Vec::<Vec<String>>::new());
        for gaps in [&b"a\n\n\nb"[..], b"a\r\n\r\n\r\nb\r\n", b"a\n\n\nb\n\n"] {
            assert_eq!(rows(gaps).len(), 4, "rows keep their numbers");
        }
        assert_eq!(rows(b"\"a\nb\",1\nc,2").len(), 3, "a cell of two lines");
    }

    fn zip(files: &[(&str, &[u8])]) -> Vec<u8> {
        let mut writer = zip::ZipWriter::new(Cursor::new(Vec::new()));
        for (name, bytes) in files {
            writer.start_file(*name, SimpleFileOptions::default()).unwrap();
            writer.write_all(bytes).unwrap();
        }
        writer.finish().unwrap().into_inner()
    }

    fn book(sheet: &str) -> Vec<u8> {
        let content = r#"<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types"/>"#;
        let relations = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/worksheet" Target="worksheets/sheet1.xml"/></Relationships>"#;
        let workbook = r#"<?xml version="1.0"?><workbook xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main" xmlns:r="http://schemas.openxmlformats.org/officeDocument/2006/relationships"><sheets><sheet name="名单" sheetId="1" r:id="r1"/></sheets></workbook>"#;
        let sheet = format!(
            r#"<?xml version="1.0"?><worksheet xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"><sheetData>{sheet}</sheetData></worksheet>"#
        );
        let package = r#"<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/relationships"><Relationship Id="r1" Type="http://schemas.openxmlformats.org/officeDocument/2006/relationships/officeDocument" Target="xl/workbook.xml"/></Relationships>"#;
        zip(&[
            ("[Content_Types].xml", content.as_bytes()),
            ("_rels/.rels", package.as_bytes()),
            ("xl/workbook.xml", workbook.as_bytes()),
            ("xl/_rels/workbook.xml.rels", relations.as_bytes()),
            ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
        ])
    }

    #[test]
    fn workbooks_are_read_with_numbers_as_they_are_shown() {
        let book = book(
            r#"<row r="1"><c r="A1" t="inlineStr"><is><t>学号</t></is></c><c r="B1" t="inlineStr"><is><t>姓名</t></is></c></row>
               <row r="3"><c r="A3"><v>20260001</v></c><c r="B3" t="inlineStr"><is><t> 王芳 </t></is></c></row>"#,
        );
        assert_eq!(rows(&book), [vec!["学号", "姓名"], vec![], vec!["20260001", "王芳"]]);
    }

    #[test]
    fn what_claims_to_be_huge_is_refused_before_it_is() {
        let corners = book(
            r#"<row r="1"><c r="A1"><v>1</v></c></row><row r="1048576"><c r="XFD1048576"><v>1</v></c></row>"#,
        );
        assert_eq!(read(&corners), Err(TableError::TooLarge));
        let bomb = zip(&[("xl/workbook.xml", &vec![b' '; 70 << 20])]);
        assert!(bomb.len() < MAX_BYTES);
        assert_eq!(read(&bomb), Err(TableError::TooLarge));
        assert_eq!(read(&vec![b'a'; MAX_BYTES + 1]), Err(TableError::TooLarge));
        assert_eq!(read("a,b\n".repeat(20_001).as_bytes()), Err(TableError::TooLarge));
    }

    #[test]
    fn other_files_are_refused() {
        assert_eq!(read(b"\xd0\xcf\x11\xe0 an old workbook"), Err(TableError::Unsupported));
        assert_eq!(read(b"\x89PNG\0"), Err(TableError::Unsupported));
        assert_eq!(read(b"PK, but nothing else"), Err(TableError::Broken));
        let (whole, half) = (book(""), book(""));
        assert!(read(&whole).is_ok());
        assert_eq!(read(&half[..half.len() / 2]), Err(TableError::Broken));
    }

    #[test]
    fn any_bytes_are_read_or_refused() {
        use proptest::prelude::*;
        proptest!(|(bytes in proptest::collection::vec(any::<u8>(), 0..400))| {
            let _ = read(&bytes);
        });
    }
}
