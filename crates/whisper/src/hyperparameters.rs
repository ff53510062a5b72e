//! The dimensions of a network, from the head of its file.

use std::io::Read;

use crate::error::LoadError;
use crate::formats;
use crate::kernels::layout::HEAD_DIM;
use crate::read::number;
use crate::tokens::SpecialTokens;

/// The first number of a ggml file (`GGML_FILE_MAGIC`).
const MAGIC: usize = 0x6767_6d6c;

/// Encoder positions of 30 s of audio, 20 ms each, in all of Whisper's models.
pub const AUDIO_CONTEXT: usize = 1500;

/// Decoder positions, prompt included, in all of Whisper's models.
pub const TEXT_CONTEXT: usize = 448;

/// The dimensions of a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Hyperparameters {
    /// Tokens, special ones included.
    pub vocabulary: usize,
    /// Encoder positions.
    pub audio_context: usize,
    /// The encoder's width.
    pub audio_width: usize,
    /// Heads of the encoder's attention.
    pub audio_heads: usize,
    /// Blocks of the encoder.
    pub audio_layers: usize,
    /// Decoder positions.
    pub text_context: usize,
    /// The decoder's width.
    pub text_width: usize,
    /// Heads of the decoder's attention.
    pub text_heads: usize,
    /// Blocks of the decoder.
    pub text_layers: usize,
    /// Mel bands.
    pub mels: usize,
    /// The format of most weights (`ggml_ftype`), plus 1000 times the quantization version.
    pub file_type: usize,
}

impl Hyperparameters {
    /// Reads the head of a file.
    pub fn read(source: &mut impl Read) -> Result<Self, LoadError> {
        if number(source)? != MAGIC {
            return Err(LoadError::invalid("the file does not begin as a ggml file"));
        }
        Ok(Self {
            vocabulary: number(source)?,
            audio_context: number(source)?,
            audio_width: number(source)?,
            audio_heads: number(source)?,
            audio_layers: number(source)?,
            text_context: number(source)?,
            text_width: number(source)?,
            text_heads: number(source)?,
            text_layers: number(source)?,
            mels: number(source)?,
            file_type: number(source)?,
        })
    }

    /// Why this crate cannot run such a network; `None` if it can.
    pub fn unsupported(&self) -> Option<String> {
        let Self { audio_width: width, audio_heads, text_heads, .. } = *self;
        let reason = if SpecialTokens::of(self.vocabulary).is_none() {
            format!("a vocabulary of {}: only multilingual models are supported", self.vocabulary)
        } else if !formats::is_supported(self.file_type) {
            format!("the file type {}", self.file_type)
        } else if self.audio_context != AUDIO_CONTEXT {
            format!("an audio context of {}", self.audio_context)
        } else if self.text_context != TEXT_CONTEXT {
            format!("a text context of {}", self.text_context)
        } else if width == 0 || width != self.text_width {
            format!("widths of {width} and {}", self.text_width)
        } else if audio_heads.checked_mul(HEAD_DIM) != Some(width) || text_heads != audio_heads {
            format!("{audio_heads} and {text_heads} heads for a width of {width}")
        } else if self.audio_layers == 0 || self.text_layers == 0 || self.mels == 0 {
            "a network without layers or mel bands".to_owned()
        } else {
            return None;
        };
        Some(format!("unsupported: {reason}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_networks_of_known_shape_are_supported() {
        let base = Hyperparameters {
            vocabulary: 51_865,
            audio_context: AUDIO_CONTEXT,
            audio_width: 512,
            audio_heads: 8,
            audio_layers: 6,
            text_context: TEXT_CONTEXT,
            text_width: 512,
            text_heads: 8,
            text_layers: 6,
            mels: 80,
            file_type: 2007,
        };
        assert_eq!(base.unsupported(), None);
        for wrong in [
            Hyperparameters { vocabulary: 51_864, ..base },
            Hyperparameters { audio_context: 1000, ..base },
            Hyperparameters { text_context: 10, ..base },
            Hyperparameters { audio_width: 0, audio_heads: 0, ..base },
            Hyperparameters { audio_heads: 6, ..base },
            Hyperparameters { text_layers: 0, ..base },
            Hyperparameters { mels: 0, ..base },
            Hyperparameters { file_type: 15, ..base },
        ] {
            assert!(wrong.unsupported().is_some(), "{wrong:?}");
        }
    }
}
