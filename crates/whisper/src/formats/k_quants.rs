//! ggml's K-quants: blocks of 256 numbers of 2 to 6 bits. Each group of 16 or 32 numbers has a scale, and
//! in some formats a minimum; both are small integers with a common factor for the block (`block_q2_K`
//! to `block_q6_K` in `ggml-common.h`, `dequantize_row_q2_K` to `_q6_K` in `ggml-quants.c`).

use std::array;

use half::f16;

/// Numbers per block (`QK_K`).
pub const BLOCK: usize = 256;

/// `ggml_type` of the formats.
const Q2_K: usize = 10;
const Q3_K: usize = 11;
const Q4_K: usize = 12;
const Q5_K: usize = 13;
const Q6_K: usize = 14;

/// Bytes of packed 6-bit scales: 16 of them, or eight and as many minimums.
const SCALES: usize = 12;

/// Bytes per block; `None` if the format is not a K-quant.
pub fn block_size(kind: usize) -> Option<usize> {
    match kind {
        Q2_K => Some(BLOCK / 16 + BLOCK / 4 + 2 + 2),
        Q3_K => Some(BLOCK / 8 + BLOCK / 4 + SCALES + 2),
        Q4_K => Some(2 + 2 + SCALES + BLOCK / 2),
        Q5_K => Some(2 + 2 + SCALES + BLOCK / 8 + BLOCK / 2),
        Q6_K => Some(BLOCK / 2 + BLOCK / 4 + BLOCK / 16 + 2),
        _ => None,
    }
}

/// The numbers of a block of [`block_size`] bytes; `None` if the format is not a K-quant.
pub fn numbers(kind: usize, block: &[u8]) -> Option<[f32; BLOCK]> {
    match kind {
        Q2_K => Some(two(block)),
        Q3_K => Some(three(block)),
        Q4_K => Some(four(block)),
        Q5_K => Some(five(block)),
        Q6_K => Some(six(block)),
        _ => None,
    }
}

fn two(block: &[u8]) -> [f32; BLOCK] {
    let (scales, rest) = block.split_at(BLOCK / 16);
    let (low, factors) = rest.split_at(BLOCK / 4);
    let (factor, minimum_factor) = (half(factors), half(&factors[2..]));
    array::from_fn(|at| {
        let (scale, minimum) = (f32::from(scales[at / 16] & 0xf), f32::from(scales[at / 16] >> 4));
        factor * scale * f32::from(pair(low, at)) - minimum_factor * minimum
    })
}

fn three(block: &[u8]) -> [f32; BLOCK] {
    let (high, rest) = block.split_at(BLOCK / 8);
    let (low, rest) = rest.split_at(BLOCK / 4);
    let (scales, factor) = rest.split_at(SCALES);
    let factor = half(factor);
    array::from_fn(|at| {
        let value = pair(low, at) | (bit(high, at) << 2);
        let group = at / 16;
        let low_bits = (scales[group % 8] >> (group / 8 * 4)) & 0xf;
        let high_bits = (scales[8 + group % 4] >> (group / 4 * 2)) & 3;
        factor * (f32::from(low_bits | (high_bits << 4)) - 32.0) * (f32::from(value) - 4.0)
    })
}

fn four(block: &[u8]) -> [f32; BLOCK] {
    let (head, values) = block.split_at(2 + 2 + SCALES);
    scaled(head, |at| nibble(values, at, 32))
}

fn five(block: &[u8]) -> [f32; BLOCK] {
    let (head, rest) = block.split_at(2 + 2 + SCALES);
    let (high, values) = rest.split_at(BLOCK / 8);
    scaled(head, |at| nibble(values, at, 32) | (bit(high, at) << 4))
}

/// The numbers of groups of 32 with a 6-bit scale and a 6-bit minimum.
fn scaled(head: &[u8], value: impl Fn(usize) -> u8) -> [f32; BLOCK] {
    let (factor, minimum_factor, packed) = (half(head), half(&head[2..]), &head[4..]);
    let scales: [(f32, f32); BLOCK / 32] = array::from_fn(|group| {
        let (scale, minimum) = if group < 4 {
            (packed[group] & 63, packed[group + 4] & 63)
        } else {
            let (scale, minimum) = (packed[group - 4] >> 6, packed[group] >> 6);
            let both = packed[group + 4];
            ((both & 0xf) | (scale << 4), (both >> 4) | (minimum << 4))
        };
        (factor * f32::from(scale), minimum_factor * f32::from(minimum))
    });
    array::from_fn(|at| {
        let (scale, minimum) = scales[at / 32];
        scale * f32::from(value(at)) - minimum
    })
}

