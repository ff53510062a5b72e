//! A report as a Word document: cover sheet, written report, transcript, decisions, checksums.

use super::wml::Body;
use super::{Mark, PaperError, PaperQuestion, PaperReport, PaperTranscript, PaperWritten, words};
use crate::domain::review::Decision;
use crate::domain::transcript::Segment;
use crate::export::UNCLEAR;

/// Widths of the columns with names, in twentieths of a point.
const FACT_NAMES: u32 = 2200;
const CHECKSUM_NAMES: u32 = 2800;

/// The document, A4 with numbered pages. Each says who has exported it.
pub fn document(report: &PaperReport, mark: &Mark) -> Result<Vec<u8>, PaperError> {
    let mut body = Body::default();
    cover(&mut body, report, mark.utc_offset);
    written(&mut body, &report.written);
    transcript(&mut body, report.transcript.as_ref());
    decisions(&mut body, &report.decisions, mark.utc_offset);
    questions(&mut body, &report.questions, mark.utc_offset);
    checksums(&mut body, report);
    Ok(body.into_document(title(report), &footer(mark))?)
}

/// Who has exported something, and when.
pub(super) fn footer(mark: &Mark) -> String {
    let (at, zone) = (words::time(mark.at, mark.utc_offset), words::zone(mark.utc_offset));
    format!("由 {} 于 {at}（{zone}）从汇报系统导出", mark.by)
}

fn title(report: &PaperReport) -> &str {
    if report.title.is_empty() { &report.kind } else { &report.title }
}

fn cover(body: &mut Body, report: &PaperReport, utc_offset: i16) {
    body.paragraph("Kind", "思想汇报");
    body.paragraph("Title", title(report));
    let speaker = Some(&report.speaker).filter(|speaker| !speaker.is_empty());
    let duration = report.duration_ms.map(words::position);
    let decided = report.decisions.first().map(|decision| summary(decision, utc_offset));
    let facts = [
        ("汇报人", speaker.or(report.author.as_ref()).cloned()),
        ("账号姓名", report.author.clone().filter(|author| speaker.is_some_and(|it| it != author))),
        ("学号", report.number.clone()),
        ("支部", Some(words::branch(&report.branch))),
        ("类别", Some(report.kind.clone())),
        ("时段", Some(words::period(&report.period))),
        ("轮次", report.round.clone()),
        ("交稿时间", Some(words::time(report.handed_in_at, utc_offset))),
        ("版本", Some(format!("第 {} 次提交", report.version))),
        ("视频时长", duration),
        ("状态", Some(words::state(report.state).to_owned())),
        ("审阅决定", decided),
        ("编号", Some(report.id.to_string())),
    ];
    let given = facts.into_iter().filter_map(|(name, value)| Some((name.to_owned(), value?)));
    let rows: Vec<_> = given.filter(|(_, value)| !value.is_empty()).collect();
    body.table(FACT_NAMES, ["FactName", "Fact"], &rows);
}

fn summary(decision: &Decision, utc_offset: i16) -> String {
    let Decision { verdict, person_name, at, .. } = decision;
    format!("{}　{person_name}　{}", words::verdict(*verdict), words::time(*at, utc_offset))
}

fn written(body: &mut Body, written: &PaperWritten) {
    body.new_page("Heading1", "一、书面汇报");
    match written {
        PaperWritten::None => body.paragraph("Note", "没有提交书面汇报。"),
        PaperWritten::Text { text, name } => {
            if let Some(name) = name {
                body.paragraph("Note", &format!("以下文字取自提交的文件：{name}"));
            }
            for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
                body.paragraph("Written", line);
            }
        }
        PaperWritten::Files(names) => {
            let note = "书面汇报是手写稿照片或扫描件，没有可打印的文字。原件见归档文件：";
            body.paragraph("Note", note);
            for name in names {
                body.paragraph("Fact", name);
            }
        }
    }
}

