//! whisper.cpp behind the [`Recognizer`] trait.

use std::path::Path;
use std::sync::Once;

use huibao_models::storage::hash_file_blocking;
use huibao_models::transcript::RecognizerInfo;
use serde_json::json;
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperSegment,
    WhisperState, WhisperToken,
};

use self::filter::Filter;
use super::model::check_model_file;
use super::{Effort, Heard, Piece, Recognizer, Request, Session, SpeechError};

mod filter;
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

/// A loaded whisper model.
pub struct Whisper {
    context: WhisperContext,
    mandarin: Filter,
    other: Filter,
    info: RecognizerInfo,
}

impl Whisper {
    /// Loads a ggml model.
    pub fn load(model: &Path) -> Result<Self, SpeechError> {
        quiet();
        check_model_file(model)?;
        let bad = |reason: String| SpeechError::BadModel { path: model.to_owned(), reason };
        // Hashing reads the same bytes as loading; side by side they cost one read.
        let hashed = std::thread::scope(|scope| {
            let hash = scope.spawn(|| hash_file_blocking(model));
            let mut params = WhisperContextParameters::default();
            params.use_gpu(false);
            // On a CPU, this version's flash attention is the slow path.
            params.flash_attn(false);
            let context = WhisperContext::new_with_params(path_text(model)?, params)
                .map_err(|error| bad(error.to_string()))?;
            let hash = hash.join().map_err(|_| bad("cannot be hashed".into()))?;
            Ok((context, hash.map_err(|error| bad(error.to_string()))?.sha256))
        });
        let (context, model_sha256) = hashed?;
        let size = usize::try_from(context.n_vocab()).unwrap_or(0);
        let tokens = vocabulary::tokens(&context);
        let mandarin = Filter::new(tokens.clone(), size, vocabulary::MANDARIN);
        let other = Filter::new(tokens, size, vocabulary::ANY);
        let name = model.file_stem().map(|stem| stem.to_string_lossy().into_owned());
        let info = RecognizerInfo {
            engine: format!("whisper.cpp {}", whisper_rs::get_whisper_version()),
            model: name.unwrap_or_default(),
            model_sha256,
            parameters: json!({
                "strategy": "greedy",
                "prompt": MANDARIN_PROMPT,
                "flash_attention": false,
                "context_margin": CONTEXT_MARGIN,
            }),
        };
        Ok(Self { context, mandarin, other, info })
    }
}

impl Recognizer for Whisper {
    fn info(&self) -> RecognizerInfo {
        self.info.clone()
    }

    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError> {
        let state = self.context.create_state();
        let state = state.map_err(|error| SpeechError::Engine(error.to_string()))?;
        Ok(Box::new(WhisperSession { whisper: self, state }))
    }
}

struct WhisperSession<'a> {
    whisper: &'a Whisper,
    state: WhisperState,
}

impl WhisperSession<'_> {
    fn language(&self) -> String {
        let id = self.state.full_lang_id_from_state();
        whisper_rs::get_lang_str(id).unwrap_or("zh").to_owned()
    }

    fn pieces(&self) -> Vec<Piece> {
        let mut joiner = Utf8Joiner::default();
        let mut pieces = Vec::new();
        for segment in self.state.as_iter() {
            let (text, sureness) = self.text(&segment, &mut joiner);
            let ms = |centiseconds: i64| u64::try_from(centiseconds).unwrap_or(0) * 10;
            pieces.push(Piece {
                start_ms: ms(segment.start_timestamp()),
                end_ms: ms(segment.end_timestamp()),
                confidence: self.confidence(&segment),
                text,
                sureness,
            });
        }
        pieces
    }

    /// The text of a segment's tokens, and the probability behind each of its characters.
    fn text(&self, segment: &WhisperSegment<'_>, joiner: &mut Utf8Joiner) -> (String, Vec<f32>) {
        let (mut text, mut sureness) = (String::new(), Vec::new());
        for token in self.text_tokens(segment) {
            let part = joiner.push(token.to_bytes().unwrap_or_default());
            sureness.extend(part.chars().map(|_| token.token_probability()));
            text.push_str(&part);
        }
        (text, sureness)
    }

    /// Mean probability of the tokens that are text.
    fn confidence(&self, segment: &WhisperSegment<'_>) -> f32 {
        let (sum, count) = self
            .text_tokens(segment)
            .fold((0.0, 0.0_f32), |(sum, count), t| (sum + t.token_probability(), count + 1.0));
        if count > 0.0 { sum / count } else { 0.0 }
    }

    fn text_tokens<'s>(
        &self,
        segment: &'s WhisperSegment<'_>,
    ) -> impl Iterator<Item = WhisperToken<'s, 's>> {
        let end_of_text = self.whisper.context.token_eot();
        let tokens = (0..segment.n_tokens()).filter_map(|i| segment.get_token(i));
        tokens.filter(move |token| token.token_id() < end_of_text)
    }
}

impl Session for WhisperSession<'_> {
    fn recognize(&mut self, samples: &[f32], request: &Request<'_>) -> Result<Heard, SpeechError> {
        if samples.len() < SHORTEST {
            let language = request.language.unwrap_or("zh").to_owned();
            return Ok(Heard { language, pieces: Vec::new() });
        }
        let mandarin = request.language.is_none_or(|code| code == "zh");
        let mut params = params(samples.len(), request);
        if mandarin {
            params.set_initial_prompt(&prompt(request.terms));
        }
        let filter = if request.language == Some("zh") {
            &self.whisper.mandarin
        } else {
            &self.whisper.other
        };
        filter.install(&mut params);
        self.state.full(params, samples).map_err(|error| SpeechError::Engine(error.to_string()))?;
        let language = request.language.map_or_else(|| self.language(), str::to_owned);
        Ok(Heard { language, pieces: self.pieces() })
    }
}

/// The operator's terms come first: text that begins without a space goes on best after a sentence.
fn prompt(terms: &[String]) -> String {
    let terms = terms.iter().filter(|term| !term.contains('\0')).map(|term| format!("{term},"));
    terms.chain([MANDARIN_PROMPT.to_owned()]).collect()
}

fn params<'a>(samples: usize, request: &Request<'a>) -> FullParams<'a, 'a> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(i32::try_from(request.threads.max(1)).unwrap_or(1));
    params.set_language(Some(request.language.unwrap_or(super::AUTO)));
    params.set_no_context(true);
    params.set_suppress_blank(true);
    params.set_suppress_nst(true);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_special(false);
    params.set_print_timestamps(false);
    match request.effort {
        Effort::Usual => {
            let positions = samples.div_ceil(SAMPLES_PER_POSITION) + CONTEXT_MARGIN;
            let positions = positions.next_multiple_of(CONTEXT_STEP).min(FULL_CONTEXT);
            params.set_audio_ctx(i32::try_from(positions).unwrap_or(0));
            // No retries at higher temperatures: the guards look at the text and decide.
            params.set_temperature_inc(0.0);
        }
        Effort::Careful => params.set_temperature_inc(0.2),
    }
    params
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

/// What of this CPU the engine makes use of.
pub fn cpu_features() -> String {
    quiet();
    whisper_rs::print_system_info().trim().to_owned()
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
