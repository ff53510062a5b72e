//! The text files of a `BagIt` 1.0 bag (RFC 8493). Pure: the archive stage stores what this makes.

use std::fmt::Write;

use chrono::{DateTime, Utc};
use huibao_models::domain::comparison::Comparison;
use huibao_models::domain::correction::SegmentChange;
use huibao_models::domain::report::Report;
use huibao_models::domain::review::Decision;
use huibao_models::domain::rubric::Answer;
use huibao_models::domain::submission::{FileKind, StoredFile, Submission};
use huibao_models::domain::transcript::Segment;
use huibao_models::store::{CorrectionRecord, NumberedTranscript};
use serde::Serialize;
use serde_json::json;

/// `bagit.txt`, RFC 8493 section 2.1.1.
pub const DECLARATION: &str = "BagIt-Version: 1.0\nTag-File-Character-Encoding: UTF-8\n";

/// A file of the bag.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// Path relative to the bag; payload files begin with `data/`.
    pub path: &'a str,
    /// Size in bytes.
    pub size_bytes: u64,
    /// SHA-256, lowercase hex.
    pub sha256: &'a str,
}

impl Entry<'_> {
    fn is_payload(&self) -> bool {
        self.path.starts_with("data/")
    }
}

/// `manifest-sha256.txt`: every payload file.
pub fn payload_manifest(entries: &[Entry<'_>]) -> String {
    manifest(entries.iter().filter(|entry| entry.is_payload()))
}

/// `tagmanifest-sha256.txt`: every tag file that exists so far.
pub fn tag_manifest(entries: &[Entry<'_>]) -> String {
    manifest(entries.iter().filter(|entry| !entry.is_payload()))
}

fn manifest<'a>(entries: impl Iterator<Item = &'a Entry<'a>>) -> String {
    entries.fold(String::new(), |mut text, entry| {
        // Writing to a String cannot fail. Paths are ours and need no percent-encoding.
        let _ = writeln!(text, "{}  {}", entry.sha256, entry.path);
        text
    })
}

/// What a bag is about.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    /// The report.
    pub report: &'a Report,
    /// The submission whose files are in the bag.
    pub submission: &'a Submission,
    /// The transcript version that readers see, with its number.
    pub transcript: &'a NumberedTranscript,
    /// The submission's files.
    pub files: &'a [StoredFile],
    /// What was decided about the submission, the newest first.
    pub decisions: &'a [Decision],
    /// What reviewers answered to the questions of the rubric, if it is decided.
    pub answers: &'a [Answer],
    /// What people have corrected, the newest first.
    pub corrections: &'a [CorrectionRecord],
}

/// `bag-info.txt`: what the report is, for whoever finds the bag without Huibao.
pub fn info(about: About<'_>, entries: &[Entry<'_>], now: DateTime<Utc>) -> String {
    let About { report, submission, transcript, files, decisions, .. } = about;
    let payload = || entries.iter().filter(|entry| entry.is_payload());
    let octets: u64 = payload().map(|entry| entry.size_bytes).sum();
    let mut text = String::new();
    let mut tag = |label: &str, value: &str| {
        if !value.is_empty() {
            // RFC 8493 section 2.2.2 gives lines a meaning: a value stays on its own.
            let value = value.split(char::is_whitespace).filter(|word| !word.is_empty());
            let _ = writeln!(text, "{label}: {}", value.collect::<Vec<_>>().join(" "));
        }
    };
    tag("Bag-Software-Agent", concat!("Huibao ", env!("CARGO_PKG_VERSION")));
    tag("Bagging-Date", &now.format("%Y-%m-%d").to_string());
    tag("External-Identifier", &report.id.to_string());
    tag("External-Description", "Thought report (思想汇报): video, transcript and written report");
    tag("Payload-Oxum", &format!("{octets}.{}", payload().count()));
    tag("Huibao-Title", &report.title);
    tag("Huibao-Speaker", &report.speaker);
    tag("Huibao-Submission", &format!("{} {}", submission.version, submission.id));
    tag("Huibao-Submitted", &submission.created_at.to_rfc3339());
    for (kind, label) in [
        (FileKind::Original, "Huibao-Original-File-Name"),
        (FileKind::Written, "Huibao-Written-File-Name"),
        (FileKind::Page, "Huibao-Page-File-Name"),
    ] {
        // A tag may be there several times; its order counts (section 2.2.2).
        for file in files.iter().filter(|file| file.kind == kind) {
            tag(label, &file.name);
        }
    }
    if let Some(media) = &submission.media {
        tag("Huibao-Duration-Seconds", &format!("{:.3}", seconds(media.duration_ms)));
    }
    if let Some(decision) = decisions.first() {
        let Decision { verdict, person_name, at, .. } = decision;
        tag("Huibao-Decision", &format!("{verdict} {} {person_name}", at.to_rfc3339()));
    }
    let recognizer = &transcript.transcript.recognizer;
    tag("Huibao-Transcript-Version", &transcript.version.to_string());
    tag("Huibao-Transcript-Language", &transcript.transcript.language);
    tag("Huibao-Recognizer", &recognizer.engine);
    tag("Huibao-Model", &recognizer.model);
    tag("Huibao-Model-SHA256", &recognizer.model_sha256);
    text
}

