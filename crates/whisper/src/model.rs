//! A loaded model.

use std::fs::File;
use std::io::{BufReader, Read, Seek};
use std::path::Path;

use ndarray::Array2;

use crate::alphabet::{Alphabet, Tokens};
use crate::compute::{Arithmetic, Compute};
use crate::decoder::Decoder;
use crate::encoder::Encoder;
use crate::error::LoadError;
use crate::file::ModelFile;
use crate::hyperparameters::Hyperparameters;
use crate::mel::LogMel;
use crate::options::AudioContext;
use crate::rules::Rules;
use crate::token_filter::TokenFilter;
use crate::tokens::{SpecialTokens, Tokenizer};

/// Spectrogram frames per encoder position: the second convolution has a stride of two.
const FRAMES_PER_POSITION: usize = 2;

/// A loaded model. It does not change: any number of threads can transcribe with it.
pub struct Model {
    pub(crate) mel: LogMel,
    pub(crate) encoder: Encoder,
    pub(crate) decoder: Decoder,
    pub(crate) tokens: Tokens,
    pub(crate) tokenizer: Tokenizer,
    pub(crate) special: SpecialTokens,
    pub(crate) rules: Rules,
    arithmetic: Arithmetic,
}

/// Whether a file is a ggml model that this crate supports; its head is read. Others may be for
/// whisper.cpp: models of English only, or of other shapes.
pub fn is_supported(path: &Path) -> Result<bool, LoadError> {
    let head = Hyperparameters::read(&mut BufReader::new(File::open(path)?))?;
    Ok(head.unsupported().is_none())
}

impl Model {
    /// Loads a ggml model, by default for the arithmetic that is best on this processor.
    pub fn load(path: &Path, arithmetic: Option<Arithmetic>) -> Result<Self, LoadError> {
        Self::read(File::open(path)?, arithmetic)
    }

    /// Reads a ggml model.
    pub fn read(
        source: impl Read + Seek,
        arithmetic: Option<Arithmetic>,
    ) -> Result<Self, LoadError> {
        let arithmetic = arithmetic.unwrap_or_else(Arithmetic::best);
        let mut file = ModelFile::open(source, arithmetic)?;
        if let Some(reason) = file.hyperparameters.unsupported() {
            return Err(LoadError::Invalid(reason));
        }
        let Hyperparameters { vocabulary, mels, .. } = file.hyperparameters;
        let special = SpecialTokens::of(vocabulary)
            .ok_or_else(|| LoadError::invalid("the model is not multilingual"))?;
        let filters = std::mem::take(&mut file.filters);
        if filters.dim() != (mels, LogMel::FREQUENCIES) {
            let reason = format!("the filter bank is {:?}, not {mels} × 201", filters.dim());
            return Err(LoadError::Invalid(reason));
        }
        let mut tokens = std::mem::take(&mut file.tokens);
        if tokens.len() < special.end {
            return Err(LoadError::invalid(format!("only {} tokens", tokens.len())));
        }
        // Names of special tokens may follow.
        tokens.truncate(special.end);
        let tokens = Tokens::from(tokens);
        let tokenizer = Tokenizer::new(&tokens);
        Ok(Self {
            mel: LogMel::new(filters),
            encoder: Encoder::take(&mut file)?,
            decoder: Decoder::take(&mut file)?,
            rules: Rules::new(special.clone(), &tokenizer),
            tokens,
            tokenizer,
            special,
            arithmetic,
        })
    }

    /// A filter that restricts the model's tokens to an alphabet. Making one takes some milliseconds.
    pub fn token_filter(&self, alphabet: Alphabet) -> TokenFilter {
        TokenFilter::new(self.tokens.clone(), alphabet)
    }

    /// The encoder's output for a window of at most 30 s at 16 kHz: `[positions, width]`.
    pub fn encode(&self, samples: &[f32], context: AudioContext, threads: u32) -> Array2<f32> {
        let frames = FRAMES_PER_POSITION * context.positions(samples.len());
        let spectrogram = self.mel.compute(samples, frames);
        self.encoder.encode(&spectrogram, self.compute(false, threads))
    }

    pub(crate) fn compute(&self, few_rows: bool, threads: u32) -> Compute {
        Compute { arithmetic: self.arithmetic, few_rows, threads }
    }
}
