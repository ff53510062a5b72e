//! Loads damaged model files: `cargo +nightly fuzz run load` in `crates/whisper`.
//!
//! The input is a list of edits of a small valid model, eight bytes each: an offset and a 32-bit number
//! to write there. The highest bit of an offset counts from the structural numbers, the next one
//! truncates the file. From nothing, a fuzzer would not find a valid head and 50 000 tokens.

#![no_main]

#[path = "../../tests/support/synthetic.rs"]
mod synthetic;

use std::io::Cursor;
use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use synthetic::{Shape, Synthetic};
use whisper_cpu::Model;

static MODEL: LazyLock<Synthetic> = LazyLock::new(|| {
    let shape = Shape { vocabulary: 51_865, mels: 80, heads: 1, audio_layers: 1, text_layers: 1 };
    synthetic::model(&shape)
});

fuzz_target!(|edits: &[u8]| {
    let mut bytes = MODEL.bytes.clone();
    for edit in edits.as_chunks::<8>().0 {
        let [a, b, c, d, number @ ..] = *edit;
        let code = u32::from_le_bytes([a, b, c, d]);
        let offset = (code & 0x3fff_ffff) as usize;
        let at = if code >> 31 == 1 {
            MODEL.structure[offset % MODEL.structure.len()]
        } else {
            offset % MODEL.bytes.len()
        };
        if code >> 30 & 1 == 1 {
            bytes.truncate(at);
        } else if let Some(place) = bytes.get_mut(at..at + 4) {
            place.copy_from_slice(&number);
        }
    }
    let _ = Model::read(Cursor::new(bytes), None);
});
