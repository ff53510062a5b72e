//! How to transcribe a recording.

use super::corrections::Corrections;
use super::stop::Stop;

/// How to transcribe.
#[derive(Debug, Clone)]
pub struct SpeechOptions {
    /// ISO 639-1 code or `auto`.
    pub language: String,
    /// Threads to use.
    pub threads: u32,
    /// Corrections of homophones, and the terms of the prompt.
    pub corrections: Corrections,
    /// The text of the written report; empty if there is none.
    pub written: String,
    /// Cancels the transcription.
    pub stop: Stop,
}
