//! The inner loops, in as many versions as there are kinds of processors worth one. The fitting
//! version is found at run time, so that one binary runs everywhere.
//!
//! Loops go over arrays of a fixed length, which the compiler turns into vector instructions. Each
//! sum is added up in one order whatever is computed beside it: the same sound gives the same text.

use multiversion::multiversion;
use multiversion::target::{match_target, target_cfg_f};

#[cfg(target_arch = "x86_64")]
mod x86;

/// Numbers of a row that share a scale (`QK8_0` of ggml).
pub const BLOCK: usize = 32;

/// Numbers that are summed side by side.
const LANES: usize = 16;

/// Numbers of a row that [`weigh`] and [`weigh_blocks`] sum up, and of an attention's head.
pub const STRIPE: usize = 64;

/// The most vectors that [`multiply`] takes.
pub const MOST_VECTORS: usize = 4;

/// `a * b + c`; `fused` if the processor has one instruction for it. Elsewhere it would be a call.
#[inline(always)]
fn multiply_add(fused: bool, a: f32, b: f32, c: f32) -> f32 {
    if fused { a.mul_add(b, c) } else { a * b + c }
}

/// Numbers that share a scale.
pub type Block<T> = [T; BLOCK];

/// A matrix of whole numbers in 8 bits, row after row.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    /// Row after row.
    pub values: &'a [Block<i8>],
    /// One for each block.
    pub scales: &'a [f32],
    /// Blocks of a row.
    pub length: usize,
}

/// A row of such a matrix.
#[derive(Clone, Copy)]
struct Row<'a> {
    values: &'a [Block<i8>],
    scales: &'a [f32],
}

/// Up to [`MOST_VECTORS`] vectors as whole numbers of 16 bits: nothing of a text depends on the rest.
pub struct Vectors {
    values: Vec<Block<i16>>,
    /// One for each vector.
    scales: Vec<f32>,
}

impl Vectors {
    /// Of numbers, vector after vector, `columns` each, which is a multiple of [`BLOCK`].
    pub fn new(numbers: &[f32], columns: usize) -> Self {
        let mut values = vec![[0; BLOCK]; numbers.len() / BLOCK];
        let rows = numbers.chunks_exact(columns).zip(values.chunks_exact_mut(columns / BLOCK));
        let scales = rows.map(|(from, to)| round(from, to)).collect();
        Self { values, scales }
    }
}

/// Writes numbers as whole numbers of 16 bits. Returns their scale.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
fn round(numbers: &[f32], out: &mut [Block<i16>]) -> f32 {
    let scale = widest(numbers) / 32_767.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    for (from, to) in numbers.iter().zip(out.as_flattened_mut()) {
        #[expect(clippy::cast_possible_truncation, reason = "at most 32767 after scaling")]
        let whole = (from * inverse + ROUNDING).to_bits() as u16;
        *to = whole.cast_signed();
    }
    scale
}

/// The largest number, whatever its sign.
#[inline(always)]
fn widest(numbers: &[f32]) -> f32 {
    let mut most = [0.0_f32; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            let size = chunk[lane].abs();
            most[lane] = if size > most[lane] { size } else { most[lane] };
        }
    }
    most.into_iter().chain(rest.iter().map(|number| number.abs())).fold(0.0, f32::max)
}

