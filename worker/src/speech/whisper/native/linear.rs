//! Layers that the encoder and the decoder are made of.

use std::io;

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis};

use super::file::ModelFile;
use super::formats::Stored;
use super::kernels::tiles::{self, Bytes, Tiles};
use super::kernels::{self, MOST_VECTORS, Vectors};
use super::threads;

/// How matrices are multiplied.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// In bytes, which is fast where the processor has an instruction for it.
    Bytes,
    /// In plain numbers, or in 16 bits where weights are read for a few rows only.
    Plain,
}

impl Arithmetic {
    /// The faster one on this processor.
    pub fn best() -> Self {
        if tiles::are_fast() { Self::Bytes } else { Self::Plain }
    }
}

/// How rows are worked on. It goes by what is done, never by how many rows there happen to be: the
/// same sound gives the same text.
#[derive(Debug, Clone, Copy)]
pub struct Work {
    /// The one that the weights were made ready for.
    pub arithmetic: Arithmetic,
    /// There is a handful of rows: reading the weights is what takes time.
    pub few: bool,
    /// Threads that share it.
    pub threads: u32,
}

/// Rows of numbers, made ready for the layers that work on them.
pub struct Prepared<'a> {
    count: usize,
    form: Form<'a>,
}

enum Form<'a> {
    /// In 8 bits, for so many threads.
    Bytes(Bytes, u32),
    /// In 16 bits, a handful at a time.
    Few(Vec<Vectors>),
    /// As they are, for so many threads.
    Plain(&'a Array2<f32>, u32),
}

impl<'a> Prepared<'a> {
    /// Makes rows ready.
    pub fn new(numbers: &'a Array2<f32>, work: Work) -> Self {
        let columns = numbers.ncols();
        let form = match numbers.as_slice() {
            Some(numbers) if work.arithmetic == Arithmetic::Bytes => {
                Form::Bytes(Bytes::new(numbers, columns), work.threads)
            }
            Some(numbers) if work.few => {
                let some = numbers.chunks(MOST_VECTORS * columns);
                Form::Few(some.map(|numbers| Vectors::new(numbers, columns)).collect())
            }
            _ => Form::Plain(numbers, work.threads),
        };
        Self { count: numbers.nrows(), form }
    }
}

/// A fully connected layer with weights of 8 bits.
pub struct Linear {
    rows: usize,
    columns: usize,
    weights: Weights,
    bias: Option<Vec<f32>>,
}

/// Weights in the form that is best for this processor.
enum Weights {
    Tiles(Tiles),
    Stored(Stored),
}

impl Linear {
    /// From the tensors `name.weight`, `rows` × `columns`, and `name.bias`, if it has one.
    pub fn take(
        file: &mut ModelFile,
        name: &str,
        [rows, columns]: [usize; 2],
        has_bias: bool,
    ) -> io::Result<Self> {
        let stored = file.take_blocks(&format!("{name}.weight"), &[rows, columns])?;
        let bias =
            has_bias.then(|| file.take_plain(&format!("{name}.bias"), &[rows])).transpose()?;
        let weights = match file.arithmetic {
            Arithmetic::Bytes => Weights::Tiles(Tiles::new(stored.blocks(columns))),
            Arithmetic::Plain => Weights::Stored(stored),
        };
        Ok(Self { rows, columns, weights, bias })
    }

    /// What it makes of `input`, rows × columns of the layer.
    pub fn of(&self, input: &Prepared<'_>) -> Array2<f32> {
        let mut out = Array2::zeros((input.count, self.rows));
        self.write(&mut out, input);
        out
    }

    /// Writes what it makes of `input` over `out`.
    pub fn write(&self, out: &mut Array2<f32>, input: &Prepared<'_>) {
        match &self.bias {
            Some(bias) => out.rows_mut().into_iter().for_each(|mut row| {
                row.iter_mut().zip(bias).for_each(|(number, bias)| *number = *bias);
            }),
            None => out.fill(0.0),
        }
        self.add_products(out, input);
    }

    /// Adds what it makes of `input` to `out`.
    pub fn add_to(&self, out: &mut Array2<f32>, input: &Prepared<'_>) {
        if let (Some(bias), Some(out)) = (&self.bias, out.as_slice_mut()) {
            for row in out.chunks_exact_mut(self.rows) {
                kernels::add(row, bias);
            }
        }
        self.add_products(out, input);
    }

