//! Whisper models behind the [`Recognizer`] trait, with two engines.
//!
//! | Module | Contents |
//! | --- | --- |
//! | [`native`] | the `whisper-cpu` crate, for multilingual models in most of ggml's formats |
//! | [`cpp`] | whisper.cpp, for all other models |
//! | `shared` | prompt, record of the parameters |
//! | [`binding`] | what whisper-rs needs before any call |

pub mod binding;
pub mod cpp;
pub mod native;
mod shared;

use std::path::Path;

use self::cpp::WhisperCpp;
use self::native::WhisperCpu;
use super::error::SpeechError;
use super::model_file::check_model_file;
use super::recognizer::Recognizer;

/// Loads a ggml model into the faster engine that supports it.
pub fn load(model: &Path) -> Result<Box<dyn Recognizer>, SpeechError> {
    check_model_file(model)?;
    let bad = |error: whisper_cpu::LoadError| SpeechError::BadModel {
        path: model.to_owned(),
        reason: error.to_string(),
    };
    if whisper_cpu::is_supported(model).map_err(bad)? {
        return Ok(Box::new(WhisperCpu::load(model, None)?));
    }
    Ok(Box::new(WhisperCpp::load(model)?))
}
