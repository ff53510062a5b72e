//! Whisper's network in Rust, for multilingual models. Its weights are kept in 8 bits, whatever they
//! come in.
//!
//! It is here because it takes much less processor time than whisper.cpp for the same text: large
//! matrix products are done by a library made for them, several windows are written side by side, so
//! that weights are read once for all of them, and what is heard is kept in 8 bits as well.

use std::fs::File;
use std::io::{self, BufReader};
use std::path::Path;

use huibao_models::domain::transcript::RecognizerInfo;
use huibao_models::storage::hash_file_blocking;

use self::batch::Batch;
use self::decoder::Decoder;
use self::draft::Rules;
use self::encoder::Encoder;
use self::file::{ModelFile, Shape, read_shape};
use self::kernels::{MOST_VECTORS, STRIPE};
pub use self::linear::Arithmetic;
use self::linear::Work;
use self::spectrogram::Spectrogram;
use self::tokens::{Special, Tokenizer};
use super::super::{Heard, Recognizer, Request, Session, SpeechError};
use super::filter::Filter;
use super::vocabulary::{self, Tokens};
use super::{FULL_CONTEXT, SHORTEST, info};

mod attention;
mod batch;
mod decoder;
mod draft;
mod encoder;
mod file;
mod formats;
mod kernels;
mod linear;
mod spectrogram;
mod threads;
mod tokens;

/// A loaded model.
pub struct Native {
    spectrogram: Spectrogram,
    encoder: Encoder,
    decoder: Decoder,
    tokens: Tokens,
    tokenizer: Tokenizer,
    special: Special,
    rules: Rules,
    arithmetic: Arithmetic,
    mandarin: Filter,
    other: Filter,
    info: RecognizerInfo,
}

/// Whether a file that begins as a model does is one for this engine.
pub fn is_for(model: &Path) -> io::Result<bool> {
    let shape = read_shape(&mut BufReader::new(File::open(model)?))?;
    let Shape { width, text_width, audio_heads, text_heads, .. } = shape;
    let heads = |heads: usize, width: usize| heads * STRIPE == width;
    Ok(formats::is_known(shape.file_type)
        && Special::of(shape.vocabulary).is_some()
        && shape.audio_context == FULL_CONTEXT
        && heads(audio_heads, width)
        && heads(text_heads, text_width)
        && width == text_width)
}

impl Native {
    /// Loads a ggml model, for the arithmetic that is best for this processor unless it is told.
    pub fn load(model: &Path, arithmetic: Option<Arithmetic>) -> Result<Self, SpeechError> {
        let arithmetic = arithmetic.unwrap_or_else(Arithmetic::best);
        let bad = |reason: String| SpeechError::BadModel { path: model.to_owned(), reason };
        // Hashing reads the same bytes as loading; side by side they cost one read.
        std::thread::scope(|scope| {
            let hash = scope.spawn(|| hash_file_blocking(model));
            let loaded = Self::read(model, arithmetic).map_err(|error| bad(error.to_string()));
            let hash = hash.join().map_err(|_| bad("cannot be hashed".into()))?;
            let sha256 = hash.map_err(|error| bad(error.to_string()))?.sha256;
            let mut loaded = loaded?;
            loaded.info = info(model, format!("huibao {}", env!("CARGO_PKG_VERSION")), sha256);
            Ok(loaded)
        })
    }

    fn read(model: &Path, arithmetic: Arithmetic) -> io::Result<Self> {
        let broken = |reason| io::Error::new(io::ErrorKind::InvalidData, reason);
        let mut file = ModelFile::open(model, arithmetic)?;
        let size = file.shape.vocabulary;
        let special = Special::of(size).ok_or_else(|| broken("it is not multilingual"))?;
        let filters = std::mem::take(&mut file.filters);
        if filters.dim() != (file.shape.mels, Spectrogram::FREQUENCIES) {
            return Err(broken("its filters do not fit"));
        }
        let mut tokens = std::mem::take(&mut file.tokens);
        if tokens.len() < special.end {
            return Err(broken("it has too few tokens"));
        }
        tokens.truncate(special.end);
        let tokens = Tokens::from(tokens);
        let tokenizer = Tokenizer::new(&tokens);
        Ok(Self {
            spectrogram: Spectrogram::new(filters),
            encoder: Encoder::take(&mut file)?,
            decoder: Decoder::take(&mut file)?,
            mandarin: Filter::new(tokens.clone(), vocabulary::MANDARIN),
            other: Filter::new(tokens.clone(), vocabulary::ANY),
            rules: Rules::new(special.clone(), &tokenizer),
            arithmetic,
            tokens,
            tokenizer,
            special,
            info: info(model, String::new(), String::new()),
        })
    }
}

impl Native {
    fn work(&self, few: bool, threads: u32) -> Work {
        Work { arithmetic: self.arithmetic, few, threads }
    }

    /// Hears some windows side by side. What is too short to be heard has no text.
    fn hear(&self, sounds: &[&[f32]], request: &Request<'_>) -> Vec<Heard> {
        let long: Vec<&[f32]> = sounds.iter().copied().filter(|s| s.len() >= SHORTEST).collect();
        let mut heard = Batch::listen(self, &long, request).write().into_iter();
        let language = request.language.unwrap_or("zh");
        let nothing = || Heard { language: language.to_owned(), pieces: Vec::new() };
        let each = |sound: &&[f32]| {
            if sound.len() < SHORTEST { None } else { heard.next() }.unwrap_or_else(nothing)
        };
        sounds.iter().map(each).collect()
    }
}

impl Recognizer for Native {
    fn info(&self) -> RecognizerInfo {
        self.info.clone()
    }

    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError> {
        Ok(Box::new(self))
    }

    fn batch(&self) -> usize {
        MOST_VECTORS
    }
}

impl Session for &Native {
    fn recognize(&mut self, samples: &[f32], request: &Request<'_>) -> Result<Heard, SpeechError> {
        let heard = self.recognize_all(&[samples], request)?;
        heard.into_iter().next().ok_or_else(|| SpeechError::Engine("nothing was written".into()))
    }

    fn recognize_all(
        &mut self,
        sounds: &[&[f32]],
        request: &Request<'_>,
    ) -> Result<Vec<Heard>, SpeechError> {
        Ok(sounds.chunks(MOST_VECTORS).flat_map(|sounds| self.hear(sounds, request)).collect())
    }
}