/// `comparison.json`: what was said, compared with what was written.
///
/// `written` has the passages of the written report, which joined are its text, each with an `agreement` (`same`,
/// `otherwise`, `only`, `moved`) and, unless it was not said, `said_ms`: from when to when, in milliseconds. `said` has
/// the sentences of the transcript that differ: the id of the `segment` and its `passages`; one that was moved has in
/// `written` the index of the passage where it is written.
pub fn comparison(version: u32, comparison: &Comparison) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct File<'a> {
        format: u32,
        transcript_version: u32,
        #[serde(flatten)]
        comparison: &'a Comparison,
    }
    let file = File { format: Comparison::FORMAT, transcript_version: version, comparison };
    serde_json::to_string_pretty(&file).map(|json| json + "\n")
}

/// `review.json`: what people have corrected and decided; `None` if nobody has.
pub fn review(about: About<'_>) -> Option<String> {
    if about.decisions.is_empty() && about.corrections.is_empty() {
        return None;
    }
    let text = |segment: &Option<Segment>| segment.as_ref().map(|segment| segment.text.clone());
    let change = |change: &SegmentChange| {
        let (before, after) = (text(&change.before), text(&change.after));
        json!({ "segment": change.id, "before": before, "after": after })
    };
    let correction = |record: &CorrectionRecord| {
        json!({
            "transcript_version": record.version,
            "person": record.person_name,
            "at": record.at,
            "changes": record.changes.iter().map(change).collect::<Vec<_>>(),
        })
    };
    let decision = |decision: &Decision| {
        json!({
            "verdict": decision.verdict,
            "reasons": decision.reasons,
            "person": decision.person_name,
            "at": decision.at,
            "transcript_version": decision.transcript_version,
            "open_questions": decision.open_questions,
        })
    };
    let answer = |answer: &Answer| {
        json!({
            "question": answer.question.text,
            "text": answer.text,
            "evidence": answer.evidence,
            "person": answer.person_name,
            "at": answer.changed_at,
        })
    };
    let review = json!({
        "transcript_version": about.transcript.version,
        "decisions": about.decisions.iter().map(decision).collect::<Vec<_>>(),
        "answers": about.answers.iter().filter(|it| !it.is_empty()).map(answer).collect::<Vec<_>>(),
        "corrections": about.corrections.iter().map(correction).collect::<Vec<_>>(),
    });
    Some(format!("{review:#}\n"))
}

#[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^52 milliseconds")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

#[cfg(test)]
mod tests {
    use huibao_models::domain::comparison::{Agreement, SaidPassage, SaidSentence, WrittenPassage};

    use super::*;

    const PAYLOAD: Entry<'_> = Entry { path: "data/a.txt", size_bytes: 5, sha256: "aa" };
    const TAG: Entry<'_> = Entry { path: "bagit.txt", size_bytes: 7, sha256: "bb" };

    #[test]
    fn a_comparison_says_what_it_is() {
        let passage =
            |agreement, text: &str, said| WrittenPassage { agreement, text: text.into(), said };
        let said =
            SaidPassage { agreement: Agreement::Moved, text: "一".into(), written: Some(1) };
        let found = Comparison {
            written: vec![
                passage(Agreement::Only, "二", None),
                passage(Agreement::Moved, "一", Some((0, 900))),
            ],
            said: vec![SaidSentence { segment: 7, passages: vec![said] }],
        };
        let file: serde_json::Value =
            serde_json::from_str(&comparison(2, &found).unwrap()).unwrap();
        let expected = json!({
            "format": Comparison::FORMAT,
            "transcript_version": 2,
            "written": [
                { "agreement": "only", "text": "二" },
                { "agreement": "moved", "text": "一", "said_ms": [0, 900] },
            ],
            "said": [
                { "segment": 7, "passages": [{ "agreement": "moved", "text": "一", "written": 1 }] },
            ],
        });
        assert_eq!(file, expected);
    }

    #[test]
    fn payload_and_tags_have_their_own_manifests() {
        assert_eq!(payload_manifest(&[PAYLOAD, TAG]), "aa  data/a.txt\n");
        assert_eq!(tag_manifest(&[PAYLOAD, TAG]), "bb  bagit.txt\n");
    }
}
