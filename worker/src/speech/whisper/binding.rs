//! Preparations for calls of whisper-rs.

use std::path::Path;
use std::sync::Once;

use crate::speech::error::SpeechError;

/// A path as text, which the binding requires.
pub fn path_text(path: &Path) -> Result<&str, SpeechError> {
    path.to_str().filter(|text| !text.contains('\0')).ok_or_else(|| SpeechError::BadModel {
        path: path.to_owned(),
        reason: "its path is not UTF-8".into(),
    })
}

/// Discards the log messages of whisper.cpp and ggml: the hooks drop them without a log backend.
pub fn discard_logs() {
    static ONCE: Once = Once::new();
    ONCE.call_once(whisper_rs::install_logging_hooks);
}
