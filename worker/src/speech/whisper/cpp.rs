//! whisper.cpp as a [`Recognizer`]: for models of English only, and of other shapes or formats.

use std::ffi::{c_int, c_void};
use std::path::Path;
use std::slice;

use huibao_models::domain::transcript::RecognizerInfo;
use whisper_cpu::{MIN_SAMPLES, TokenFilter, Tokens, Utf8Joiner};
use whisper_rs::{
    FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters, WhisperSegment,
    WhisperState, WhisperSysContext, WhisperSysState, WhisperToken, WhisperTokenData,
};

use super::binding::{discard_logs, path_text};
use super::shared::{audio_context, info, load_and_hash, prompt};
use crate::speech::error::SpeechError;
use crate::speech::language::AUTO;
use crate::speech::recognizer::{Effort, Recognized, Recognizer, Request, Session, TextPiece};

/// A model that is loaded by whisper.cpp.
pub struct WhisperCpp {
    context: WhisperContext,
    mandarin: InstalledFilter,
    any_language: InstalledFilter,
    info: RecognizerInfo,
}

impl WhisperCpp {
    /// Loads a ggml model.
    pub fn load(model: &Path) -> Result<Self, SpeechError> {
        discard_logs();
        let path = path_text(model)?;
        let (context, model_sha256) = load_and_hash(model, || {
            let mut params = WhisperContextParameters::default();
            params.use_gpu(false);
            // On CPUs, this version's flash attention is slower.
            params.flash_attn(false);
            WhisperContext::new_with_params(path, params).map_err(|error| error.to_string())
        })?;
        let size = usize::try_from(context.n_vocab()).unwrap_or(0);
        let tokens = tokens(&context);
        let filter = |alphabet| {
            let filter = TokenFilter::new(tokens.clone(), alphabet);
            InstalledFilter { filter, vocabulary: size }
        };
        let (mandarin, any_language) = (filter(whisper_cpu::MANDARIN), filter(whisper_cpu::ANY));
        let engine = format!("whisper.cpp {}", whisper_rs::get_whisper_version());
        let info = info(model, engine, model_sha256);
        Ok(Self { context, mandarin, any_language, info })
    }
}

impl Recognizer for WhisperCpp {
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
    whisper: &'a WhisperCpp,
    state: WhisperState,
}

impl WhisperSession<'_> {
    fn language(&self) -> String {
        let id = self.state.full_lang_id_from_state();
        whisper_rs::get_lang_str(id).unwrap_or("zh").to_owned()
    }

    fn pieces(&self) -> Vec<TextPiece> {
        let mut joiner = Utf8Joiner::default();
        let mut pieces = Vec::new();
        for segment in self.state.as_iter() {
            let (text, char_confidences) = self.text(&segment, &mut joiner);
            let ms = |centiseconds: i64| u64::try_from(centiseconds).unwrap_or(0) * 10;
            pieces.push(TextPiece {
                start_ms: ms(segment.start_timestamp()),
                end_ms: ms(segment.end_timestamp()),
                confidence: self.confidence(&segment),
                text,
                char_confidences,
                alternatives: Vec::new(),
            });
        }
        pieces
    }

    /// The text of a segment, and the probability of each character's token.
    fn text(&self, segment: &WhisperSegment<'_>, joiner: &mut Utf8Joiner) -> (String, Vec<f32>) {
        let (mut text, mut confidences) = (String::new(), Vec::new());
        for token in self.text_tokens(segment) {
            let part = joiner.push(token.to_bytes().unwrap_or_default());
            confidences.extend(part.chars().map(|_| token.token_probability()));
            text.push_str(&part);
        }
        (text, confidences)
    }

    /// The mean probability of the text tokens.
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
    fn recognize(
        &mut self,
        samples: &[f32],
        request: &Request<'_>,
    ) -> Result<Recognized, SpeechError> {
        // The library returns nothing for shorter ones.
        if samples.len() < MIN_SAMPLES {
            let language = request.language.unwrap_or("zh").to_owned();
            return Ok(Recognized { language, pieces: Vec::new() });
        }
        let mut params = params(samples.len(), request);
        let prompt = prompt(request);
        if !prompt.is_empty() {
            params.set_initial_prompt(&prompt);
        }
        let filter = if request.language == Some("zh") {
            &self.whisper.mandarin
        } else {
            &self.whisper.any_language
        };
        filter.install(&mut params);
        self.state.full(params, samples).map_err(|error| SpeechError::Engine(error.to_string()))?;
        let language = request.language.map_or_else(|| self.language(), str::to_owned);
        Ok(Recognized { language, pieces: self.pieces() })
    }
}

fn params<'a>(samples: usize, request: &Request<'a>) -> FullParams<'a, 'a> {
    let mut params = FullParams::new(SamplingStrategy::Greedy { best_of: 1 });
    params.set_n_threads(i32::try_from(request.threads.max(1)).unwrap_or(1));
    params.set_language(Some(request.language.unwrap_or(AUTO)));
    params.set_no_context(true);
    params.set_suppress_blank(true);
    params.set_suppress_nst(true);
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_special(false);
    params.set_print_timestamps(false);
    match request.effort {
        Effort::Usual => {
            let positions = audio_context(request.effort).positions(samples);
            params.set_audio_ctx(i32::try_from(positions).unwrap_or(0));
            // No temperature fallback: the guards check the text and decide.
            params.set_temperature_inc(0.0);
        }
        Effort::Careful => params.set_temperature_inc(0.2),
    }
    params
}

/// The text tokens of a model.
fn tokens(context: &WhisperContext) -> Tokens {
    (0..context.token_eot())
        .map(|id| context.token_to_bytes(id).unwrap_or_default().into())
        .collect()
}

/// A filter that whisper.cpp calls back.
struct InstalledFilter {
    filter: TokenFilter,
    /// The number of tokens, special ones included.
    vocabulary: usize,
}

impl InstalledFilter {
    /// Sets this filter to be called before each token.
    fn install<'a>(&'a self, params: &mut FullParams<'a, 'a>) {
        let filter = std::ptr::from_ref(self).cast_mut().cast::<c_void>();
        #[expect(unsafe_code, reason = "the binding has no safe way to set this callback")]
        // SAFETY: `callback` treats the pointer as a shared reference only, and the parameters
        // cannot outlive `self`, whose lifetime they carry.
        unsafe {
            params.set_filter_logits_callback(Some(callback));
            params.set_filter_logits_callback_user_data(filter);
        }
    }
}

/// whisper.cpp's `whisper_logits_filter_callback`.
#[expect(unsafe_code, reason = "called by the native library")]
unsafe extern "C" fn callback(
    _context: *mut WhisperSysContext,
    _state: *mut WhisperSysState,
    tokens: *const WhisperTokenData,
    count: c_int,
    logits: *mut f32,
    filter: *mut c_void,
) {
    let count = usize::try_from(count).unwrap_or(0);
    // SAFETY: the library passes `count` tokens, as many logits as the model has tokens, and the pointer
    // that `install` made of a filter for this model; all live for the duration of the call. Without
    // tokens their pointer may be null, so it is not used then.
    let (previous, logits, filter) = unsafe {
        let filter = &*filter.cast::<InstalledFilter>();
        let tokens = if count > 0 { slice::from_raw_parts(tokens, count) } else { &[] };
        (tokens, slice::from_raw_parts_mut(logits, filter.vocabulary), filter)
    };
    let previous: Vec<usize> =
        previous.iter().filter_map(|token| usize::try_from(token.id).ok()).collect();
    filter.filter.apply(&previous, logits);
}
