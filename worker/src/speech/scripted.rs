//! A recogniser with a scripted answer, for tests and benchmarks of everything around recognition.
//!
//! Its model is a JSON file, `{"engine": "scripted", "text": "…"}`; the text is the answer to any
//! samples.

use std::path::Path;

use huibao_models::domain::transcript::RecognizerInfo;
use serde::Deserialize;

use super::audio::SAMPLES_PER_MS;
use super::error::SpeechError;
use super::recognizer::{Recognized, Recognizer, Request, Session, TextPiece};

/// A recogniser with one answer.
pub struct Scripted {
    text: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Script {
    engine: Engine,
    text: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "snake_case")]
enum Engine {
    Scripted,
}

impl Scripted {
    /// Reads the script.
    pub fn load(path: &Path) -> Result<Self, SpeechError> {
        let missing = |source| SpeechError::NoModel { path: path.to_owned(), source };
        let bytes = std::fs::read(path).map_err(missing)?;
        let script: Script = serde_json::from_slice(&bytes).map_err(|error| {
            SpeechError::BadModel { path: path.to_owned(), reason: error.to_string() }
        })?;
        let Engine::Scripted = script.engine;
        Ok(Self { text: script.text })
    }
}

impl Recognizer for Scripted {
    fn info(&self) -> RecognizerInfo {
        RecognizerInfo {
            engine: "scripted".into(),
            model: "scripted".into(),
            model_sha256: String::new(),
            parameters: serde_json::Value::Null,
        }
    }

    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError> {
        Ok(Box::new(ScriptedSession { text: &self.text }))
    }
}

struct ScriptedSession<'a> {
    text: &'a str,
}

impl Session for ScriptedSession<'_> {
    fn recognize(
        &mut self,
        samples: &[f32],
        request: &Request<'_>,
    ) -> Result<Recognized, SpeechError> {
        let end_ms = (samples.len() / SAMPLES_PER_MS) as u64;
        let text = self.text.to_owned();
        let piece = TextPiece { end_ms, text, confidence: 1.0, ..TextPiece::default() };
        let language = request.language.unwrap_or("zh").to_owned();
        Ok(Recognized { language, pieces: vec![piece] })
    }
}
