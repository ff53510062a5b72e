//! The inner loops, in as many versions as there are kinds of processors worth one. The fitting
//! version is found at run time, so that one binary runs everywhere.
//!
//! Loops go over arrays of a fixed length, which the compiler turns into vector instructions. Each
//! sum is added up in one order whatever is computed beside it: the same sound gives the same text.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

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

/// A matrix of whole numbers in 8 bits, row after row, each row cut into blocks with a scale.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    /// Row after row.
    pub values: &'a [i8],
    /// One for each block.
    pub scales: &'a [f32],
    /// Length of a row, a multiple of the block's.
    pub columns: usize,
}

/// Products of the rows of a matrix in blocks of [`BLOCK`] with up to [`MOST_VECTORS`] vectors, added
/// to `out`. `vectors` has vector after vector, `out` has all products of the first vector first.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn multiply(matrix: Blocks<'_>, vectors: &[f32], out: &mut [f32]) {
    let fused = target_cfg_f!(any(target_feature = "fma", target_feature = "neon"));
    match vectors.len() / matrix.columns {
        0 => {}
        1 => multiply_by::<1>(fused, matrix, vectors, out),
        2 => multiply_by::<2>(fused, matrix, vectors, out),
        3 => multiply_by::<3>(fused, matrix, vectors, out),
        _ => multiply_by::<4>(fused, matrix, vectors, out),
    }
}

#[inline(always)]
fn multiply_by<const N: usize>(
    fused: bool,
    matrix: Blocks<'_>,
    vectors: &[f32],
    out: &mut [f32],
) {
    let columns = matrix.columns;
    let rows = out.len() / N;
    let weights = matrix.values.chunks_exact(columns).zip(matrix.scales.chunks_exact(columns / BLOCK));
    for (row, (values, scales)) in weights.enumerate().take(rows) {
        let mut sums = [[0.0_f32; LANES]; N];
        for (block, (values, scale)) in values.as_chunks::<BLOCK>().0.iter().zip(scales).enumerate() {
            let (mut low, mut high) = ([0.0; LANES], [0.0; LANES]);
            for lane in 0..LANES {
                low[lane] = f32::from(values[lane]);
                high[lane] = f32::from(values[LANES + lane]);
            }
            for (vector, sums) in sums.iter_mut().enumerate() {
                let at = vector * columns + block * BLOCK;
                let Some((numbers, _)) = vectors[at..].split_first_chunk::<BLOCK>() else { return };
                for lane in 0..LANES {
                    let first = low[lane] * numbers[lane];
                    let both = multiply_add(fused, high[lane], numbers[LANES + lane], first);
                    sums[lane] = multiply_add(fused, both, *scale, sums[lane]);
                }
            }
        }
        for (vector, sums) in sums.iter().enumerate() {
            out[vector * rows + row] += sum(sums);
        }
    }
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
        let largest = numbers.iter().fold(0.0_f32, |largest, number| {
            let size = number.abs();
            if size > largest { size } else { largest }
        });
        let scale = largest / 127.0;
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