fn six(block: &[u8]) -> [f32; BLOCK] {
    let (low, rest) = block.split_at(BLOCK / 2);
    let (high, rest) = rest.split_at(BLOCK / 4);
    let (scales, factor) = rest.split_at(BLOCK / 16);
    let factor = half(factor);
    array::from_fn(|at| {
        let value = nibble(low, at, 64) | (pair(high, at) << 4);
        factor * f32::from(scales[at / 16].cast_signed()) * (f32::from(value) - 32.0)
    })
}

/// A little-endian number of 16 bits.
pub fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// Nibble `at`; runs of `run` bytes hold the low nibbles of all, then the high ones.
fn nibble(bytes: &[u8], at: usize, run: usize) -> u8 {
    (bytes[at / (2 * run) * run + at % run] >> (at / run % 2 * 4)) & 0xf
}

/// Two bits; runs of 32 bytes hold the lowest two of all, then the next two.
fn pair(bytes: &[u8], at: usize) -> u8 {
    (bytes[at / 128 * 32 + at % 32] >> (at / 32 % 4 * 2)) & 3
}

/// One bit; 32 bytes hold the lowest of all, then the next.
fn bit(bytes: &[u8], at: usize) -> u8 {
    (bytes[at % 32] >> (at / 32)) & 1
}

#[cfg(test)]
mod tests {
    use whisper_rs_sys::{ggml_get_type_traits, ggml_quantize_chunk, ggml_quantize_init};

    use super::*;

    /// Numbers quantized by ggml, and dequantized again by it.
    #[expect(unsafe_code, reason = "ggml is a C library")]
    fn by_ggml(kind: usize, numbers: &[f32]) -> (Vec<u8>, Vec<f32>) {
        let kind_of_ggml = u32::try_from(kind).unwrap();
        let count = i64::try_from(numbers.len()).unwrap();
        let mut bytes = vec![0; numbers.len() / BLOCK * block_size(kind).unwrap()];
        let mut again = vec![0.0; numbers.len()];
        // SAFETY: the block sizes that ggml reports equal those the buffers were made for; these formats
        // need no importance matrix.
        unsafe {
            let traits = *ggml_get_type_traits(kind_of_ggml);
            assert_eq!(usize::try_from(traits.blck_size).unwrap(), BLOCK);
            assert_eq!(Some(traits.type_size), block_size(kind));
            ggml_quantize_init(kind_of_ggml);
            let (from, to) = (numbers.as_ptr(), bytes.as_mut_ptr().cast());
            let size = ggml_quantize_chunk(kind_of_ggml, from, to, 0, 1, count, std::ptr::null());
            assert_eq!(size, bytes.len());
            traits.to_float.unwrap()(bytes.as_ptr().cast(), again.as_mut_ptr(), count);
        }
        (bytes, again)
    }

    #[test]
    fn blocks_are_dequantized_as_by_ggml() {
        let mut random = fastrand::Rng::with_seed(4);
        let mut numbers: Vec<f32> = (0..8 * BLOCK).map(|_| random.f32() - 0.5).collect();
        numbers[BLOCK..2 * BLOCK].fill(0.0);
        numbers[2 * BLOCK..3 * BLOCK].iter_mut().for_each(|number| *number = number.abs() * 100.0);
        numbers[3 * BLOCK..4 * BLOCK].iter_mut().for_each(|number| *number -= 3.0);
        for kind in [Q2_K, Q3_K, Q4_K, Q5_K, Q6_K] {
            let (bytes, right) = by_ggml(kind, &numbers);
            let blocks = bytes.chunks(block_size(kind).unwrap());
            let found: Vec<f32> =
                blocks.flat_map(|block| super::numbers(kind, block).unwrap()).collect();
            assert_eq!(found.len(), right.len());
            for (at, (found, right)) in found.iter().zip(&right).enumerate() {
                let close = (found - right).abs() <= right.abs() * 1e-5;
                assert!(close, "kind {kind}, number {at}: {found}, not {right}");
            }
            assert!(right.iter().any(|number| *number > 10.0), "kind {kind}");
        }
        assert_eq!((block_size(8), super::numbers(8, &[])), (None, None));
    }
}
