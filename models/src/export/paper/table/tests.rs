use std::io::Cursor;

use calamine::{Data, Reader, Xlsx};
use chrono::DateTime;

use super::*;
use crate::domain::ids::{PersonId, SubmissionId};
use crate::domain::report::ReportState;
use crate::domain::review::{Decision, Verdict};
use crate::domain::round::RoundException;
use crate::export::paper::RoundReport;

fn row(name: &str, standing: Standing, report: Option<RoundReport>) -> RoundRow {
    RoundRow {
        name: name.into(),
        number: Some("0012026".into()),
        branch: "/a/b".parse().unwrap(),
        standing,
        exception: RoundException::default(),
        report,
    }
}

fn handed_in() -> RoundReport {
    let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let decision = Decision {
        verdict: Verdict::Return,
        reasons: "=HYPERLINK(\"http://example.org\")".into(),
        person: PersonId::new(),
        person_name: "王老师".into(),
        submission: SubmissionId::new(),
        submission_version: 1,
        transcript_version: 2,
        stale: false,
        open_questions: vec![],
        at,
    };
    RoundReport {
        title: "@SUM(1)".into(),
        state: ReportState::Returned,
        first_at: at,
        handed_in_at: at,
        version: 2,
        decision: Some(decision),
    }
}

fn read(rows: Vec<RoundRow>) -> Vec<Vec<Data>> {
    let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    let round = RoundTable {
        title: "第四季度".into(),
        branch: "/a".parse().unwrap(),
        period: "2026Q4".parse().unwrap(),
        deadline: at,
        rows,
    };
    let bytes = table(&round, &Mark { by: "王老师".into(), at, utc_offset: 480 }).unwrap();
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).unwrap();
    assert_eq!(book.sheet_names(), ["名单", "说明"]);
    let about = book.worksheet_range("说明").unwrap();
    let about: Vec<String> = about.rows().map(|row| row[1].to_string()).collect();
    assert_eq!(about[0], "第四季度");
    assert!(about[6].contains("由 王老师 于 2026-09-21 22:13"), "{about:?}");
    book.worksheet_formula("名单").unwrap().rows().flatten().for_each(|formula| {
        assert_eq!(formula, "", "no text becomes a formula");
    });
    book.worksheet_range("名单").unwrap().rows().map(<[Data]>::to_vec).collect()
}

#[test]
fn a_row_for_each_person_and_all_cells_are_texts() {
    let excused = RoundRow {
        exception: RoundException { excused: true, reason: "病假".into(), extended_to: None },
        ..row("赵四", Standing::Excused, None)
    };
    let rows = read(vec![
        row("=1+1", Standing::Returned, Some(handed_in())),
        row("李晓明", Standing::Overdue, None),
        excused,
    ]);
    assert_eq!(rows.len(), 4);
    assert_eq!(rows[0][0], Data::String("姓名".into()));
    let first: Vec<String> = rows[1].iter().map(ToString::to_string).collect();
    assert_eq!(
        first[..14],
        [
            "=1+1",
            "0012026",
            "a / b",
            "已退回，待重交",
            "",
            "2026-05-29 04:26",
            "@SUM(1)",
            "2",
            "2026-05-29 04:26",
            "已退回",
            "退回",
            "王老师",
            "2026-05-29 04:26",
            "=HYPERLINK(\"http://example.org\")",
        ]
    );
    assert!(rows.iter().flatten().all(|cell| matches!(cell, Data::String(_) | Data::Empty)));
    assert_eq!((rows[2][3].to_string(), rows[2][4].to_string()), ("已逾期".into(), "是".into()));
    assert_eq!(rows[3][14].to_string(), "免交；病假");
}

#[test]
fn a_round_of_nobody_has_its_header() {
    assert_eq!(read(vec![]).len(), 1);
}

#[test]
fn a_text_that_no_cell_holds_is_cut_off() {
    let rows = read(vec![row(&"长".repeat(40_000), Standing::Due, None)]);
    assert_eq!(rows[1][0].to_string().chars().count(), CELL);
}
