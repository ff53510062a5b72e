use std::io::{Cursor, Read};

use chrono::DateTime;
use zip::ZipArchive;

use super::*;
use crate::domain::ids::{PersonId, QuestionId, ReportId, SubmissionId};
use crate::domain::report::ReportState;
use crate::domain::review::{Anchor, Verdict};
use crate::domain::rubric::{Answer, Question};
use crate::domain::transcript::SegmentFlag;
use crate::export::paper::Checksum;

fn mark() -> Mark {
    let at = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
    Mark { by: "王老师".into(), at, utc_offset: 480 }
}

fn segment(start_ms: u64, text: &str, flags: Vec<SegmentFlag>) -> Segment {
    Segment {
        id: 1,
        start_ms,
        end_ms: start_ms + 1000,
        text: text.into(),
        raw_text: text.into(),
        confidence: None,
        words: vec![],
        flags,
    }
}

fn report() -> PaperReport {
    let at = DateTime::from_timestamp(1_780_000_000, 0).unwrap();
    let decision = Decision {
        verdict: Verdict::Accept,
        reasons: "认识深刻，\n同意。".into(),
        person: PersonId::new(),
        person_name: "王老师".into(),
        submission: SubmissionId::new(),
        submission_version: 2,
        transcript_version: 3,
        stale: true,
        open_questions: vec![],
        at,
    };
    PaperReport {
        id: ReportId::new(),
        title: "第四季度 <思想> & 汇报".into(),
        speaker: "李晓明".into(),
        author: Some("李晓明".into()),
        number: Some("2026001".into()),
        branch: "/大学/学院".parse().unwrap(),
        kind: "学习体会".into(),
        period: "2026Q4".parse().unwrap(),
        round: Some("第四季度".into()),
        state: ReportState::Accepted,
        version: 2,
        handed_in_at: at,
        duration_ms: Some(187_000),
        written: PaperWritten::Text {
            text: "敬爱的党组织：\n\n今年以来……".into(),
            name: Some("汇报.docx".into()),
        },
        transcript: Some(PaperTranscript {
            version: 3,
            corrected: true,
            superseded: true,
            recognizer: "ggml-base".into(),
            segments: vec![
                segment(0, "敬爱的党组织。", vec![]),
                segment(65_000, "", vec![SegmentFlag::Unclear]),
                segment(3_725_000, "请点赞", vec![SegmentFlag::KnownPhantom]),
            ],
        }),
        decisions: vec![decision],
        questions: vec![],
        checksums: vec![Checksum { what: "视频原件".into(), sha256: "ab".repeat(32) }],
    }
}

/// A part of the document that is made of a report.
fn part(report: &PaperReport, name: &str) -> String {
    let bytes = document(report, &mark()).unwrap();
    let mut archive = ZipArchive::new(Cursor::new(bytes)).unwrap();
    let mut text = String::new();
    archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
    text
}

#[test]
fn everything_of_a_report_is_printed() {
    let report = report();
    let text = part(&report, "word/document.xml");
    for expected in [
        "第四季度 &lt;思想&gt; &amp; 汇报",
        "2026001",
        "大学 / 学院",
        "2026 年第 4 季度",
        "第 2 次提交",
        "03:07",
        "通过　王老师　2026-05-29 04:26",
        "敬爱的党组织：",
        "以下文字取自提交的文件：汇报.docx",
        "第 3 版，经人工更正",
        "此后文字稿又有修改",
        "1:02:05",
        "请点赞〔可能是误识别〕",
        "[听不清]",
        "认识深刻，",
        "文字稿第 3 版（此后文字稿有修改）",
        &"ab".repeat(32),
        &report.id.to_string(),
        // A4.
        "<w:pgSz w:w=\"11906\" w:h=\"16838\"/>",
    ] {
        assert!(text.contains(expected), "{expected}: {text}");
    }
    assert!(!text.contains("账号姓名"), "the speaker is the author");
}

#[test]
fn each_page_has_its_number_and_says_who_exported_it() {
    let footer = part(&report(), "word/footer1.xml");
    assert!(
        footer.contains("由 王老师 于 2026-09-21 22:13（UTC+08:00）从汇报系统导出"),
        "{footer}"
    );
    for field in [" PAGE ", " NUMPAGES "] {
        assert!(footer.contains(field), "{footer}");
    }
}

#[test]
fn fonts_are_those_of_official_documents() {
    let styles = part(&report(), "word/styles.xml");
    for font in ["仿宋", "宋体", "黑体"] {
        assert!(styles.contains(&format!("w:eastAsia=\"{font}\"")), "{font}");
    }
    assert!(styles.contains("<w:lang w:val=\"en-US\" w:eastAsia=\"zh-CN\""));
}

#[test]
fn what_is_not_there_is_said() {
    let report = PaperReport {
        title: String::new(),
        speaker: "别人".into(),
        written: PaperWritten::Files(vec!["page-1.jpg".into()]),
        transcript: None,
        decisions: vec![],
        round: None,
        ..report()
    };
    let text = part(&report, "word/document.xml");
    for expected in
        ["学习体会", "账号姓名", "手写稿照片", "page-1.jpg", "没有文字稿", "还没有审阅决定"]
    {
        assert!(text.contains(expected), "{expected}");
    }
    assert!(!text.contains("轮次"));
    let none = PaperReport { written: PaperWritten::None, ..report };
    assert!(part(&none, "word/document.xml").contains("没有提交书面汇报"));
}

#[test]
fn questions_are_printed_with_evidence_and_what_was_left_open() {
    let answer = Answer {
        question: Question { id: QuestionId::new(), text: "谈到不足了吗？".into() },
        submission: SubmissionId::new(),
        person: PersonId::new(),
        person_name: "王老师".into(),
        text: "谈到了 <两处>".into(),
        evidence: vec![
            Anchor::Segment { segment: 1, ms: 187_000, quote: "我的不足是".into() },
            Anchor::Written { quote: "还需努力".into() },
        ],
        revision: 1,
        changed_at: DateTime::from_timestamp(1_780_000_000, 0).unwrap(),
    };
    let open = ["谈到不足了吗？".to_owned(), "举例了吗？".to_owned()];
    let questions = PaperQuestion::all(&[answer], &open);
    assert_eq!(questions.len(), 2, "one that is answered in part is there once");
    let text = part(&PaperReport { questions, ..report() }, "word/document.xml");
    for part in [
        "四、评阅问题与依据",
        "1. 谈到不足了吗？",
        "谈到了 &lt;两处&gt;",
        "视频 03:07：“我的不足是”",
        "书面汇报：“还需努力”",
        "2. 举例了吗？",
        "决定时尚未作答。",
        "五、文件校验值",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    assert!(!part(&report(), "word/document.xml").contains("评阅问题"));
}
