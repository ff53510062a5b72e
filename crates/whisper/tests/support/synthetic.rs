//! Small models with random weights, for tests, benchmarks and fuzzing.

#![allow(dead_code, reason = "not every user needs all of it")]

use half::f16;

/// The hyperparameters that differ between Whisper's models.
pub struct Shape {
    pub vocabulary: i32,
    pub mels: i32,
    pub heads: i32,
    pub audio_layers: i32,
    pub text_layers: i32,
}

/// A model file.
pub struct Synthetic {
    /// The file.
    pub bytes: Vec<u8>,
    /// Offsets of the 32-bit numbers that describe its structure, except the lengths of tokens.
    pub structure: Vec<usize>,
}

/// The dimension of a head in all of Whisper's models.
const HEAD_DIM: i32 = 64;
const AUDIO_CONTEXT: i32 = 1500;
const TEXT_CONTEXT: i32 = 448;
const FREQUENCIES: i32 = 201;
const TEXT_TOKENS: u32 = 50_257;
const SPACE: u32 = 220;

/// `ggml_type` of the formats.
const F32: i32 = 0;
const F16: i32 = 1;

struct Writer {
    model: Synthetic,
    random: fastrand::Rng,
}

impl Writer {
    fn numbers(&mut self, numbers: &[i32]) {
        for number in numbers {
            self.model.structure.push(self.model.bytes.len());
            self.write(&number.to_le_bytes());
        }
    }

    fn write(&mut self, bytes: &[u8]) {
        self.model.bytes.extend_from_slice(bytes);
    }

    fn random(&mut self, scale: f32) -> f32 {
        // Uniformly distributed, with this standard deviation.
        (self.random.f32() - 0.5) * 12_f32.sqrt() * scale
    }

    /// A tensor of random numbers around `mean`; the slowest varying dimension first.
    fn tensor(&mut self, name: &str, kind: i32, dimensions: &[i32], mean: f32, scale: f32) {
        self.numbers(&[i32::try_from(dimensions.len()).unwrap()]);
        self.numbers(&[i32::try_from(name.len()).unwrap(), kind]);
        self.numbers(&dimensions.iter().rev().copied().collect::<Vec<_>>());
        self.write(name.as_bytes());
        for _ in 0..dimensions.iter().product() {
            let number = mean + self.random(scale);
            if kind == F16 {
                self.write(&f16::from_f32(number).to_le_bytes());
            } else {
                self.write(&number.to_le_bytes());
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

    fn block(&mut self, name: &str, width: i32, with_cross_attention: bool) {
        self.attention(&format!("{name}.attn"), width);
        if with_cross_attention {
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

/// A model with random weights, in the format of whisper.cpp's `convert-pt-to-ggml.py`.
pub fn model(shape: &Shape) -> Synthetic {
    let model = Synthetic { bytes: Vec::new(), structure: Vec::new() };
    let mut writer = Writer { model, random: fastrand::Rng::with_seed(7) };
    let width = shape.heads * HEAD_DIM;
    writer.numbers(&[0x6767_6d6c, shape.vocabulary, AUDIO_CONTEXT]);
    writer.numbers(&[width, shape.heads, shape.audio_layers]);
    writer.numbers(&[TEXT_CONTEXT, width, shape.heads, shape.text_layers]);
    writer.numbers(&[shape.mels, F16, shape.mels, FREQUENCIES]);
    for _ in 0..shape.mels * FREQUENCIES {
        // A few frequencies per band.
        let weight = if writer.random.u8(..) < 8 { writer.random.f32() } else { 0.0 };
        writer.write(&weight.to_le_bytes());
    }
    // Tokens of one Chinese character each; whisper.cpp requires one of a space.
    writer.numbers(&[i32::try_from(TEXT_TOKENS).unwrap()]);
    for token in 0..TEXT_TOKENS {
        let character =
            if token == SPACE { ' ' } else { char::from_u32(0x4e00 + token % 20_000).unwrap() };
        let character = character.to_string();
        writer.write(&i32::try_from(character.len()).unwrap().to_le_bytes());
        writer.write(character.as_bytes());
    }
    writer.tensor("encoder.positional_embedding", F32, &[AUDIO_CONTEXT, width], 0.0, 0.3);
    writer.convolution("encoder.conv1", width, shape.mels);
    writer.convolution("encoder.conv2", width, width);
    for layer in 0..shape.audio_layers {
        writer.block(&format!("encoder.blocks.{layer}"), width, false);
    }
    writer.norm("encoder.ln_post", width);
    writer.tensor("decoder.positional_embedding", F32, &[TEXT_CONTEXT, width], 0.0, 0.3);
    // So large that a few tokens are much more probable than the others.
    let embedding = 5.0 / f32::from(i16::try_from(width).unwrap()).sqrt();
    writer.tensor(
        "decoder.token_embedding.weight",
        F16,
        &[shape.vocabulary, width],
        0.0,
        embedding,
    );
    for layer in 0..shape.text_layers {
        writer.block(&format!("decoder.blocks.{layer}"), width, true);
    }
    writer.norm("decoder.ln", width);
    writer.model
}
