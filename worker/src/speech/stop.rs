//! Cancellation of a transcription.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::error::SpeechError;

/// A cancellation flag; clones share it.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// Cancels: the transcription ends with [`SpeechError::Stopped`] before its next windows.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// An error if it was cancelled.
    pub fn check(&self) -> Result<(), SpeechError> {
        if self.0.load(Ordering::Relaxed) { Err(SpeechError::Stopped) } else { Ok(()) }
    }
}
