//! Matrices of 8-bit blocks that share a scale (`Q8_0` in ggml), and their products with a few vectors.

#![expect(
    clippy::inline_always,
    reason = "a function has its caller's instruction set only if it is inlined"
)]

use multiversion::multiversion;
use multiversion::target::match_target;

use super::layout::{BLOCK, Block, Blocks, Row};
use super::scalar::{ROUNDING, abs_max};
#[cfg(target_arch = "x86_64")]
use super::x86;

/// Vectors that [`multiply`] takes at most.
pub const MAX_VECTORS: usize = 4;

/// Up to [`MAX_VECTORS`] vectors in 16 bits, each with a scale; more precision does not change texts.
pub struct Vectors {
    /// `[vectors, columns / BLOCK]` blocks.
    values: Vec<Block<i16>>,
    /// `[vectors]`.
    scales: Vec<f32>,
}

impl Vectors {
    /// Quantizes `[vectors, columns]`; `columns` is a multiple of [`BLOCK`].
    pub fn new(numbers: &[f32], columns: usize) -> Self {
        assert!(columns.is_multiple_of(BLOCK) && numbers.len() <= MAX_VECTORS * columns);
        let mut values = vec![[0; BLOCK]; numbers.len() / BLOCK];
        let rows = numbers.chunks_exact(columns).zip(values.chunks_exact_mut(columns / BLOCK));
        let scales = rows.map(|(from, to)| quantize_i16(from, to)).collect();
        Self { values, scales }
    }
}

/// Quantizes a vector to 16 bits. Returns the scale.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
fn quantize_i16(numbers: &[f32], out: &mut [Block<i16>]) -> f32 {
    let scale = abs_max(numbers) / 32_767.0;
    let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
    for (from, to) in numbers.iter().zip(out.as_flattened_mut()) {
        #[expect(clippy::cast_possible_truncation, reason = "at most 32767 after scaling")]
        let quantized = (from * inverse + ROUNDING).to_bits() as u16;
        *to = quantized.cast_signed();
    }
    scale
}

/// Adds the products of a matrix's rows and the vectors to `out`: `[vectors, rows]`.
pub fn multiply(matrix: Blocks<'_>, vectors: &Vectors, out: &mut [f32]) {
    let Blocks { values, scales, length } = matrix;
    let count = vectors.scales.len();
    assert_eq!(values.len(), scales.len());
    assert_eq!(vectors.values.len(), count * length);
    assert_eq!(out.len() * length, values.len() * count);
    match count {
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

/// The products of a row with `N` vectors, on any processor.
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

/// Writes `values * scale` to `out`; each `block` of values shares a scale.
#[multiversion(targets(
    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma",
    "x86_64+avx2+fma",
    "aarch64+neon"
))]
pub fn dequantize(values: &[i8], scales: &[f32], block: usize, out: &mut [f32]) {
    let blocks = values.chunks_exact(block).zip(scales).zip(out.chunks_exact_mut(block));
    for ((values, scale), out) in blocks {
        for (value, out) in values.iter().zip(out) {
            *out = f32::from(*value) * scale;
        }
    }
}

/// Quantizes numbers to 8 bits, and appends the values, and a scale for each `block` of them.
#[multiversion(targets("x86_64+avx2+fma", "aarch64+neon"))]
pub fn quantize(numbers: &[f32], block: usize, values: &mut Vec<i8>, scales: &mut Vec<f32>) {
    for numbers in numbers.chunks_exact(block) {
        let scale = abs_max(numbers) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        scales.push(scale);
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 after scaling")]
        let quantized = |number: &f32| (number * inverse + ROUNDING).to_bits() as u8;
        values.extend(numbers.iter().map(|number| quantized(number).cast_signed()));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn products_do_not_depend_on_the_batch() {
        let (rows, columns) = (5, 96);
        let mut random = fastrand::Rng::with_seed(1);
        let mut numbers = |count| (0..count).map(|_| random.f32() - 0.5).collect::<Vec<f32>>();
        let (matrix, vectors) = (numbers(rows * columns), numbers(MAX_VECTORS * columns));
        let (mut values, mut scales) = (Vec::new(), Vec::new());
        quantize(&matrix, BLOCK, &mut values, &mut scales);
        let mut matrix = vec![0.0; matrix.len()];
        dequantize(&values, &scales, BLOCK, &mut matrix);
        let blocks =
            Blocks { values: values.as_chunks().0, scales: &scales, length: columns / BLOCK };

        let mut alone = Vec::new();
        for count in 1..=MAX_VECTORS {
            let mut out = vec![1.0; count * rows];
            multiply(blocks, &Vectors::new(&vectors[..count * columns], columns), &mut out);
            for (at, found) in out.iter().enumerate() {
                let (row, vector) = (at % rows * columns, at / rows * columns);
                let pairs = matrix[row..row + columns].iter().zip(&vectors[vector..]);
                let right = 1.0 + pairs.map(|(a, b)| a * b).sum::<f32>();
                assert!((found - right).abs() < 1e-3, "{count}: {found} {right}");
            }
            alone.extend(out.split_off((count - 1) * rows));
            assert_eq!(out, alone[..out.len()]);
        }
    }
}
