//! The encoder: from a log-mel spectrogram to the states that the decoder's cross-attention reads.

use ndarray::{Array2, s};

use crate::attention::attention;
use crate::compute::Compute;
use crate::error::LoadError;
use crate::file::ModelFile;
use crate::hyperparameters::Hyperparameters;
use crate::kernels::vectors;
use crate::layers::{Activations, LayerNorm, Linear, Mlp};
use crate::matrix;

/// The encoder of a model.
pub struct Encoder {
    conv1: Convolution,
    conv2: Convolution,
    /// `[audio_context, width]`.
    positional_embedding: Array2<f32>,
    blocks: Vec<EncoderBlock>,
    norm: LayerNorm,
}

struct EncoderBlock {
    norm: LayerNorm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    mlp: Mlp,
}

impl Encoder {
    /// Takes its tensors out of a file.
    pub fn take(file: &mut ModelFile<'_>) -> Result<Self, LoadError> {
        let Hyperparameters { audio_context, audio_width: width, mels, audio_layers, .. } =
            file.hyperparameters;
        let positional_embedding =
            file.take_floats("encoder.positional_embedding", &[audio_context, width])?;
        let blocks = (0..audio_layers).map(|index| EncoderBlock::take(file, index, width));
        Ok(Self {
            blocks: blocks.collect::<Result<_, _>>()?,
            conv1: Convolution::take(file, "encoder.conv1", [width, mels])?,
            conv2: Convolution::take(file, "encoder.conv2", [width, width])?,
            positional_embedding: matrix::from_vec(audio_context, width, positional_embedding)?,
            norm: LayerNorm::take(file, "encoder.ln_post", width)?,
        })
    }

    /// Encodes a spectrogram, `[2 * positions, mels]`, to `[positions, width]`. Attention reaches all
    /// positions; there may be fewer than the audio context, which Whisper was trained with.
    pub fn encode(&self, spectrogram: &Array2<f32>, compute: Compute) -> Array2<f32> {
        let threads = compute.threads;
        let frames = self.conv1.forward(spectrogram, 1, threads);
        let mut state = self.conv2.forward(&frames, 2, threads);
        state += &self.positional_embedding.slice(s![..state.nrows(), ..]);
        // Buffers for all blocks: allocating them costs as much as some of the work.
        let buffer = |times| Array2::zeros((state.nrows(), times * state.ncols()));
        let [mut normal, mut query, mut key, mut value, mut attended] =
            std::array::from_fn(|_| buffer(1));
        let mut inner = buffer(4);
        for block in &self.blocks {
            block.norm.write(&mut normal, &state);
            let input = Activations::new(&normal, compute);
            block.query.write(&mut query, &input);
            block.key.write(&mut key, &input);
            block.value.write(&mut value, &input);
            attention([&query, &key, &value], &mut attended, compute);
            block.out.add_to(&mut state, &Activations::new(&attended, compute));
            block.mlp.add_to(&mut state, [&mut normal, &mut inner], compute);
        }
        let encoded = self.norm.forward(&state);
        matrix::assert_finite(&encoded, "the encoder's output");
        encoded
    }
}

impl EncoderBlock {
    fn take(file: &mut ModelFile<'_>, index: usize, width: usize) -> Result<Self, LoadError> {
        let name = format!("encoder.blocks.{index}");
        let square = [width, width];
        Ok(Self {
            norm: LayerNorm::take(file, &format!("{name}.attn_ln"), width)?,
            query: Linear::take(file, &format!("{name}.attn.query"), square, true)?,
            key: Linear::take(file, &format!("{name}.attn.key"), square, false)?,
            value: Linear::take(file, &format!("{name}.attn.value"), square, true)?,
            out: Linear::take(file, &format!("{name}.attn.out"), square, true)?,
            mlp: Mlp::take(file, &name, width)?,
        })
    }
}

/// A convolution with a kernel of three frames and padding of one, followed by GELU.
struct Convolution {
    /// For the previous frame, the frame itself and the next: `[outputs, inputs]` each.
    weights: [Array2<f32>; 3],
    /// `[outputs]`.
    bias: Vec<f32>,
}

impl Convolution {
    fn take(
        file: &mut ModelFile<'_>,
        name: &str,
        [outputs, inputs]: [usize; 2],
    ) -> Result<Self, LoadError> {
        let numbers = file.take_floats(&format!("{name}.weight"), &[outputs, inputs, 3])?;
        let bias = file.take_floats(&format!("{name}.bias"), &[outputs])?;
        let part = |at| {
            let numbers = numbers.iter().skip(at).step_by(3).copied().collect();
            matrix::from_vec(outputs, inputs, numbers)
        };
        Ok(Self { weights: [part(0)?, part(1)?, part(2)?], bias })
    }

    /// `[frames, inputs]` to `[frames / stride, outputs]`.
    fn forward(&self, input: &Array2<f32>, stride: usize, threads: u32) -> Array2<f32> {
        let frames = input.nrows();
        let mut padded = Array2::zeros((frames + 2, input.ncols()));
        padded.slice_mut(s![1..=frames, ..]).assign(input);
        let mut out = Array2::zeros((frames.div_ceil(stride), self.bias.len()));
        matrix::fill_rows(&mut out, &self.bias);
        for (at, weights) in self.weights.iter().enumerate() {
            let frames = padded.slice(s![at..at + frames; stride, ..]);
            matrix::add_product(threads, &frames, &weights.t(), out.view_mut());
        }
        vectors::gelu(matrix::slice_mut(&mut out));
        out
    }
}
