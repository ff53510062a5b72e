//! What is other in a report than it was.

use std::collections::{HashMap, HashSet};

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use utoipa::ToSchema;

use super::report::ReportView;
use super::transcript::{SegmentView, TranscriptView};

/// What has changed in a report since the event before.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = ReportUpdate)]
pub struct ReportUpdateView {
    /// The fields of the report that are other now, as in `Report`, but for its transcript.
    #[schema(value_type = std::collections::HashMap<String, Value>)]
    pub fields: Map<String, Value>,
    /// What is other in its transcript; null if nothing is.
    #[schema(required)]
    pub transcript: Option<TranscriptUpdateView>,
}

/// What has changed in a transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = TranscriptUpdate)]
pub struct TranscriptUpdateView {
    /// Its number among the versions of the transcript.
    #[schema(minimum = 1)]
    pub version: u32,
    /// ISO 639-1 code of the recognised language.
    pub language: String,
    /// Name of the model.
    pub model: String,
    /// True when no speech was detected.
    pub no_speech: bool,
    /// Segments that are new, or other than they were. All segments are in the order of start, end and id.
    pub changed: Vec<SegmentView>,
    /// The ids of those that are gone.
    pub removed: Vec<u32>,
}

/// A report as somebody was told of it. In JSON, it is a `Report`.
#[derive(Debug, PartialEq, Serialize)]
pub(crate) struct Told {
    #[serde(flatten)]
    fields: Map<String, Value>,
    transcript: Option<TranscriptView>,
}

impl Told {
    /// All of a report.
    pub(crate) fn whole(mut report: ReportView) -> serde_json::Result<Self> {
        let transcript = report.transcript.take();
        let Value::Object(mut fields) = serde_json::to_value(report)? else {
            return Ok(Self { fields: Map::new(), transcript });
        };
        fields.remove("transcript");
        Ok(Self { fields, transcript })
    }

    /// The transcript alone, if it has this version and is of this submission: what somebody has who has read the
    /// report before.
    pub(crate) fn transcript_of(
        report: ReportView,
        submission: uuid::Uuid,
        version: u32,
    ) -> Option<Self> {
        report.submission.filter(|known| known.id == submission)?;
        let transcript = report.transcript.filter(|transcript| transcript.version == version)?;
        Some(Self { fields: Map::new(), transcript: Some(transcript) })
    }

    /// What has to be told to make it this report; `None` if that is all of it.
    pub(crate) fn update_to(&self, now: &Self) -> Option<ReportUpdateView> {
        let transcript = match (&self.transcript, &now.transcript) {
            (None, None) => None,
            (Some(before), Some(now)) if before == now => None,
            (Some(before), Some(now)) => Some(TranscriptUpdateView::new(before, now)),
            (None, Some(_)) | (Some(_), None) => return None,
        };
        let other = |(name, value): &(&String, &Value)| self.fields.get(*name) != Some(*value);
        let fields = now.fields.iter().filter(other);
        let fields = fields.map(|(name, value)| (name.clone(), value.clone())).collect();
        Some(ReportUpdateView { fields, transcript })
    }
}

impl TranscriptUpdateView {
    fn new(before: &TranscriptView, now: &TranscriptView) -> Self {
        let known: HashMap<_, _> = before.segments.iter().map(|one| (one.id, one)).collect();
        let here: HashSet<_> = now.segments.iter().map(|one| one.id).collect();
        let changed = now.segments.iter().filter(|one| known.get(&one.id) != Some(one));
        let gone = before.segments.iter().map(|one| one.id).filter(|id| !here.contains(id));
        Self {
            version: now.version,
            language: now.language.clone(),
            model: now.model.clone(),
            no_speech: now.no_speech,
            changed: changed.cloned().collect(),
            removed: gone.collect(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segment(id: u32, text: &str) -> SegmentView {
        SegmentView {
            id,
            start: f64::from(id),
            end: f64::from(id) + 0.5,
            text: text.into(),
            confidence: None,
            words: vec![],
            flags: vec![],
        }
    }

    fn told(title: &str, version: u32, segments: &[SegmentView]) -> Told {
        let Value::Object(fields) = serde_json::json!({ "title": title, "own": false }) else {
            unreachable!("it is an object")
        };
        let transcript = TranscriptView {
            version,
            language: "zh".into(),
            model: "tiny".into(),
            no_speech: false,
            text: String::new(),
            segments: segments.to_vec(),
        };
        Told { fields, transcript: Some(transcript) }
    }

    #[test]
    fn only_what_is_other_is_told() {
        let before = told("a", 2, &[segment(1, "一"), segment(2, "二"), segment(3, "三")]);
        let now = told("b", 3, &[segment(1, "一"), segment(2, "贰"), segment(4, "四")]);
        let update = before.update_to(&now).unwrap();
        assert_eq!(Value::from(update.fields), serde_json::json!({ "title": "b" }));
        let transcript = update.transcript.unwrap();
        assert_eq!(transcript.version, 3);
        assert_eq!(transcript.changed, [segment(2, "贰"), segment(4, "四")]);
        assert_eq!(transcript.removed, [3]);
        let same = before.update_to(&told(
            "a",
            2,
            &[segment(1, "一"), segment(2, "二"), segment(3, "三")],
        ));
        let same = same.unwrap();
        assert!(same.fields.is_empty() && same.transcript.is_none());
    }

    #[test]
    fn a_first_transcript_is_told_with_all_the_rest() {
        let none = Told { transcript: None, ..told("a", 1, &[]) };
        assert!(none.update_to(&told("a", 1, &[])).is_none());
    }
}
