//! Encoder, decoder and matrix products, by default with random weights in the shape of the base model.
//!
//! ```sh
//! cargo bench -p whisper-cpu            # all; or the beginning of a name: -- encode
//! WHISPER_MODEL=ggml-base-q8_0.bin cargo bench -p whisper-cpu    # with real weights
//! ```

#![expect(clippy::unwrap_used, reason = "a benchmark may stop where something is missing")]
#![expect(clippy::print_stdout, reason = "a command-line tool")]

#[path = "../tests/support/synthetic.rs"]
mod synthetic;

use std::hint::black_box;
use std::io::Cursor;
use std::time::{Duration, Instant};

use whisper_cpu::kernels::blocks::{self, MAX_VECTORS, Vectors, quantize};
use whisper_cpu::kernels::layout::{BLOCK, Blocks};
use whisper_cpu::kernels::tiles::{Int8Rows, Tiles};
use whisper_cpu::{ANY, AudioContext, MAX_BATCH, Model, TranscribeOptions};

/// Each benchmark runs at least this long, and three times.
const MIN_TIME: Duration = Duration::from_secs(2);

/// The width of the base model.
const WIDTH: usize = 512;

fn main() {
    // Cargo passes `--bench`.
    let filter = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let filter = filter.unwrap_or_default();
    let bench = |name: String, work: &mut dyn FnMut()| {
        if name.starts_with(&filter) {
            println!("{name:30} {:>12.1?}", median(work));
        }
    };
    let model = model();
    for seconds in [1, 10, 20] {
        let samples = random(seconds * 16_000);
        bench(format!("encode, {seconds} s"), &mut || {
            black_box(model.encode(&samples, AudioContext::Fitted, 1));
        });
    }
    for windows in [1, MAX_BATCH] {
        decode(&model, windows, &bench);
    }
    for rows in [1, 64, 1500] {
        let matrix = Tiles::new(Int8Rows::new(&random(WIDTH * WIDTH), WIDTH).blocks());
        let input = Int8Rows::new(&random(rows * WIDTH), WIDTH);
        let mut out = vec![0.0; rows * WIDTH];
        bench(format!("product, 8 bits, {rows} rows"), &mut || {
            matrix.multiply(black_box(&input), &mut out, 1);
        });
    }
    let (mut values, mut scales) = (Vec::new(), Vec::new());
    quantize(&random(WIDTH * WIDTH), BLOCK, &mut values, &mut scales);
    let matrix = Blocks { values: values.as_chunks().0, scales: &scales, length: WIDTH / BLOCK };
    for count in [1, MAX_VECTORS] {
        let vectors = Vectors::new(&random(count * WIDTH), WIDTH);
        let mut out = vec![0.0; count * WIDTH];
        bench(format!("product, 16 bits, {count} rows"), &mut || {
            blocks::multiply(matrix, black_box(&vectors), &mut out);
        });
    }
}

/// The text of windows of a second each; mostly decoding.
fn decode(model: &Model, windows: usize, bench: &dyn Fn(String, &mut dyn FnMut())) {
    let samples = random(16_000);
    let samples = vec![&samples[..]; windows];
    let filter = model.token_filter(ANY);
    let options = TranscribeOptions {
        language: Some("zh"),
        prompt: "",
        filter: &filter,
        audio_context: AudioContext::Fitted,
        temperature_fallback: false,
        threads: 1,
        alternatives: None,
    };
    bench(format!("decode, {windows} windows"), &mut || {
        black_box(model.transcribe(&samples, &options));
    });
}

fn median(work: &mut dyn FnMut()) -> Duration {
    let (started, mut times) = (Instant::now(), Vec::new());
    while times.len() < 3 || started.elapsed() < MIN_TIME {
        let before = Instant::now();
        work();
        times.push(before.elapsed());
    }
    times.sort_unstable();
    times[times.len() / 2]
}

fn model() -> Model {
    if let Some(path) = std::env::var_os("WHISPER_MODEL") {
        return Model::load(path.as_ref(), None).unwrap();
    }
    let shape = synthetic::Shape {
        vocabulary: 51_865,
        mels: 80,
        heads: 8,
        audio_layers: 6,
        text_layers: 6,
    };
    Model::read(Cursor::new(synthetic::model(&shape).bytes), None).unwrap()
}

fn random(count: usize) -> Vec<f32> {
    let mut random = fastrand::Rng::with_seed(1);
    (0..count).map(|_| random.f32() - 0.5).collect()
}
