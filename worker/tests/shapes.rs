//! Networks of other shapes than the base model's, with weights made up here: our engine reads them as
//! whisper.cpp does. What such a network writes means nothing, but both must write the same.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::fs::File;
use std::io::{BufWriter, Write};
use std::path::Path;

use half::f16;
use huibao_worker::speech::{Arithmetic, Effort, Native, Recognizer, Request, WhisperCpp};

/// What tells the models of a family apart.
struct Shape {
    vocabulary: i32,
    mels: i32,
    heads: i32,
    audio_layers: i32,
    text_layers: i32,
}

/// Numbers for each position and head, in all of Whisper's models.
const HEAD: i32 = 64;
const AUDIO_CONTEXT: i32 = 1500;
const TEXT_CONTEXT: i32 = 448;
const FREQUENCIES: i32 = 201;
const TEXT_TOKENS: u32 = 50_257;
const SPACE: u32 = 220;

/// ggml's numbers for kinds of weights.
const F32: i32 = 0;
const F16: i32 = 1;

struct Writer {
    file: BufWriter<File>,
    random: fastrand::Rng,
}

impl Writer {
    fn numbers(&mut self, numbers: &[i32]) {
        for number in numbers {
            self.file.write_all(&number.to_le_bytes()).unwrap();
        }
    }

    fn random(&mut self, scale: f32) -> f32 {
        // Evenly spread numbers with this standard deviation.
        (self.random.f32() - 0.5) * 12_f32.sqrt() * scale
    }

    /// A tensor of random numbers around `mean`; dimensions the one that varies slowest first.
    fn tensor(&mut self, name: &str, kind: i32, dimensions: &[i32], mean: f32, scale: f32) {
        self.numbers(&[i32::try_from(dimensions.len()).unwrap()]);
        self.numbers(&[i32::try_from(name.len()).unwrap(), kind]);
        self.numbers(&dimensions.iter().rev().copied().collect::<Vec<_>>());
        self.file.write_all(name.as_bytes()).unwrap();
        for _ in 0..dimensions.iter().product() {
            let number = mean + self.random(scale);
            if kind == F16 {
                self.file.write_all(&f16::from_f32(number).to_le_bytes()).unwrap();
            } else {
                self.file.write_all(&number.to_le_bytes()).unwrap();
            }
        }
    }

    fn norm(&mut self, name: &str, width: i32) {
        self.tensor(&format!("{name}.weight"), F32, &[width], 1.0, 0.1);
        self.tensor(&format!("{name}.bias"), F32, &[width], 0.0, 0.1);
    }

    fn linear(&mut self, name: &str, to: i32, from: i32, bias: bool) {
        let scale = 1.0 / f32::from(i16::try_from(from).unwrap()).sqrt();
        self.tensor(&format!("{name}.weight"), F16, &[to, from], 0.0, scale);
        if bias {
            self.tensor(&format!("{name}.bias"), F32, &[to], 0.0, 0.1);
        }
    }

    fn attention(&mut self, name: &str, width: i32) {
        self.norm(&format!("{name}_ln"), width);
        for part in ["query", "key", "value", "out"] {
            self.linear(&format!("{name}.{part}"), width, width, part != "key");
        }
    }

    fn layer(&mut self, name: &str, width: i32, hears: bool) {
        self.attention(&format!("{name}.attn"), width);
        if hears {
            self.attention(&format!("{name}.cross_attn"), width);
        }
        self.norm(&format!("{name}.mlp_ln"), width);
        self.linear(&format!("{name}.mlp.0"), 4 * width, width, true);
        self.linear(&format!("{name}.mlp.2"), width, 4 * width, true);
    }

    fn convolution(&mut self, name: &str, to: i32, from: i32) {
        let scale = 1.0 / f32::from(i16::try_from(3 * from).unwrap()).sqrt();
        self.tensor(&format!("{name}.weight"), F16, &[to, from, 3], 0.0, scale);
        self.tensor(&format!("{name}.bias"), F32, &[to, 1], 0.0, 0.1);
    }
}