    fn add_products(&self, out: &mut Array2<f32>, input: &Prepared<'_>) {
        let Some(out) = out.as_slice_mut() else { return };
        match (&self.weights, &input.form) {
            (Weights::Tiles(tiles), Form::Bytes(rows, threads)) => {
                tiles.multiply(rows, out, *threads);
            }
            (Weights::Stored(stored), Form::Few(vectors)) => {
                let some = vectors.iter().zip(out.chunks_mut(MOST_VECTORS * self.rows));
                some.for_each(|(v, out)| kernels::multiply(stored.blocks(self.columns), v, out));
            }
            (Weights::Stored(stored), Form::Plain(numbers, threads)) => {
                let weights = stored.plain();
                let weights = ArrayView2::from_shape((self.rows, self.columns), &weights);
                let out = ArrayViewMut2::from_shape((numbers.nrows(), self.rows), out);
                // The lengths agree: they were checked when the layer was made.
                if let (Ok(weights), Ok(out)) = (weights, out) {
                    multiply(*threads, &numbers.view(), &weights.t(), out);
                }
            }
            (_, _) => debug_assert!(false, "the weights are ready for another arithmetic"),
        }
    }

    /// A row of the weights.
    pub fn row(&self, row: usize) -> Vec<f32> {
        match &self.weights {
            Weights::Tiles(tiles) => tiles.row(row),
            Weights::Stored(stored) => stored.row(row, self.columns),
        }
    }
}

/// Adds the product of two matrices to `out`, whose rows are shared between `count` threads.
pub fn multiply(
    count: u32,
    left: &ArrayView2<'_, f32>,
    right: &ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
) {
    let share = left.nrows().div_ceil(count.max(1) as usize).max(1);
    let shares =
        left.axis_chunks_iter(Axis(0), share).zip(out.axis_chunks_iter_mut(Axis(0), share));
    threads::share(shares, |(left, mut out)| general_mat_mul(1.0, &left, right, 1.0, &mut out));
}

/// Layer normalisation.
pub struct Norm {
    weight: Vec<f32>,
    bias: Vec<f32>,
}

impl Norm {
    /// From the tensors `name.weight` and `name.bias`.
    pub fn take(file: &mut ModelFile, name: &str, width: usize) -> io::Result<Self> {
        let mut part = |part| file.take_plain(&format!("{name}.{part}"), &[width]);
        Ok(Self { weight: part("weight")?, bias: part("bias")? })
    }

    /// Each row normalised.
    pub fn of(&self, input: &Array2<f32>) -> Array2<f32> {
        let mut out = Array2::zeros(input.raw_dim());
        self.write(&mut out, input);
        out
    }

    /// Writes each row normalised over `out`.
    pub fn write(&self, out: &mut Array2<f32>, input: &Array2<f32>) {
        for (input, mut out) in input.rows().into_iter().zip(out.rows_mut()) {
            if let (Some(input), Some(out)) = (input.as_slice(), out.as_slice_mut()) {
                kernels::normalise(input, &self.weight, &self.bias, out);
            }
        }
    }
}

/// Two layers with a Gaussian error linear unit between them, after a norm.
pub struct Perceptron {
    norm: Norm,
    up: Linear,
    down: Linear,
}

impl Perceptron {
    /// From the tensors of the block `name`.
    pub fn take(file: &mut ModelFile, name: &str, width: usize) -> io::Result<Self> {
        Ok(Self {
            norm: Norm::take(file, &format!("{name}.mlp_ln"), width)?,
            up: Linear::take(file, &format!("{name}.mlp.0"), [4 * width, width], true)?,
            down: Linear::take(file, &format!("{name}.mlp.2"), [width, 4 * width], true)?,
        })
    }

    /// Adds what it makes of `state` to it, by way of `normal`, like `state`, and `inner`, of four
    /// times its width.
    pub fn apply(
        &self,
        state: &mut Array2<f32>,
        [normal, inner]: [&mut Array2<f32>; 2],
        work: Work,
    ) {
        self.norm.write(normal, state);
        self.up.write(inner, &Prepared::new(normal, work));
        if let Some(inner) = inner.as_slice_mut() {
            kernels::gelu(inner);
        }
        self.down.add_to(state, &Prepared::new(inner, work));
    }
}
