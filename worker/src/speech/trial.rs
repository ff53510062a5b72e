//! How long recognition takes on this machine, by trying.

use std::path::Path;
use std::time::{Duration, Instant};

use super::audio::Audio;
use super::corrections::Corrections;
use super::error::SpeechError;
use super::model::load_recognizer;
use super::options::SpeechOptions;
use super::stop::Stop;
use super::transcribe::transcribe;
use super::vad::SileroVad;

/// The first ten seconds of the demonstration's synthesised report, 16 kHz mono.
const SAMPLE: &[u8] = include_bytes!("trial.wav");

const SAMPLE_SECONDS: f64 = 10.0;

/// What a trial showed.
#[derive(Debug, Clone, Copy)]
pub struct Trial {
    /// Loading the model, which long-running processes do once.
    pub loading: Duration,
    /// Seconds that a second of speech takes.
    pub per_second: f64,
}

/// Recognises ten seconds of speech with a model.
pub fn trial(model: &Path, vad: &Path, threads: u32) -> Result<Trial, SpeechError> {
    let started = Instant::now();
    let mut vad = SileroVad::load(vad)?;
    let recognizer = load_recognizer(model)?;
    let loading = started.elapsed();
    let audio = Audio::read(SAMPLE)?.levelled();
    let options = SpeechOptions {
        language: "zh".into(),
        threads,
        corrections: Corrections::default(),
        written: String::new(),
        stop: Stop::default(),
    };
    let started = Instant::now();
    transcribe(&audio, &mut vad, &*recognizer, &options, &mut |_| {})?;
    Ok(Trial { loading, per_second: started.elapsed().as_secs_f64() / SAMPLE_SECONDS })
}
