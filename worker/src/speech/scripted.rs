//! A recogniser that has its answer ready: for tests and benchmarks of everything around
//! recognition, where a real model's time would hide what is measured.
//!
//! Its "model" is a small JSON file: `{"engine": "scripted", "text": "…"}`. Whatever is heard, that
//! is what was said.

use std::path::Path;

use huibao_models::domain::transcript::RecognizerInfo;
use serde::Deserialize;

use super::{Heard, Piece, Recognizer, Request, SAMPLES_PER_MS, Session, SpeechError};

/// Says the same every time.
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
        Ok(Box::new(Saying { text: &self.text }))
    }
}

struct Saying<'a> {
    text: &'a str,
}

impl Session for Saying<'_> {
    fn recognize(&mut self, samples: &[f32], request: &Request<'_>) -> Result<Heard, SpeechError> {
        let end_ms = (samples.len() / SAMPLES_PER_MS) as u64;
        let (text, sureness) = (self.text.to_owned(), Vec::new());
        let piece = Piece { start_ms: 0, end_ms, text, confidence: 1.0, sureness };
        let language = request.language.unwrap_or("zh").to_owned();
        Ok(Heard { language, pieces: vec![piece] })
    }
}
