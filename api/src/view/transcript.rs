//! What was said, as readers see it.

use chrono::{DateTime, Utc};
use huibao_models::domain::transcript::{
    Segment, SegmentFlag, Transcript, TranscriptOrigin, TranscriptVersion, Word,
};
use serde::Serialize;
use utoipa::ToSchema;

use super::{schema, seconds};

/// A word: a Chinese character, or a word or number of other letters, with the punctuation after it.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Word)]
pub(crate) struct WordView {
    /// Start in the video, in seconds.
    pub start: f64,
    /// End in the video, in seconds.
    pub end: f64,
    /// The characters.
    pub text: String,
    /// Probability by the model, 0 to 1: how sure it is, not whether it is right.
    pub confidence: f32,
    /// What the recogniser wrote here, where it was corrected to a word of the same sound.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
}

impl From<&Word> for WordView {
    fn from(word: &Word) -> Self {
        Self {
            start: seconds(word.start_ms),
            end: seconds(word.end_ms),
            text: word.text.clone(),
            confidence: word.confidence,
            heard: word.heard.clone(),
        }
    }
}

/// A stretch of speech and its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Segment)]
pub(crate) struct SegmentView {
    /// Start in the video, in seconds.
    pub start: f64,
    /// End in the video, in seconds.
    pub end: f64,
    /// The text; empty where speech gave none.
    pub text: String,
    /// Mean probability by the model, 0 to 1: how sure it is, not whether it is right.
    #[schema(required)]
    pub confidence: Option<f32>,
    /// The words; joined, they are the text. Empty if the recogniser does not tell them apart.
    pub words: Vec<WordView>,
    /// Reasons to look twice.
    #[schema(schema_with = schema::segment_flags)]
    pub flags: Vec<SegmentFlag>,
}

impl From<&Segment> for SegmentView {
    fn from(segment: &Segment) -> Self {
        Self {
            start: seconds(segment.start_ms),
            end: seconds(segment.end_ms),
            text: segment.text.clone(),
            confidence: segment.confidence,
            words: segment.words.iter().map(WordView::from).collect(),
            flags: segment.flags.clone(),
        }
    }
}

/// A finished recognition.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Transcript)]
pub(crate) struct TranscriptView {
    /// ISO 639-1 code of the language recognised.
    pub language: String,
    /// Name of the model.
    pub model: String,
    /// True when no speech was heard; there are no segments then.
    pub no_speech: bool,
    /// The whole text, a line for each segment.
    pub text: String,
    /// The segments, in order of time.
    pub segments: Vec<SegmentView>,
}

impl From<&Transcript> for TranscriptView {
    fn from(transcript: &Transcript) -> Self {
        Self {
            language: transcript.language.clone(),
            model: transcript.recognizer.model.clone(),
            no_speech: transcript.no_speech,
            text: transcript.text(),
            segments: transcript.segments.iter().map(SegmentView::from).collect(),
        }
    }
}

/// A version of a transcript, without its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TranscriptVersion)]
pub(crate) struct TranscriptVersionView {
    /// Its number; 1 is the first.
    pub version: u32,
    /// `raw` is what the recogniser wrote, `recognition` what was made of it, `correction` a person's.
    #[schema(schema_with = schema::transcript_origin)]
    pub origin: TranscriptOrigin,
    /// When it was made.
    pub created_at: DateTime<Utc>,
    /// Name and version of the engine.
    pub engine: String,
    /// Name of the model.
    pub model: String,
}

impl From<TranscriptVersion> for TranscriptVersionView {
    fn from(version: TranscriptVersion) -> Self {
        Self {
            version: version.version,
            origin: version.origin,
            created_at: version.created_at,
            engine: version.recognizer.engine,
            model: version.recognizer.model,
        }
    }
}
