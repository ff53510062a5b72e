//! The encoder: from a spectrogram to what the decoder listens to.

use std::io;

use ndarray::{Array2, s};

use super::attention::attention;
use super::file::{ModelFile, Shape};
use super::kernels;
use super::linear::{Linear, Norm, Perceptron, Prepared, Work, multiply};

/// The encoder of a model.
pub struct Encoder {
    first: Convolution,
    second: Convolution,
    /// Added to each position: positions × width.
    positions: Array2<f32>,
    layers: Vec<Layer>,
    norm: Norm,
}

struct Layer {
    norm: Norm,
    query: Linear,
    key: Linear,
    value: Linear,
    out: Linear,
    perceptron: Perceptron,
}

impl Encoder {
    /// Takes its weights out of a file.
    pub fn take(file: &mut ModelFile) -> io::Result<Self> {
        let Shape { audio_context, width, mels, audio_layers, .. } = file.shape;
        let positions = file.take_plain("encoder.positional_embedding", &[audio_context, width])?;
        let layers = (0..audio_layers).map(|i| Layer::take(file, i, width));
        Ok(Self {
            layers: layers.collect::<io::Result<_>>()?,
            first: Convolution::take(file, "encoder.conv1", [width, mels])?,
            second: Convolution::take(file, "encoder.conv2", [width, width])?,
            positions: matrix(audio_context, width, positions)?,
            norm: Norm::take(file, "encoder.ln_post", width)?,
        })
    }

    /// Positions × width, of a spectrogram of twice as many frames.
    pub fn of(&self, spectrogram: &Array2<f32>, work: Work) -> Array2<f32> {
        let threads = work.threads;
        let mut state = self.second.of(&self.first.of(spectrogram, 1, threads), 2, threads);
        state += &self.positions.slice(s![..state.nrows(), ..]);
        // One room for all layers: new memory costs as much as some of the work.
        let room = |times| Array2::zeros((state.nrows(), times * state.ncols()));
        let [mut normal, mut query, mut key, mut value, mut heard] =
            std::array::from_fn(|_| room(1));
        let mut inner = room(4);
        for layer in &self.layers {
            layer.norm.write(&mut normal, &state);
            let prepared = Prepared::new(&normal, work);
            layer.query.write(&mut query, &prepared);
            layer.key.write(&mut key, &prepared);
            layer.value.write(&mut value, &prepared);
            attention([&query, &key, &value], &mut heard, work);
            layer.out.add_to(&mut state, &Prepared::new(&heard, work));
            layer.perceptron.apply(&mut state, [&mut normal, &mut inner], work);
        }
        self.norm.of(&state)
    }
}

impl Layer {
    fn take(file: &mut ModelFile, index: usize, width: usize) -> io::Result<Self> {
        let name = format!("encoder.blocks.{index}");
        let square = [width, width];
        Ok(Self {
            norm: Norm::take(file, &format!("{name}.attn_ln"), width)?,
            query: Linear::take(file, &format!("{name}.attn.query"), square, true)?,
            key: Linear::take(file, &format!("{name}.attn.key"), square, false)?,
            value: Linear::take(file, &format!("{name}.attn.value"), square, true)?,
            out: Linear::take(file, &format!("{name}.attn.out"), square, true)?,
            perceptron: Perceptron::take(file, &name, width)?,
        })
    }
}

/// A convolution over three frames, with a frame of zeros on either side, and a Gaussian error linear
/// unit.
struct Convolution {
    /// For the frame before, the frame itself and the one after: width × inputs.
    weights: [Array2<f32>; 3],
    bias: Vec<f32>,
}

impl Convolution {
    fn take(file: &mut ModelFile, name: &str, [width, inputs]: [usize; 2]) -> io::Result<Self> {
        let numbers = file.take_plain(&format!("{name}.weight"), &[width, inputs, 3])?;
        let bias = file.take_plain(&format!("{name}.bias"), &[width])?;
        let part =
            |at| matrix(width, inputs, numbers.iter().skip(at).step_by(3).copied().collect());
        Ok(Self { weights: [part(0)?, part(1)?, part(2)?], bias })
    }

    /// Of every frame, or of every `step`th.
    fn of(&self, input: &Array2<f32>, step: usize, threads: u32) -> Array2<f32> {
        let mut padded = Array2::zeros((input.nrows() + 2, input.ncols()));
        padded.slice_mut(s![1..=input.nrows(), ..]).assign(input);
        let rows = input.nrows().div_ceil(step);
        let mut out = Array2::zeros((rows, self.bias.len()));
        for mut row in out.rows_mut() {
            row.iter_mut().zip(&self.bias).for_each(|(number, bias)| *number = *bias);
        }
        for (at, weights) in self.weights.iter().enumerate() {
            let frames = padded.slice(s![at..at + input.nrows(); step, ..]);
            multiply(threads, &frames, &weights.t(), out.view_mut());
        }
        if let Some(numbers) = out.as_slice_mut() {
            kernels::gelu(numbers);
        }
        out
    }
}

/// Numbers as a matrix, row after row.
pub fn matrix(rows: usize, columns: usize, numbers: Vec<f32>) -> io::Result<Array2<f32>> {
    Array2::from_shape_vec((rows, columns), numbers)
        .map_err(|error| io::Error::new(io::ErrorKind::InvalidData, error))
}
