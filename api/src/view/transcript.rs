//! The transcript as readers see it.

use chrono::{DateTime, Utc};
use huibao_models::domain::transcript::{SegmentFlag, SoundScores, TranscriptOrigin};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::enums;

/// A word: a Chinese character, or a word or number of other letters, with the punctuation after it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Word)]
pub struct WordView {
    /// Start in the video, in seconds.
    pub start: f64,
    /// End in the video, in seconds.
    pub end: f64,
    /// The characters.
    pub text: String,
    /// How likely it is right, 0 to 1: the mean over a text tells what part of it is likely to be right.
    pub confidence: f32,
    /// The recogniser's text, where it was replaced: by a word of the same sound, or by the written report's.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = String, required = false)]
    pub heard: Option<String>,
    /// Where it is the written report's: how well the sound supports the two.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = SoundScoresView, required = false)]
    pub scores: Option<SoundScoresView>,
}

/// How well a sound supports two texts: the natural logarithms of the probabilities that the model gives them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = SoundScores)]
pub struct SoundScoresView {
    /// Of what was recognised.
    pub heard: f32,
    /// Of what is written.
    pub written: f32,
}

impl From<SoundScores> for SoundScoresView {
    fn from(SoundScores { heard, written }: SoundScores) -> Self {
        Self { heard, written }
    }
}

/// A stretch of speech and its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Segment)]
pub struct SegmentView {
    /// Its id, which it keeps in every version that is made from this one; 0 while recognition runs.
    #[serde(default)]
    #[schema(required)]
    pub id: u32,
    /// Start in the video, in seconds.
    pub start: f64,
    /// End in the video, in seconds.
    pub end: f64,
    /// The text; empty where nothing could be recognised in speech.
    pub text: String,
    /// Mean probability by the model, 0 to 1: the model's certainty, not correctness.
    #[schema(required)]
    pub confidence: Option<f32>,
    /// The words; joined, they are the text. Empty if the recogniser gives no words.
    pub words: Vec<WordView>,
    /// Reasons to check the segment.
    #[schema(value_type = Vec<enums::SegmentFlag>)]
    pub flags: Vec<SegmentFlag>,
}

/// A transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[schema(as = Transcript)]
pub struct TranscriptView {
    /// Its number among the versions of the transcript.
    #[schema(minimum = 1)]
    pub version: u32,
    /// ISO 639-1 code of the recognised language.
    pub language: String,
    /// Name of the model.
    pub model: String,
    /// True when no speech was detected; there are no segments then.
    pub no_speech: bool,
    /// The whole text, a line for each segment.
    pub text: String,
    /// The segments, in order of time.
    pub segments: Vec<SegmentView>,
}

/// The versions of a transcript.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct VersionList {
    /// Oldest first; `current` marks the one that readers see. Empty while there is no transcript.
    pub versions: Vec<TranscriptVersionView>,
}

/// A version of a transcript, without its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = TranscriptVersion)]
pub struct TranscriptVersionView {
    /// Its number; 1 is the first.
    #[schema(minimum = 1)]
    pub version: u32,
    /// `raw` is the recogniser's output, `recognition` the same after normalisation, `correction` a
    /// person's text.
    #[schema(value_type = enums::TranscriptOrigin)]
    pub origin: TranscriptOrigin,
    /// Who made it: `worker:<name>`, `person:<id>`, `system`.
    pub author: String,
    /// The name of the person who corrected.
    #[schema(required)]
    pub person: Option<String>,
    /// The number of the version that it was made from.
    #[schema(required, minimum = 1)]
    pub parent: Option<u32>,
    /// Whether it is the version that readers see.
    pub current: bool,
    /// Time of creation.
    pub created_at: DateTime<Utc>,
    /// Name and version of the engine.
    pub engine: String,
    /// Name of the model.
    pub model: String,
}
