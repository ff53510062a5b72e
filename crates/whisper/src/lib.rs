#![doc = include_str!("../README.md")]
//!
//! # Modules
//!
//! Shapes are written as `[rows, columns]`, row-major; `width` is `heads * 64`, `positions` are 20 ms.
//!
//! | Module | Contents |
//! | --- | --- |
//! | `model`, `transcribe`, `options` | loading a model, transcribing windows, options and results |
//! | `file`, `read`, `hyperparameters`, `formats` | ggml's files, read with bounds; block formats and K-quants |
//! | `tokens`, `languages`, `utf8` | special tokens, text to tokens and back, language codes |
//! | `mel` | log-mel spectrogram: `[frames, mels]` |
//! | `encoder`, `attention` | `[2 * positions, mels]` to `[positions, width]` |
//! | `decoder`, `cache` | tokens to logits: `[inputs, vocabulary]`; self- and cross-attention caches |
//! | `layers`, `matrix`, `compute`, `threads` | linear layers, layer normalisation, MLP, matrix products |
//! | `batch`, `rules`, `hypothesis` | decoding a batch: suppression, timestamps, sampling, fallback |
//! | `spelling`, `scoring` | which tokens made which characters; scores of other texts (teacher forcing) |
//! | [`token_filter`], [`alphabet`] | restriction of tokens to an alphabet, loops |
//! | [`kernels`] | inner loops for several instruction sets |

pub mod alphabet;
mod attention;
mod batch;
mod cache;
mod compute;
mod decoder;
mod encoder;
mod error;
mod file;
mod formats;
mod hyperparameters;
mod hypothesis;
pub mod kernels;
mod languages;
mod layers;
mod matrix;
mod mel;
mod model;
mod options;
mod read;
mod rules;
mod scoring;
mod spelling;
mod threads;
pub mod token_filter;
mod tokens;
mod transcribe;
mod utf8;

pub use alphabet::{ANY, Alphabet, MANDARIN, Tokens};
pub use compute::Arithmetic;
pub use error::LoadError;
pub use languages::LANGUAGES;
pub use model::{Model, is_supported};
pub use options::{
    Alternative, AskAlternatives, AudioContext, CONTEXT_MARGIN, MIN_SAMPLES, ScoredAlternative,
    Segment, TranscribeOptions, Transcription,
};
pub use token_filter::TokenFilter;
pub use transcribe::MAX_BATCH;
pub use utf8::Utf8Joiner;
