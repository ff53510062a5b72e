//! Leaving off in the middle.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use super::SpeechError;

/// Whether to leave off. Its copies tell the same.
#[derive(Debug, Clone, Default)]
pub struct Stop(Arc<AtomicBool>);

impl Stop {
    /// What listens leaves off before it hears the next windows.
    pub fn now(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    /// An error if it is time to leave off.
    pub fn check(&self) -> Result<(), SpeechError> {
        if self.0.load(Ordering::Relaxed) { Err(SpeechError::Stopped) } else { Ok(()) }
    }
}
