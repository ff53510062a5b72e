//! Whisper models behind the [`Recognizer`] trait: what the two engines for them have in common.

use std::path::Path;
use std::sync::Once;

use huibao_models::domain::transcript::RecognizerInfo;
use serde_json::json;

pub use self::cpp::WhisperCpp;
pub use self::native::{Arithmetic, Native};
use super::model::check_model_file;
use super::{Effort, Recognizer, SpeechError};

mod cpp;
mod filter;
mod native;
mod vocabulary;

/// Asks by example for simplified characters, punctuation, and the words of such reports. It goes
/// before every window, so each of its tokens costs time.
const MANDARIN_PROMPT: &str =
    "敬爱的党组织,我是入党积极分子,学习了党章,现将思想汇报如下,恳请党支部批评指正。";

/// Encoder positions beyond the sound. Whisper was trained on windows padded to 30 s and ends
/// badly without some padding.
const CONTEXT_MARGIN: usize = 64;

/// Encoder positions of a full window of 30 s.
const FULL_CONTEXT: usize = 1500;

/// Encoder positions come in multiples of this: ggml's tiled matrix products fall back to a slow
/// path for other sizes.
const CONTEXT_STEP: usize = 32;

/// The library does nothing for less than 100 ms.
const SHORTEST: usize = 1600;

/// Samples for one encoder position: 20 ms.
const SAMPLES_PER_POSITION: usize = 320;

/// Loads a ggml model into the engine that is best for it.
pub fn load(model: &Path) -> Result<Box<dyn Recognizer>, SpeechError> {
    check_model_file(model)?;
    let missing = |source| SpeechError::NoModel { path: model.to_owned(), source };
    if native::is_for(model).map_err(missing)? {
        return Ok(Box::new(Native::load(model, None)?));
    }
    Ok(Box::new(WhisperCpp::load(model)?))
}

/// For the record of what an engine made.
fn info(model: &Path, engine: String, model_sha256: String) -> RecognizerInfo {
    let name = model.file_stem().map(|stem| stem.to_string_lossy().into_owned());
    RecognizerInfo {
        engine,
        model: name.unwrap_or_default(),
        model_sha256,
        parameters: json!({
            "strategy": "greedy",
            "prompt": MANDARIN_PROMPT,
            "context_margin": CONTEXT_MARGIN,
        }),
    }
}

/// Encoder positions for so many samples.
fn positions(samples: usize, effort: Effort) -> usize {
    let fitted = samples.div_ceil(SAMPLES_PER_POSITION) + CONTEXT_MARGIN;
    match effort {
        Effort::Usual => fitted.next_multiple_of(CONTEXT_STEP).min(FULL_CONTEXT),
        Effort::Careful => FULL_CONTEXT,
    }
}

/// The operator's terms come first: text that begins without a space goes on best after a sentence.
fn prompt(terms: &[String]) -> String {
    let terms = terms.iter().filter(|term| !term.contains('\0')).map(|term| format!("{term},"));
    terms.chain([MANDARIN_PROMPT.to_owned()]).collect()
}

/// Whisper's tokens may cut a character in two, even at the end of a segment.
#[derive(Default)]
struct Utf8Joiner {
    rest: Vec<u8>,
}

impl Utf8Joiner {
    fn push(&mut self, bytes: &[u8]) -> String {
        self.rest.extend_from_slice(bytes);
        let whole = match std::str::from_utf8(&self.rest) {
            // Incomplete at the end: waits for the next segment. Anything else is broken.
            Err(error) if error.error_len().is_none() => error.valid_up_to(),
            _ => self.rest.len(),
        };
        let text = String::from_utf8_lossy(&self.rest[..whole]).replace('\u{fffd}', "");
        self.rest.drain(..whole);
        text
    }
}

/// The binding takes paths as text.
pub(super) fn path_text(path: &Path) -> Result<&str, SpeechError> {
    path.to_str().filter(|text| !text.contains('\0')).ok_or_else(|| SpeechError::BadModel {
        path: path.to_owned(),
        reason: "its path is not UTF-8".into(),
    })
}

/// Sends the engine's chatter nowhere: without a log backend compiled in, the hooks drop it.
pub(super) fn quiet() {
    static ONCE: Once = Once::new();
    ONCE.call_once(whisper_rs::install_logging_hooks);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn characters_that_were_cut_in_two_are_joined() {
        let mut joiner = Utf8Joiner::default();
        let party = "党".as_bytes();
        assert_eq!(joiner.push(&party[..2]), "");
        assert_eq!(joiner.push(&party[2..]), "党");
        assert_eq!(joiner.push(b"\xff\xe5\x85\x9a"), "党");
    }
}