/// Products of the rows of a matrix with vectors of the same length, added to `out`, which has all
/// products of the first vector first.
pub fn multiply(matrix: Blocks<'_>, vectors: &Vectors, out: &mut [f32]) {
    match vectors.scales.len() {
        0 => {}
        1 => multiply_by::<1>(matrix, vectors, out),
        2 => multiply_by::<2>(matrix, vectors, out),
        3 => multiply_by::<3>(matrix, vectors, out),
        _ => multiply_by::<4>(matrix, vectors, out),
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw", "x86_64+avx2+fma", "aarch64+neon"))]
fn multiply_by<const N: usize>(matrix: Blocks<'_>, vectors: &Vectors, out: &mut [f32]) {
    let length = matrix.length;
    let each: [&[Block<i16>]; N] =
        std::array::from_fn(|vector| &vectors.values[vector * length..(vector + 1) * length]);
    let rows = out.len() / N;
    let all = matrix.values.chunks_exact(length).zip(matrix.scales.chunks_exact(length));
    for (index, (values, scales)) in all.enumerate().take(rows) {
        let row = Row { values, scales };
        let products = match_target! {
            "x86_64+avx512f+avx512bw" => x86::row_512(row, each),
            "x86_64+avx2+fma" => x86::row_256(row, each),
            _ => multiply_row(row, each),
        };
        for (vector, product) in products.into_iter().enumerate() {
            out[vector * rows + index] += product * vectors.scales[vector];
        }
    }
}

/// The products of a row of blocks with `N` vectors, for any processor.
#[inline(always)]
fn multiply_row<const N: usize>(row: Row<'_>, vectors: [&[Block<i16>]; N]) -> [f32; N] {
    let mut sums = [0.0; N];
    for (at, (values, scale)) in row.values.iter().zip(row.scales).enumerate() {
        for (sum, vector) in sums.iter_mut().zip(&vectors) {
            let products = values.iter().zip(&vector[at]);
            let products = products.map(|(a, b)| i32::from(*a) * i32::from(*b));
            #[expect(clippy::cast_precision_loss, reason = "of 31 bits, 24 are enough")]
            let product = products.sum::<i32>() as f32;
            *sum += product * scale;
        }
    }
    sums
}

/// The sum of all lanes, halves first.
#[inline(always)]
fn sum(lanes: &[f32; LANES]) -> f32 {
    let mut lanes = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// The weighted sum of rows of [`STRIPE`] whole numbers, each row with a scale: `out[c]` is the sum
/// of `weights[r]` times number `c` of row `r`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn weigh_blocks(
    rows: &[[i8; STRIPE]],
    scales: &[f32],
    weights: &[f32],
    out: &mut [f32; STRIPE],
) {
    let fused = target_cfg_f!(any(target_feature = "fma", target_feature = "neon"));
    let mut sums = [0.0_f32; STRIPE];
    for ((values, scale), weight) in rows.iter().zip(scales).zip(weights) {
        let weight = weight * scale;
        for column in 0..STRIPE {
            sums[column] = multiply_add(fused, f32::from(values[column]), weight, sums[column]);
        }
    }
    *out = sums;
}

/// The same for numbers as they are; a row begins every `stride` numbers.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn weigh(rows: &[f32], stride: usize, weights: &[f32], out: &mut [f32; STRIPE]) {
    let fused = target_cfg_f!(any(target_feature = "fma", target_feature = "neon"));
    let mut sums = [0.0_f32; STRIPE];
    for (row, weight) in weights.iter().enumerate() {
        let Some((values, _)) = rows[row * stride..].split_first_chunk::<STRIPE>() else { return };
        for column in 0..STRIPE {
            sums[column] = multiply_add(fused, values[column], *weight, sums[column]);
        }
    }
    *out = sums;
}

/// Turns whole numbers and their scales, one for `block` of them, into numbers.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn expand(values: &[i8], scales: &[f32], block: usize, out: &mut [f32]) {
    let blocks = values.chunks_exact(block).zip(scales).zip(out.chunks_exact_mut(block));
    for ((values, scale), out) in blocks {
        for (value, out) in values.iter().zip(out) {
            *out = f32::from(*value) * scale;
        }
    }
}

/// Turns numbers into whole numbers of 8 bits, and appends them and the scale of each `block`.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
pub fn compact(numbers: &[f32], block: usize, values: &mut Vec<i8>, scales: &mut Vec<f32>) {
    for numbers in numbers.chunks_exact(block) {
        let scale = widest(numbers) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        scales.push(scale);
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 after scaling")]
        let whole = |number: &f32| (number * inverse + ROUNDING).to_bits() as u8;
        values.extend(numbers.iter().map(|number| whole(number).cast_signed()));
    }
}