fn transcript(body: &mut Body, transcript: Option<&PaperTranscript>) {
    body.new_page("Heading1", "二、视频文字稿");
    let Some(transcript) = transcript else {
        return body.paragraph("Note", "没有文字稿。");
    };
    let made = if transcript.corrected {
        "经人工更正"
    } else {
        "由机器识别，未经人工更正"
    };
    let superseded = if transcript.superseded { "此后文字稿又有修改。" } else { "" };
    let note = format!(
        "第 {} 版，{made}；识别模型：{}。{superseded}左侧为视频中的时间；〔〕内是识别时的存疑标记。",
        transcript.version, transcript.recognizer
    );
    body.paragraph("Note", &note);
    if transcript.segments.is_empty() {
        body.paragraph("Note", "视频中没有检测到语音。");
    }
    for segment in &transcript.segments {
        body.paragraph("Spoken", &spoken(segment));
    }
}

/// A sentence with its time, and why it should be listened to.
fn spoken(segment: &Segment) -> String {
    let text = segment.text.split_whitespace().collect::<Vec<_>>().join(" ");
    let time = words::position(segment.start_ms);
    if text.is_empty() {
        return format!("{time}\t{UNCLEAR}");
    }
    let flags: Vec<_> = segment.flags.iter().copied().filter_map(words::flag).collect();
    let flags =
        if flags.is_empty() { String::new() } else { format!("〔{}〕", flags.join("、")) };
    format!("{time}\t{text}{flags}")
}

fn decisions(body: &mut Body, decisions: &[Decision], utc_offset: i16) {
    body.paragraph("Heading1", "三、审阅决定");
    if decisions.is_empty() {
        return body.paragraph("Note", "还没有审阅决定。");
    }
    for decision in decisions {
        let reasons = if decision.reasons.is_empty() { "（未写）" } else { &decision.reasons };
        let text = format!("第 {} 版", decision.transcript_version);
        let stale = if decision.stale { "（此后文字稿有修改）" } else { "" };
        let rows = [
            ("决定", words::verdict(decision.verdict).to_owned()),
            ("理由", reasons.to_owned()),
            ("决定人", decision.person_name.clone()),
            ("时间", words::time(decision.at, utc_offset)),
            ("依据", format!("第 {} 次提交，文字稿{text}{stale}", decision.submission_version)),
        ];
        let rows = rows.map(|(name, value)| (name.to_owned(), value));
        body.table(FACT_NAMES, ["FactName", "Fact"], &rows);
        // Tables that touch would be one.
        body.paragraph("Hash", "");
    }
}

/// What the rubric asked, and what reviewers answered with evidence.
fn questions(body: &mut Body, questions: &[PaperQuestion], utc_offset: i16) {
    if questions.is_empty() {
        return;
    }
    body.paragraph("Heading1", "四、评阅问题与依据");
    for (number, question) in (1..).zip(questions) {
        body.paragraph("Fact", &format!("{number}. {}", question.text));
        if question.answers.is_empty() {
            body.paragraph("Note", "决定时尚未作答。");
        }
        for answer in &question.answers {
            let evidence: Vec<_> = answer.evidence.iter().map(words::anchor).collect();
            let by = (&answer.person_name, words::time(answer.changed_at, utc_offset));
            let rows = [
                ("回答", answer.text.clone()),
                ("依据", evidence.join("\n")),
                ("评阅人", format!("{}　{}", by.0, by.1)),
            ];
            let given = rows.into_iter().filter(|(_, value)| !value.is_empty());
            let rows: Vec<_> = given.map(|(name, value)| (name.to_owned(), value)).collect();
            body.table(FACT_NAMES, ["FactName", "Fact"], &rows);
            // Tables that touch would be one.
            body.paragraph("Hash", "");
        }
    }
}

fn checksums(body: &mut Body, report: &PaperReport) {
    let number = if report.questions.is_empty() { "四" } else { "五" };
    body.paragraph("Heading1", &format!("{number}、文件校验值（SHA-256）"));
    let rows: Vec<_> =
        report.checksums.iter().map(|sum| (sum.what.clone(), sum.sha256.clone())).collect();
    if !rows.is_empty() {
        body.table(CHECKSUM_NAMES, ["Hash", "Hash"], &rows);
    }
    body.paragraph("Note", "与归档文件逐一比对，可确认文件未被改动。");
}

#[cfg(test)]
mod tests;
