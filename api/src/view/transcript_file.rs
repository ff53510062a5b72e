//! The file `transcript.json`, which `huibao_models::export` writes and which knows no `OpenAPI`.
//!
//! These types only describe it. A test compares them with a file.

use huibao_models::domain::transcript::SegmentFlag;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::transcript::SoundScoresView;

use super::enums;

/// The transcript with everything that is known about it. Times are milliseconds.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct TranscriptFile {
    /// ISO 639-1 code of the recognised language.
    pub language: String,
    /// True when no speech was detected; there are no segments then.
    pub no_speech: bool,
    /// Length of the audio.
    pub duration_ms: u64,
    /// The segments, in order of time, without overlaps.
    pub segments: Vec<FileSegment>,
    /// Where speech was detected.
    pub speech: Vec<SpeechRegion>,
    /// Engine and model.
    pub recognizer: Recognizer,
}

/// A segment in `transcript.json`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileSegment {
    /// Its id, which it keeps in every version made from this one.
    pub id: u32,
    /// Start in the video.
    pub start_ms: u64,
    /// End in the video.
    pub end_ms: u64,
    /// The text for readers: simplified characters with punctuation.
    pub text: String,
    /// The recogniser's text.
    pub raw_text: String,
    /// Mean probability by the model, 0 to 1.
    #[schema(required)]
    pub confidence: Option<f32>,
    /// The words; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false)]
    pub words: Vec<FileWord>,
    /// Reasons to check the segment; absent if there are none.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    #[schema(required = false, value_type = Vec<enums::SegmentFlag>)]
    pub flags: Vec<SegmentFlag>,
}

/// A word in `transcript.json`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct FileWord {
    /// Start in the video.
    pub start_ms: u64,
    /// End in the video.
    pub end_ms: u64,
    /// The characters.
    pub text: String,
    /// Probability by the model, 0 to 1.
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

/// A stretch of time with speech.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct SpeechRegion {
    /// Start in the video.
    pub start_ms: u64,
    /// End in the video.
    pub end_ms: u64,
}

/// The engine and model of a transcript.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Recognizer {
    /// Name and version of the engine.
    pub engine: String,
    /// Name of the model.
    pub model: String,
    /// SHA-256 of the model file, lowercase hex.
    pub model_sha256: String,
    /// Decoding parameters; they differ between engines.
    #[schema(value_type = Value)]
    pub parameters: serde_json::Value,
}
