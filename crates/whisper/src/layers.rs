//! The layers of encoder and decoder blocks.

use ndarray::{Array2, ArrayView2, ArrayViewMut2};

use crate::compute::{Arithmetic, Compute};
use crate::error::LoadError;
use crate::file::ModelFile;
use crate::formats::Q8Tensor;
use crate::kernels::blocks::{self, MAX_VECTORS, Vectors};
use crate::kernels::layout::BLOCK;
use crate::kernels::tiles::{Int8Rows, Tiles};
use crate::kernels::vectors;
use crate::matrix;

/// The input of linear layers, `[rows, columns]`, quantized once for all layers that take it.
pub struct Activations<'a> {
    rows: usize,
    columns: usize,
    form: Form<'a>,
}

enum Form<'a> {
    /// In 8 bits, for so many threads.
    Int8(Int8Rows, u32),
    /// In 16 bits, up to [`MAX_VECTORS`] rows each.
    Few(Vec<Vectors>),
    /// Floats, for so many threads.
    Float(&'a Array2<f32>, u32),
}

impl<'a> Activations<'a> {
    /// Quantizes `[rows, columns]`.
    pub fn new(input: &'a Array2<f32>, compute: Compute) -> Self {
        let (rows, columns) = input.dim();
        let form = if compute.arithmetic == Arithmetic::Int8 {
            Form::Int8(Int8Rows::new(matrix::slice(input), columns), compute.threads)
        } else if compute.few_rows {
            let chunks = matrix::slice(input).chunks(MAX_VECTORS * columns);
            Form::Few(chunks.map(|numbers| Vectors::new(numbers, columns)).collect())
        } else {
            Form::Float(input, compute.threads)
        };
        Self { rows, columns, form }
    }
}

/// A linear layer with 8-bit weights: `[rows, inputs]` to `[rows, outputs]`.
pub struct Linear {
    outputs: usize,
    inputs: usize,
    weights: Weights,
    /// `[outputs]`.
    bias: Option<Vec<f32>>,
}

/// Weights, `[outputs, inputs]`, in the form for the [`Arithmetic`].
enum Weights {
    Tiles(Tiles),
    Blocks(Q8Tensor),
}

impl Linear {
    /// Takes the tensors `name.weight`, `[outputs, inputs]`, and, `with_bias`, `name.bias`.
    pub fn take(
        file: &mut ModelFile<'_>,
        name: &str,
        [outputs, inputs]: [usize; 2],
        with_bias: bool,
    ) -> Result<Self, LoadError> {
        assert!(inputs > 0 && inputs.is_multiple_of(BLOCK));
        let tensor = file.take_quantized(&format!("{name}.weight"), &[outputs, inputs])?;
        let bias = if with_bias {
            Some(file.take_floats(&format!("{name}.bias"), &[outputs])?)
        } else {
            None
        };
        let weights = match file.arithmetic {
            Arithmetic::Int8 => Weights::Tiles(Tiles::new(tensor.blocks(inputs))),
            Arithmetic::Float => Weights::Blocks(tensor),
        };
        Ok(Self { outputs, inputs, weights, bias })
    }

    /// The output, `[rows, outputs]`.
    pub fn forward(&self, input: &Activations<'_>) -> Array2<f32> {
        let mut out = Array2::zeros((input.rows, self.outputs));
        self.write(&mut out, input);
        out
    }

    /// Writes the output to `out`, `[rows, outputs]`.
    pub fn write(&self, out: &mut Array2<f32>, input: &Activations<'_>) {
        match &self.bias {
            Some(bias) => matrix::fill_rows(out, bias),
            None => out.fill(0.0),
        }
        self.add_products(out, input);
    }

    /// Adds the output to `out`, `[rows, outputs]`.
    pub fn add_to(&self, out: &mut Array2<f32>, input: &Activations<'_>) {
        if let Some(bias) = &self.bias {
            for row in matrix::slice_mut(out).chunks_exact_mut(self.outputs) {
                vectors::add(row, bias);
            }
        }
        self.add_products(out, input);
    }

