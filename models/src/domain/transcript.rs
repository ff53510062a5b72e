//! What was said: segments with times, and who or what heard it.

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::actor::Actor;
use super::ids::TranscriptId;
use super::names::names;

/// One recognised word (for Chinese: a token's worth of characters) with its times.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Word {
    /// Start in milliseconds from the start of the video.
    pub start_ms: u64,
    /// End in milliseconds from the start of the video.
    pub end_ms: u64,
    /// The characters.
    pub text: String,
    /// The model's own probability, 0 to 1. It says how sure the model is, not whether it is right.
    pub confidence: f32,
    /// What was recognised here, if the word was put in its place: it has the same sound, or the written report has
    /// it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub heard: Option<String>,
    /// If the word is the written report's: how well the sound supports it, and what was recognised.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub scores: Option<SoundScores>,
}

/// How well a sound supports two texts: the natural logarithms of the probabilities that the model gives them and the
/// few tokens after them.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct SoundScores {
    /// Of what was recognised.
    pub heard: f32,
    /// Of what is written.
    pub written: f32,
}

/// Why a reader should look at a segment twice. Flags are evidence; nothing is removed for them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SegmentFlag {
    /// There is speech here that recognition gave no text for.
    Unclear,
    /// The text is one that models are known to invent on silence or music.
    KnownPhantom,
    /// The text repeats itself as a stuck decoder does.
    Repetition,
    /// In a raw version only: what was heard here was heard again, and the other was kept.
    SetAside,
}

/// A stretch of speech and its text.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Segment {
    /// Its id, which it keeps in every version that is made from this one. 0 stands for none: in text
    /// that is not committed yet.
    #[serde(default)]
    pub id: u32,
    /// Start in milliseconds from the start of the video.
    pub start_ms: u64,
    /// End in milliseconds from the start of the video.
    pub end_ms: u64,
    /// The text as a reader sees it: simplified characters with punctuation.
    pub text: String,
    /// What the model wrote, before normalisation.
    pub raw_text: String,
    /// Mean token probability, 0 to 1.
    pub confidence: Option<f32>,
    /// Words with times, where the recogniser gives them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<Word>,
    /// Reasons to look twice.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub flags: Vec<SegmentFlag>,
}

/// A stretch of time in which the voice activity detector heard speech.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeechRegion {
    /// Start in milliseconds from the start of the video.
    pub start_ms: u64,
    /// End in milliseconds from the start of the video.
    pub end_ms: u64,
}

/// The engine and model that made a transcript, and how they were set.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RecognizerInfo {
    /// Engine name and version (`whisper.cpp 1.8.3`).
    pub engine: String,
    /// Model name (`ggml-base-q8_0`): the file's name without its ending.
    pub model: String,
    /// SHA-256 of the model file, lowercase hex.
    pub model_sha256: String,
    /// Decoding parameters, as set.
    pub parameters: serde_json::Value,
}

/// Where a version of a transcript comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TranscriptOrigin {
    /// A recogniser wrote it.
    Raw,
    /// A recogniser heard it; made readable.
    Recognition,
    /// A person corrected it.
    Correction,
}

names!(TranscriptOrigin, "origin of a transcript", {
    Raw = "raw",
    Recognition = "recognition",
    Correction = "correction",
});

impl TranscriptOrigin {
    /// Whether a new recognition becomes the version that readers see in place of one of this origin:
    /// not in place of what a person corrected.
    pub const fn gives_way_to_recognition(self) -> bool {
        !matches!(self, Self::Correction)
    }
}

/// A version of a submission's transcript, without its text.
#[derive(Debug, Clone, PartialEq)]
pub struct TranscriptVersion {
    /// Its id.
    pub id: TranscriptId,
    /// Its number within the submission; 1 is the first.
    pub version: u32,
    /// Where it comes from.
    pub origin: TranscriptOrigin,
    /// Who made it: a worker that recognised, or the person who corrected.
    pub author: Actor,
    /// The display name of the person who corrected.
    pub person_name: Option<String>,
    /// The version that it was made from.
    pub parent: Option<TranscriptId>,
    /// Whether it is the version that readers see.
    pub current: bool,
    /// When it was committed.
    pub created_at: DateTime<Utc>,
    /// What made it.
    pub recognizer: RecognizerInfo,
}

/// A finished recognition of one recording.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Transcript {
    /// ISO 639-1 code of the language recognised (`zh`, `en`).
    pub language: String,
    /// True when the detector heard no speech at all; `segments` is then empty.
    pub no_speech: bool,
    /// Length of the audio in milliseconds.
    pub duration_ms: u64,
    /// The segments, in order of time, not overlapping.
    pub segments: Vec<Segment>,
    /// Where the detector heard speech: the measure of what text must cover.
    pub speech: Vec<SpeechRegion>,
    /// What made this transcript.
    pub recognizer: RecognizerInfo,
}

/// What a recognition ends with: two versions of the transcript.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Recognition {
    /// For readers.
    pub transcript: Transcript,
    /// What the engine wrote, as it wrote it, also what was then [set aside](SegmentFlag::SetAside);
    /// these may overlap in time.
    pub raw: Vec<Segment>,
}

impl Recognition {
    /// The raw version.
    pub fn raw_transcript(&self) -> Transcript {
        Transcript { segments: self.raw.clone(), ..self.transcript.clone() }
    }
}

impl Transcript {
    /// Gives the next free ids to the segments that have none. Segments that have one keep it.
    pub fn number_segments(&mut self) {
        let free = self.segments.iter().map(|segment| segment.id).max().unwrap_or(0) + 1..;
        let without = self.segments.iter_mut().filter(|segment| segment.id == 0);
        for (segment, id) in without.zip(free) {
            segment.id = id;
        }
    }

    /// The whole text, a line for each segment.
    pub fn text(&self) -> String {
        let lines: Vec<&str> = self.segments.iter().map(|s| s.text.as_str()).collect();
        lines.join("\n")
    }
}
