//! The inner loops, in as many versions as there are kinds of processors worth one. The fitting
//! version is found at run time, so that one binary runs everywhere.
//!
//! Loops go over arrays of a fixed length, which the compiler turns into vector instructions. Each
//! sum is added up in one order whatever is computed beside it: the same sound gives the same text.

#![expect(
    clippy::inline_always,
    reason = "what is called for each number has its caller's instructions only as a part of it"
)]

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

pub use self::blocks::{Block, Blocks, MOST_VECTORS, Vectors, compact, expand, multiply};

mod blocks;
pub mod tiles;
pub mod weights;
#[cfg(target_arch = "x86_64")]
mod x86;

/// Numbers of a row that share a scale (`QK8_0` of ggml).
pub const BLOCK: usize = 32;

/// Numbers that are summed side by side.
const LANES: usize = 16;

/// Numbers of a row that [`weigh`] and [`weigh_blocks`] sum up, and of an attention's head.
pub const STRIPE: usize = 64;

/// `a * b + c`; `fused` if the processor has one instruction for it. Elsewhere it would be a call.
#[inline(always)]
fn multiply_add(fused: bool, a: f32, b: f32, c: f32) -> f32 {
    if fused { a.mul_add(b, c) } else { a * b + c }
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
    for factor in [1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_55e-1, 5.000_000_1e-1]
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
        let inner = 1.595_769_2 * (x + 0.044_715 * x * x * x);
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exponentials_are_right_to_the_last_places() {
        let mut numbers: Vec<f32> = (-800_i16..=800).map(|n| f32::from(n) / 10.0).collect();
        let right: Vec<f64> = numbers.iter().map(|n| f64::from(*n - 2.0).exp()).collect();
        let sum = f64::from(exponentials(&mut numbers, 2.0));
        for (found, right) in numbers.iter().zip(&right) {
            assert!((f64::from(*found) / right - 1.0).abs() < 2e-7, "{found} {right}");
        }
        assert!((sum / right.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let mut none = [f32::NEG_INFINITY, 0.0];
        softmax(&mut none);
        assert!(none[0] < 1e-37 && none[1] > 0.999_999, "{none:?}");
    }

    #[test]
    fn rows_are_normalised() {
        let row: Vec<f32> = (0_u8..64).map(|n| f32::from(n % 7)).collect();
        let mut out = vec![0.0; 64];
        normalise(&row, &[2.0; 64], &[1.0; 64], &mut out);
        let mean = row.iter().sum::<f32>() / 64.0;
        let variance = row.iter().map(|n| (n - mean).powi(2)).sum::<f32>() / 64.0;
        for (found, number) in out.iter().zip(&row) {
            let right = (number - mean) / variance.sqrt() * 2.0 + 1.0;
            assert!((found - right).abs() < 1e-4, "{found} {right}");
        }
    }

    #[test]
    fn the_unit_is_the_published_one() {
        let mut numbers = [-100.0, -1.0, 0.0, 0.5, 3.0, 100.0];
        gelu(&mut numbers);
        // By the formula, in double precision.
        let right = [0.0, -0.158_808, 0.0, 0.345_714, 2.996_363, 100.0];
        for (found, right) in numbers.iter().zip(right) {
            assert!((found - right).abs() < 1e-5, "{found} {right}");
        }
    }
}