/// Writes a model as `convert-pt-to-ggml.py` of whisper.cpp does.
fn make(path: &Path, shape: &Shape) {
    let file = BufWriter::new(File::create(path).unwrap());
    let mut writer = Writer { file, random: fastrand::Rng::with_seed(7) };
    let width = shape.heads * HEAD;
    writer.numbers(&[0x6767_6d6c, shape.vocabulary, AUDIO_CONTEXT]);
    writer.numbers(&[width, shape.heads, shape.audio_layers]);
    writer.numbers(&[TEXT_CONTEXT, width, shape.heads, shape.text_layers]);
    writer.numbers(&[shape.mels, F16, shape.mels, FREQUENCIES]);
    for _ in 0..shape.mels * FREQUENCIES {
        // A few frequencies to a band.
        let weight = if writer.random.u8(..) < 8 { writer.random.f32() } else { 0.0 };
        writer.file.write_all(&weight.to_le_bytes()).unwrap();
    }
    // Tokens of one character each, from the first Chinese one on; whisper.cpp wants one of a space.
    writer.numbers(&[i32::try_from(TEXT_TOKENS).unwrap()]);
    for token in 0..TEXT_TOKENS {
        let character =
            if token == SPACE { ' ' } else { char::from_u32(0x4e00 + token % 20_000).unwrap() };
        let character = character.to_string();
        writer.numbers(&[i32::try_from(character.len()).unwrap()]);
        writer.file.write_all(character.as_bytes()).unwrap();
    }
    writer.tensor("encoder.positional_embedding", F32, &[AUDIO_CONTEXT, width], 0.0, 0.3);
    writer.convolution("encoder.conv1", width, shape.mels);
    writer.convolution("encoder.conv2", width, width);
    for layer in 0..shape.audio_layers {
        writer.layer(&format!("encoder.blocks.{layer}"), width, false);
    }
    writer.norm("encoder.ln_post", width);
    writer.tensor("decoder.positional_embedding", F32, &[TEXT_CONTEXT, width], 0.0, 0.3);
    // So large that a few tokens are much more probable than the rest.
    let embedding = 5.0 / f32::from(i16::try_from(width).unwrap()).sqrt();
    writer.tensor(
        "decoder.token_embedding.weight",
        F16,
        &[shape.vocabulary, width],
        0.0,
        embedding,
    );
    for layer in 0..shape.text_layers {
        writer.layer(&format!("decoder.blocks.{layer}"), width, true);
    }
    writer.norm("decoder.ln", width);
    writer.file.flush().unwrap();
}

fn text(engine: &dyn Recognizer, samples: &[f32]) -> String {
    let request = Request { language: Some("zh"), threads: 2, effort: Effort::Usual, terms: &[] };
    let heard = engine.session().unwrap().recognize(samples, &request).unwrap();
    heard.pieces.into_iter().map(|piece| piece.text).collect()
}

#[test]
fn a_network_like_large_v3_turbo_is_read_as_whisper_cpp_reads_it() {
    // As there: 128 bands, 100 languages, fewer layers that write than layers that hear.
    let shape = Shape { vocabulary: 51_866, mels: 128, heads: 3, audio_layers: 4, text_layers: 2 };
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("ggml-made-up.bin");
    make(&model, &shape);
    let theirs = WhisperCpp::load(&model).unwrap();
    for arithmetic in [Arithmetic::Plain, Arithmetic::Bytes] {
        let ours = Native::load(&model, Some(arithmetic)).unwrap();
        let mut differ = Vec::new();
        for pitch in [200.0_f32, 433.0, 871.0, 1500.0, 3100.0] {
            let wave = |at: u16| (f32::from(at) * pitch * std::f32::consts::TAU / 16_000.0).sin();
            let samples: Vec<f32> = (0..60_000).map(|at| 0.3 * wave(at)).collect();
            let begin = |text: String| text.chars().take(14).collect::<String>();
            let (theirs, ours) = (begin(text(&theirs, &samples)), begin(text(&ours, &samples)));
            assert_eq!(theirs.chars().count(), 14, "{theirs}");
            if theirs != ours {
                differ.push((theirs, ours));
            }
        }
        // Two tokens may be about as probable, and weights are rounded in different ways.
        assert!(differ.len() < 2, "{arithmetic:?}: {differ:?}");
    }
}
