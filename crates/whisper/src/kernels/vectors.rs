//! Kernels over slices of floats: softmax, GELU, layer normalisation, weighted sums.

use multiversion::multiversion;
use multiversion::target::target_cfg_f;

use super::layout::HEAD_DIM;
use super::scalar::{LANES, abs_max, exp, multiply_add, sum};

/// Whether no number is NaN or infinite.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn all_finite(numbers: &[f32]) -> bool {
    abs_max(numbers).is_finite()
}

/// The weighted sum of quantized rows (`[rows, HEAD_DIM]` with a scale for each row): `out[c]` is the
/// sum of `weights[r] * scales[r] * rows[r][c]`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn weighted_sum_q8(
    rows: &[[i8; HEAD_DIM]],
    scales: &[f32],
    weights: &[f32],
    out: &mut [f32; HEAD_DIM],
) {
    let fused = target_cfg_f!(any(target_feature = "fma", target_feature = "neon"));
    let mut sums = [0.0_f32; HEAD_DIM];
    for ((values, scale), weight) in rows.iter().zip(scales).zip(weights) {
        let weight = weight * scale;
        for column in 0..HEAD_DIM {
            sums[column] = multiply_add(fused, f32::from(values[column]), weight, sums[column]);
        }
    }
    *out = sums;
}

/// The same for floats; a row begins every `stride` numbers.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn weighted_sum(rows: &[f32], stride: usize, weights: &[f32], out: &mut [f32; HEAD_DIM]) {
    let fused = target_cfg_f!(any(target_feature = "fma", target_feature = "neon"));
    let mut sums = [0.0_f32; HEAD_DIM];
    for (row, weight) in weights.iter().enumerate() {
        let values = &rows[row * stride..][..HEAD_DIM];
        for column in 0..HEAD_DIM {
            sums[column] = multiply_add(fused, values[column], *weight, sums[column]);
        }
    }
    *out = sums;
}

/// Replaces each `x` by `exp(x - max)`. Returns the sum.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn exp_all(numbers: &mut [f32], max: f32) -> f32 {
    let mut sums = [0.0; LANES];
    let (chunks, rest) = numbers.as_chunks_mut::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            chunk[lane] = exp(chunk[lane] - max);
            sums[lane] += chunk[lane];
        }
    }
    for (number, sum) in rest.iter_mut().zip(&mut sums) {
        *number = exp(*number - max);
        *sum += *number;
    }
    sum(&sums)
}

/// The largest number; minus infinity for an empty slice.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn max(numbers: &[f32]) -> f32 {
    let mut best = [f32::NEG_INFINITY; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            best[lane] = if chunk[lane] > best[lane] { chunk[lane] } else { best[lane] };
        }
    }
    best.iter().chain(rest).copied().fold(f32::NEG_INFINITY, f32::max)
}

/// Softmax of a row of scores, in place.
pub fn softmax(scores: &mut [f32]) {
    let max = max(scores);
    let sum = exp_all(scores, max);
    scale(scores, 1.0 / sum);
}

/// Multiplies all numbers by a factor.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
pub fn scale(numbers: &mut [f32], by: f32) {
    for number in numbers {
        *number *= by;
    }
}

/// Adds `others` to `numbers`.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
pub fn add(numbers: &mut [f32], others: &[f32]) {
    for (number, other) in numbers.iter_mut().zip(others) {
        *number += other;
    }
}

/// GELU in place, in its approximation by tanh (arXiv:1606.08415), as in whisper.cpp.
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
        *number = x / (1.0 + exp(-inner));
    }
}

/// Layer normalisation of a row (arXiv:1607.06450); all slices are `[width]`.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn layer_norm(row: &[f32], weight: &[f32], bias: &[f32], out: &mut [f32]) {
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
    use super::super::blocks::quantize;
    use super::super::layout::BLOCK;
    use super::*;

    #[test]
    fn exponentials_are_accurate() {
        let mut numbers: Vec<f32> = (-800_i16..=800).map(|n| f32::from(n) / 10.0).collect();
        let right: Vec<f64> = numbers.iter().map(|n| f64::from(*n - 2.0).exp()).collect();
        let sum = f64::from(exp_all(&mut numbers, 2.0));
        for (found, right) in numbers.iter().zip(&right) {
            assert!((f64::from(*found) / right - 1.0).abs() < 2e-7, "{found} {right}");
        }
        assert!((sum / right.iter().sum::<f64>() - 1.0).abs() < 1e-6);
        let mut none = [f32::NEG_INFINITY, 0.0];
        softmax(&mut none);
        assert!(none[0] < 1e-37 && none[1] > 0.999_999, "{none:?}");
    }

    #[test]
    fn layer_norm_follows_the_formula() {
        let row: Vec<f32> = (0_u8..64).map(|n| f32::from(n % 7)).collect();
        let mut out = vec![0.0; 64];
        layer_norm(&row, &[2.0; 64], &[1.0; 64], &mut out);
        let mean = row.iter().sum::<f32>() / 64.0;
        let variance = row.iter().map(|n| (n - mean).powi(2)).sum::<f32>() / 64.0;
        for (found, number) in out.iter().zip(&row) {
            let right = (number - mean) / variance.sqrt() * 2.0 + 1.0;
            assert!((found - right).abs() < 1e-4, "{found} {right}");
        }
    }

    #[test]
    fn gelu_follows_the_formula() {
        let mut numbers = [-100.0, -1.0, 0.0, 0.5, 3.0, 100.0];
        gelu(&mut numbers);
        // In double precision.
        let right = [0.0, -0.158_808, 0.0, 0.345_714, 2.996_363, 100.0];
        for (found, right) in numbers.iter().zip(right) {
            assert!((found - right).abs() < 1e-5, "{found} {right}");
        }
    }

    #[test]
    fn nan_and_infinity_propagate() {
        for bad in [f32::NAN, f32::INFINITY, f32::NEG_INFINITY] {
            for at in [0, 5, 63, 70] {
                let mut numbers = vec![0.5; 71];
                assert!(all_finite(&numbers));
                numbers[at] = bad;
                assert!(!all_finite(&numbers) && !abs_max(&numbers).is_finite());
                let (mut values, mut scales) = (Vec::new(), Vec::new());
                quantize(&numbers[..64], BLOCK, &mut values, &mut scales);
                assert_eq!(scales.iter().all(|scale| scale.is_finite()), at >= 64);
            }
        }
        let mut scores = [1.0, f32::NAN, 2.0];
        softmax(&mut scores);
        assert!(scores.iter().all(|score| score.is_nan()));
    }
}
