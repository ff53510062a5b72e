//! Who has handed in what and when in a round, as an Excel sheet.

use rust_xlsxwriter::{Color, Format, FormatAlign, FormatBorder, Workbook, Worksheet};

use super::{Mark, PaperError, RoundRow, RoundTable, document, words};
use crate::domain::round::Standing;

/// A cell holds at most 32 767 characters; what is longer is cut off.
const CELL: usize = 32_000;

/// The columns: names and widths in characters.
const COLUMNS: [(&str, f64); 15] = [
    ("姓名", 12.0),
    ("学号", 16.0),
    ("支部", 30.0),
    ("情况", 16.0),
    ("逾期", 6.0),
    ("首次交稿", 17.0),
    ("题目", 30.0),
    ("版本", 6.0),
    ("当前版本交稿", 17.0),
    ("状态", 16.0),
    ("决定", 10.0),
    ("决定人", 12.0),
    ("决定时间", 17.0),
    ("理由", 40.0),
    ("延期、免交", 40.0),
];

/// The workbook: a sheet with a row for each person, and one that says what it is about. All cells are texts:
/// numbers of students keep their zeros, and no text is taken for a formula.
pub fn table(round: &RoundTable, mark: &Mark) -> Result<Vec<u8>, PaperError> {
    let mut workbook = Workbook::new();
    people(workbook.add_worksheet(), round, mark.utc_offset)?;
    about(workbook.add_worksheet(), round, mark)?;
    Ok(workbook.save_to_buffer()?)
}

fn people(sheet: &mut Worksheet, round: &RoundTable, utc_offset: i16) -> Result<(), PaperError> {
    sheet.set_name("名单")?;
    let header = Format::new()
        .set_bold()
        .set_align(FormatAlign::Center)
        .set_background_color(Color::RGB(0x00F2_F2F2))
        .set_border_bottom(FormatBorder::Thin);
    for (column, (name, width)) in (0_u16..).zip(COLUMNS) {
        sheet.set_column_width(column, width)?;
        sheet.write_string_with_format(0, column, name, &header)?;
    }
    sheet.set_freeze_panes(1, 1)?;
    let wrapped = Format::new().set_text_wrap().set_align(FormatAlign::Top).set_num_format("@");
    for (line, row) in (1_u32..).zip(&round.rows) {
        for (column, text) in (0_u16..).zip(cells(row, utc_offset)) {
            write(sheet, line, column, &text, &wrapped)?;
        }
    }
    let last = u32::try_from(round.rows.len()).unwrap_or(u32::MAX);
    sheet.autofilter(0, 0, last, u16::try_from(COLUMNS.len() - 1).unwrap_or_default())?;
    Ok(())
}

fn write(
    sheet: &mut Worksheet,
    row: u32,
    column: u16,
    text: &str,
    format: &Format,
) -> Result<(), PaperError> {
    let text: String = text.chars().filter(|c| !c.is_control() || *c == '\n').take(CELL).collect();
    sheet.write_string_with_format(row, column, text, format)?;
    Ok(())
}

/// One row, in the order of [`COLUMNS`].
fn cells(row: &RoundRow, utc_offset: i16) -> [String; 15] {
    let time = |at| words::time(at, utc_offset);
    let report = row.report.as_ref();
    let decision = report.and_then(|report| report.decision.as_ref());
    let late = match row.standing {
        Standing::Late | Standing::Overdue => "是",
        Standing::Done => "否",
        Standing::Due | Standing::Returned | Standing::Excused => "",
    };
    [
        row.name.clone(),
        row.number.clone().unwrap_or_default(),
        words::branch(&row.branch),
        words::standing(row.standing).to_owned(),
        late.to_owned(),
        report.map(|report| time(report.first_at)).unwrap_or_default(),
        report.map(|report| report.title.clone()).unwrap_or_default(),
        report.map(|report| report.version.to_string()).unwrap_or_default(),
        report.map(|report| time(report.handed_in_at)).unwrap_or_default(),
        report.map(|report| words::state(report.state).to_owned()).unwrap_or_default(),
        decision.map(|it| words::verdict(it.verdict).to_owned()).unwrap_or_default(),
        decision.map(|it| it.person_name.clone()).unwrap_or_default(),
        decision.map(|it| time(it.at)).unwrap_or_default(),
        decision.map(|it| it.reasons.clone()).unwrap_or_default(),
        exception(row, utc_offset),
    ]
}

fn exception(row: &RoundRow, utc_offset: i16) -> String {
    let rule = &row.exception;
    let mut parts = Vec::new();
    if rule.excused {
        parts.push("免交".to_owned());
    } else if let Some(later) = rule.extended_to {
        parts.push(format!("延期至 {}", words::time(later, utc_offset)));
    }
    if !rule.reason.is_empty() {
        parts.push(rule.reason.clone());
    }
    parts.join("；")
}

/// What the sheet is about, and who has exported it.
fn about(sheet: &mut Worksheet, round: &RoundTable, mark: &Mark) -> Result<(), PaperError> {
    sheet.set_name("说明")?;
    sheet.set_column_width(0, 14.0)?;
    sheet.set_column_width(1, 60.0)?;
    let text = Format::new().set_num_format("@");
    let rows = [
        ("轮次", round.title.clone()),
        ("支部", words::branch(&round.branch)),
        ("时段", words::period(&round.period)),
        ("截止时间", words::time(round.deadline, mark.utc_offset)),
        ("时区", words::zone(mark.utc_offset)),
        ("人数", round.rows.len().to_string()),
        ("导出", document::footer(mark)),
    ];
    for (line, (name, value)) in (0_u32..).zip(rows) {
        write(sheet, line, 0, name, &text)?;
        write(sheet, line, 1, &value, &text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests;
