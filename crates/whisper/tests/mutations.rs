//! The loader on damaged files: an error or a model, but no panic, no hang and no large allocation.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

#[path = "support/synthetic.rs"]
mod synthetic;

use std::io::Cursor;
use std::panic::{AssertUnwindSafe, catch_unwind};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use whisper_cpu::{ANY, Arithmetic, AudioContext, LoadError, Model, TranscribeOptions};

use self::synthetic::{Shape, Synthetic};

/// Damaged files.
const CASES: u64 = 240;

/// Of those that load nevertheless, so many are used.
const USED: usize = 6;

/// The address space of the process, many times what a model takes.
const ADDRESS_SPACE: u64 = 1 << 30;

/// Numbers that are likely to be wrong in some way.
const NUMBERS: [i32; 14] =
    [0, 1, -1, 2, 4, 5, 32, 63, 64, 448, 51_866, 1 << 28, i32::MAX, i32::MIN];

fn smallest() -> Synthetic {
    let shape = Shape { vocabulary: 51_865, mels: 80, heads: 1, audio_layers: 1, text_layers: 1 };
    synthetic::model(&shape)
}

fn read(bytes: Vec<u8>, arithmetic: Arithmetic) -> Result<Model, LoadError> {
    Model::read(Cursor::new(bytes), Some(arithmetic))
}

fn damage(model: &Synthetic, random: &mut fastrand::Rng) -> Vec<u8> {
    let mut bytes = model.bytes.clone();
    for _ in 0..random.u8(1..4) {
        let at = random.usize(..bytes.len());
        match random.u8(..6) {
            0 | 1 => {
                let at = *random.choice(&model.structure).unwrap();
                let number = *random.choice(&NUMBERS).unwrap();
                if let Some(place) = bytes.get_mut(at..at + 4) {
                    place.copy_from_slice(&number.to_le_bytes());
                }
            }
            2 => bytes.truncate(at.max(1)),
            3 => bytes[at] = random.u8(..),
            4 => {
                let end = bytes.len().min(at + 4);
                bytes[at..end].copy_from_slice(&f32::NAN.to_le_bytes()[..end - at]);
            }
            _ => {
                bytes.drain(at..(at + random.usize(1..100)).min(bytes.len()));
            }
        }
        if bytes.is_empty() {
            break;
        }
    }
    bytes
}

fn transcribe(model: &Model) {
    let options = TranscribeOptions {
        language: Some("zh"),
        prompt: "",
        filter: &model.token_filter(ANY),
        audio_context: AudioContext::Fitted,
        temperature_fallback: false,
        threads: 1,
        alternatives: None,
    };
    model.transcribe(&[&[0.1; 4000]], &options);
}

#[test]
fn damaged_files_give_an_error_or_a_model() {
    let limit = Rlimit { current: Some(ADDRESS_SPACE), ..getrlimit(Resource::As) };
    setrlimit(Resource::As, limit).unwrap();
    let model = smallest();
    transcribe(&read(model.bytes.clone(), Arithmetic::Float).unwrap());
    transcribe(&read(model.bytes.clone(), Arithmetic::Int8).unwrap());
    let mut random = fastrand::Rng::with_seed(5);
    let (mut errors, mut used) = (0, 0);
    for case in 0..CASES {
        let arithmetic = if case % 2 == 0 { Arithmetic::Float } else { Arithmetic::Int8 };
        match read(damage(&model, &mut random), arithmetic) {
            Ok(model) if used < USED => {
                used += 1;
                let result = catch_unwind(AssertUnwindSafe(|| transcribe(&model)));
                // Finite weights may be so large that results are not.
                if let Err(panic) = result {
                    let message = panic.downcast_ref::<String>().unwrap();
                    assert!(message.ends_with("is not finite"), "case {case}: {message}");
                }
            }
            Ok(_) => {}
            Err(LoadError::Invalid(reason)) => {
                assert!(!reason.is_empty());
                errors += 1;
            }
            Err(LoadError::Io(error)) => panic!("case {case}: {error}"),
        }
    }
    assert!(errors > CASES / 3 && used == USED, "{errors} errors, {used} used");
}

#[test]
fn numbers_that_are_not_finite_are_refused() {
    let model = smallest();
    // The last tensor is the bias of a layer normalisation, in floats.
    let mut bytes = model.bytes;
    let at = bytes.len() - 4;
    bytes[at..].copy_from_slice(&f32::INFINITY.to_le_bytes());
    let error = read(bytes, Arithmetic::Float).err().unwrap();
    assert!(error.to_string().contains("decoder.ln.bias"), "{error}");
}

#[test]
fn unsupported_models_are_told_from_damaged_ones() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("model.bin");
    let model = smallest();
    std::fs::write(&path, &model.bytes).unwrap();
    assert!(whisper_cpu::is_supported(&path).unwrap());
    let mut english = model.bytes.clone();
    english[4..8].copy_from_slice(&51_864_i32.to_le_bytes());
    std::fs::write(&path, &english).unwrap();
    assert!(!whisper_cpu::is_supported(&path).unwrap());
    assert!(Model::load(&path, None).err().unwrap().to_string().contains("multilingual"));
    std::fs::write(&path, b"RIFF").unwrap();
    assert!(matches!(whisper_cpu::is_supported(&path), Err(LoadError::Invalid(_))));
    let missing = folder.path().join("missing.bin");
    assert!(matches!(whisper_cpu::is_supported(&missing), Err(LoadError::Io(_))));
}
