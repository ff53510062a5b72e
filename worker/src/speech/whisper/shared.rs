//! What both engines have in common.

use std::path::Path;

use huibao_models::domain::transcript::RecognizerInfo;
use huibao_models::storage::hash_file_blocking;
use serde_json::json;

use crate::speech::error::SpeechError;
use crate::speech::recognizer::{Effort, Request};

/// Asks by example for simplified characters, punctuation, and the vocabulary of thought reports. It is
/// decoded for every window, so each of its tokens costs time.
const MANDARIN_PROMPT: &str =
    "敬爱的党组织,我是入党积极分子,学习了党章,现将思想汇报如下,恳请党支部批评指正。";

/// The record of an engine and its model.
pub fn info(model: &Path, engine: String, model_sha256: String) -> RecognizerInfo {
    let name = model.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    RecognizerInfo {
        engine,
        model: name.unwrap_or_default(),
        model_sha256,
        parameters: json!({
            "strategy": "greedy",
            "prompt": MANDARIN_PROMPT,
            "context_margin": whisper_cpu::CONTEXT_MARGIN,
        }),
    }
}

/// The prompt; empty if a language other than Mandarin is asked for. The operator's terms come first:
/// text that begins without a space continues best after a sentence.
pub fn prompt(request: &Request<'_>) -> String {
    if request.language.is_some_and(|code| code != "zh") {
        return String::new();
    }
    let terms = request.terms.iter().filter(|term| !term.contains('\0'));
    let terms = terms.map(|term| format!("{term},"));
    terms.chain([MANDARIN_PROMPT.to_owned()]).collect()
}

/// The encoder positions for an effort.
pub fn audio_context(effort: Effort) -> whisper_cpu::AudioContext {
    match effort {
        Effort::Usual => whisper_cpu::AudioContext::Fitted,
        Effort::Careful => whisper_cpu::AudioContext::Full,
    }
}

/// Loads a model while its file is hashed on another thread: the two read the same bytes, so that the
/// disk is read once. Returns the model and the SHA-256.
pub fn load_and_hash<T>(
    model: &Path,
    load: impl FnOnce() -> Result<T, String>,
) -> Result<(T, String), SpeechError> {
    let bad = |reason: String| SpeechError::BadModel { path: model.to_owned(), reason };
    std::thread::scope(|scope| {
        let hash = scope.spawn(|| hash_file_blocking(model));
        let loaded = load().map_err(bad);
        let hash = hash.join().map_err(|_| bad("cannot be hashed".into()))?;
        Ok((loaded?, hash.map_err(|error| bad(error.to_string()))?.sha256))
    })
}