/// Added to a small number, it leaves no room for a fraction: the sum's last bits are the nearest
/// whole number. 1.5 times 2 to the power of 23.
const ROUNDING: f32 = 12_582_912.0;

/// The exponential function within 2 units of the last place, for numbers that are not above 88:
/// powers of two times a polynomial (Cephes, `expf`).
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "as published")]
fn exponential(number: f32) -> f32 {
    let number = if number > -87.0 { number } else { -87.0 };
    let rounded = number * std::f32::consts::LOG2_E + ROUNDING;
    let power = rounded - ROUNDING;
    let rest = (number - power * 0.693_359_375) + power * 2.121_944_4e-4;
    let mut value = 1.987_569_15e-4;
    for factor in
        [1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_55e-1, 5.000_000_1e-1]
    {
        value = value * rest + factor;
    }
    let value = value * rest * rest + rest + 1.0;
    // The exponent of a float, biased by 127, is above its 23 bits of mantissa.
    value * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}

/// Replaces numbers by their exponentials, less `by` before. Returns their sum.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn exponentials(numbers: &mut [f32], by: f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = numbers.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            chunk[lane] = exponential(chunk[lane] - by);
            sums[lane] += chunk[lane];
        }
    }
    for (number, sum) in rest.iter_mut().zip(&mut sums) {
        *number = exponential(*number - by);
        *sum += *number;
    }
    sum(&sums)
}

/// The largest number; minus infinity of none.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn largest(numbers: &[f32]) -> f32 {
    let mut best = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            best[lane] = if chunk[lane] > best[lane] { chunk[lane] } else { best[lane] };
        }
    }
    best.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Probabilities of a row of scores, in place.
pub fn softmax(scores: &mut [f32]) {
    let sum = exponentials_from_largest(scores);
    scale(scores, 1.0 / sum);
}

fn exponentials_from_largest(scores: &mut [f32]) -> f32 {
    let by = largest(scores);
    exponentials(scores, by)
}

/// Multiplies all numbers by one.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
pub fn scale(numbers: &mut [f32], by: f32) {
    for number in numbers {
        *number *= by;
    }
}

/// Adds numbers to others.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
pub fn add(numbers: &mut [f32], others: &[f32]) {
    for (number, other) in numbers.iter_mut().zip(others) {
        *number += other;
    }
}

/// The Gaussian error linear unit, in place, by its approximation with a hyperbolic tangent
/// (Hendrycks and Gimpel 2016, arXiv:1606.08415), as whisper.cpp has it.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn gelu(numbers: &mut [f32]) {
    for number in numbers {
        let x = *number;
        let inner = 1.595_769_1 * (x + 0.044_715 * x * x * x);
        let inner = if inner > -80.0 { inner } else { -80.0 };
        *number = x / (1.0 + exponential(-inner));
    }
}

/// Gives a row a mean of 0 and a variance of 1, times `weight`, plus `bias` (layer normalisation,
/// arXiv:1607.06450).
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn normalise(row: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
    #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
    let count = row.len() as f32;
    let mut sums = [0.0; LANES];
    for chunk in row.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            sums[lane] += chunk[lane];
        }
    }
    let mean = sum(&sums) / count;
    let mut squares = [0.0; LANES];
    for chunk in row.as_chunks::<LANES>().0 {
        for lane in 0..LANES {
            let distance = chunk[lane] - mean;
            squares[lane] += distance * distance;
        }
    }
    let factor = 1.0 / (sum(&squares) / count + 1e-5).sqrt();
    for (((number, weight), bias), out) in row.iter().zip(weight).zip(bias).zip(out) {
        *out = (number - mean) * factor * weight + bias;
    }
}