    fn add_products(&self, out: &mut Array2<f32>, input: &Activations<'_>) {
        assert_eq!(input.columns, self.inputs);
        assert_eq!(out.dim(), (input.rows, self.outputs));
        let out = matrix::slice_mut(out);
        match (&self.weights, &input.form) {
            (Weights::Tiles(tiles), Form::Int8(rows, threads)) => {
                tiles.multiply(rows, out, *threads);
            }
            (Weights::Blocks(tensor), Form::Few(vectors)) => {
                let chunks = out.chunks_mut(MAX_VECTORS * self.outputs);
                for (vectors, out) in vectors.iter().zip(chunks) {
                    blocks::multiply(tensor.blocks(self.inputs), vectors, out);
                }
            }
            (Weights::Blocks(tensor), Form::Float(numbers, threads)) => {
                let weights = tensor.dequantize();
                let weights = ArrayView2::from_shape((self.outputs, self.inputs), &weights);
                let out = ArrayViewMut2::from_shape((input.rows, self.outputs), out);
                let (Ok(weights), Ok(out)) = (weights, out) else {
                    panic!("the weights are not {} × {}", self.outputs, self.inputs);
                };
                matrix::add_product(*threads, &numbers.view(), &weights.t(), out);
            }
            (Weights::Tiles(_), Form::Few(_) | Form::Float(..))
            | (Weights::Blocks(_), Form::Int8(..)) => {
                panic!("the weights were prepared for another arithmetic");
            }
        }
    }

    /// A row of the weights, `[inputs]`.
    pub fn row(&self, row: usize) -> Vec<f32> {
        match &self.weights {
            Weights::Tiles(tiles) => tiles.row(row),
            Weights::Blocks(tensor) => tensor.row(row, self.inputs),
        }
    }
}

/// Layer normalisation of `[rows, width]`.
pub struct LayerNorm {
    /// `[width]`.
    weight: Vec<f32>,
    /// `[width]`.
    bias: Vec<f32>,
}

impl LayerNorm {
    /// Takes the tensors `name.weight` and `name.bias`.
    pub fn take(file: &mut ModelFile<'_>, name: &str, width: usize) -> Result<Self, LoadError> {
        let mut part = |part| file.take_floats(&format!("{name}.{part}"), &[width]);
        Ok(Self { weight: part("weight")?, bias: part("bias")? })
    }

    /// The output, `[rows, width]`.
    pub fn forward(&self, input: &Array2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros(input.raw_dim());
        self.write(&mut out, input);
        out
    }

    /// Writes the output to `out`, `[rows, width]`.
    pub fn write(&self, out: &mut Array2<f32>, input: &Array2<f32>) {
        let width = self.weight.len();
        assert_eq!((input.ncols(), input.dim()), (width, out.dim()));
        let rows = matrix::slice(input).chunks_exact(width);
        for (input, out) in rows.zip(matrix::slice_mut(out).chunks_exact_mut(width)) {
            vectors::layer_norm(input, &self.weight, &self.bias, out);
        }
    }
}

/// The feed-forward part of a block: layer normalisation, a linear layer, GELU, a linear layer.
pub struct Mlp {
    norm: LayerNorm,
    up: Linear,
    down: Linear,
}

impl Mlp {
    /// Takes the tensors of the block `name`.
    pub fn take(file: &mut ModelFile<'_>, name: &str, width: usize) -> Result<Self, LoadError> {
        Ok(Self {
            norm: LayerNorm::take(file, &format!("{name}.mlp_ln"), width)?,
            up: Linear::take(file, &format!("{name}.mlp.0"), [4 * width, width], true)?,
            down: Linear::take(file, &format!("{name}.mlp.2"), [width, 4 * width], true)?,
        })
    }

    /// Adds the output to `state`, `[rows, width]`. Buffers: `normal`, `[rows, width]`, and `inner`,
    /// `[rows, 4 * width]`.
    pub fn add_to(
        &self,
        state: &mut Array2<f32>,
        [normal, inner]: [&mut Array2<f32>; 2],
        compute: Compute,
    ) {
        self.norm.write(normal, state);
        self.up.write(inner, &Activations::new(normal, compute));
        vectors::gelu(matrix::slice_mut(inner));
        self.down.add_to(state, &Activations::new(inner, compute));
    }
}
