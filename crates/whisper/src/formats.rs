//! ggml's tensor formats: floats, or blocks of integers with a scale (`block_q4_0` and so on in
//! `ggml-common.h`). All become 8-bit blocks with a scale: formats that have only a scale keep their
//! exact numbers, others are quantized.

use half::f16;
use half::slice::HalfFloatSliceExt;

use self::k_quants::half;
use crate::kernels::blocks;
use crate::kernels::layout::{BLOCK, Blocks};

mod k_quants;

/// A tensor in 8-bit blocks of [`BLOCK`].
#[derive(Default)]
pub struct Q8Tensor {
    /// `[numbers]`.
    pub values: Vec<i8>,
    /// `[numbers / BLOCK]`.
    pub scales: Vec<f32>,
}

impl Q8Tensor {
    /// An empty tensor with capacity for `count` numbers.
    pub fn with_capacity(count: usize) -> Self {
        let (values, scales) = (Vec::with_capacity(count), Vec::with_capacity(count / BLOCK));
        Self { values, scales }
    }

    /// Quantizes and appends numbers, a multiple of [`BLOCK`] of them.
    fn quantize(&mut self, numbers: &[f32]) {
        blocks::quantize(numbers, BLOCK, &mut self.values, &mut self.scales);
    }

    /// As a matrix of `columns` columns.
    pub fn blocks(&self, columns: usize) -> Blocks<'_> {
        let values = self.values.as_chunks().0;
        Blocks { values, scales: &self.scales, length: columns / BLOCK }
    }

    /// A row of that matrix, dequantized.
    pub fn row(&self, row: usize, columns: usize) -> Vec<f32> {
        let mut out = vec![0.0; columns];
        let (at, block) = (row * columns, row * columns / BLOCK);
        blocks::dequantize(&self.values[at..], &self.scales[block..], BLOCK, &mut out);
        out
    }

    /// All numbers, dequantized.
    pub fn dequantize(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.values.len()];
        blocks::dequantize(&self.values, &self.scales, BLOCK, &mut out);
        out
    }
}

/// `ggml_type` of the formats.
const F32: usize = 0;
const F16: usize = 1;
const Q4_0: usize = 2;
const Q4_1: usize = 3;
const Q5_0: usize = 6;
const Q5_1: usize = 7;
const Q8_0: usize = 8;

/// `ggml_ftype` of files with supported formats: 32 and 16 bits, blocks, K-quants.
const FILES: [usize; 12] = [0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14];

/// The quantization version, times this, is added to the file type (`GGML_QNT_VERSION_FACTOR`).
const VERSION_FACTOR: usize = 1000;

/// Whether all formats in files of this type are supported.
pub fn is_supported(file_type: usize) -> bool {
    FILES.contains(&(file_type % VERSION_FACTOR))
}

/// Bytes of `count` numbers; `None` if the format is unknown or `count` is not a multiple of its block.
pub fn size(kind: usize, count: usize) -> Option<usize> {
    match kind {
        F32 => Some(4 * count),
        F16 => Some(2 * count),
        _ => {
            let (numbers, bytes) = block(kind)?;
            count.is_multiple_of(numbers).then_some(count / numbers * bytes)
        }
    }
}

/// Numbers and bytes of a block. A block is a 16-bit scale, a 16-bit minimum in some formats, the fifth
/// bits in some, and the values; or a K-quant.
fn block(kind: usize) -> Option<(usize, usize)> {
    match kind {
        Q4_0 => Some((BLOCK, 2 + BLOCK / 2)),
        Q4_1 => Some((BLOCK, 4 + BLOCK / 2)),
        Q5_0 => Some((BLOCK, 2 + 4 + BLOCK / 2)),
        Q5_1 => Some((BLOCK, 4 + 4 + BLOCK / 2)),
        Q8_0 => Some((BLOCK, 2 + BLOCK)),
        _ => Some((k_quants::BLOCK, k_quants::block_size(kind)?)),
    }
}

/// The numbers of a float format; `None` for the others.
pub fn floats(kind: usize, bytes: &[u8]) -> Option<Vec<f32>> {
    match kind {
        F32 => Some(singles(bytes)),
        F16 => Some(halves(bytes)),
        _ => None,
    }
}

/// Appends whole blocks of any format; `None` if the format is unknown.
pub fn append(kind: usize, bytes: &[u8], tensor: &mut Q8Tensor) -> Option<()> {
    if let Some(numbers) = floats(kind, bytes) {
        tensor.quantize(&numbers);
        return Some(());
    }
    let (_, size) = block(kind)?;
    let blocks = bytes.chunks_exact(size);
    match kind {
        Q8_0 => scaled(blocks, tensor, |block, values| {
            values.extend(block.iter().map(|byte| byte.cast_signed()));
        }),
        Q4_0 => scaled(blocks, tensor, |block, values| {
            values.extend(nibbles(block).map(|nibble| nibble.cast_signed() - 8));
        }),
        Q5_0 => scaled(blocks, tensor, |block, values| {
            values.extend(five_bits(block).map(|value| value.cast_signed() - 16));
        }),
        Q4_1 => tensor.quantize(&with_minimum(blocks, |block| nibbles(block).collect())),
        Q5_1 => tensor.quantize(&with_minimum(blocks, |block| five_bits(block).collect())),
        _ => {
            for block in blocks {
                tensor.quantize(&k_quants::numbers(kind, block)?);
            }
        }
    }
    Some(())
}

/// Appends blocks of a scale and integers, which `append` unpacks.
fn scaled<'a>(
    blocks: impl Iterator<Item = &'a [u8]>,
    tensor: &mut Q8Tensor,
    append: impl Fn(&[u8], &mut Vec<i8>),
) {
    for block in blocks {
        tensor.scales.push(half(block));
        append(&block[2..], &mut tensor.values);
    }
}

/// The numbers of blocks of a scale, a minimum, and integers above it, which `read` unpacks.
fn with_minimum<'a>(
    blocks: impl Iterator<Item = &'a [u8]>,
    read: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<f32> {
    let mut numbers = Vec::new();
    for block in blocks {
        let (scale, minimum) = (half(block), half(&block[2..]));
        numbers
            .extend(read(&block[4..]).into_iter().map(|value| f32::from(value) * scale + minimum));
    }
    numbers
}

/// The low nibbles of all bytes, then the high ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte & 0xf).chain(bytes.iter().map(|byte| byte >> 4))
}

/// The same with a fifth bit each; these bits come first.
fn five_bits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let (fifth, rest) = bytes.split_at(BLOCK / 8);
    nibbles(rest).enumerate().map(|(at, nibble)| nibble | (((fifth[at / 8] >> (at % 8)) & 1) << 4))
}

/// Little-endian numbers of 32 bits.
pub fn singles(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks().0.iter().map(|bytes| f32::from_le_bytes(*bytes)).collect()
}

fn halves(bytes: &[u8]) -> Vec<f32> {
    let halves: Vec<f16> = bytes.as_chunks().0.iter().map(|b| f16::from_le_bytes(*b)).collect();
    let mut numbers = vec![0.0; halves.len()];
    halves.convert_to_f32_slice(&mut numbers);
    numbers
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A block with a scale of 0.5 and these first bytes, dequantized. The tests compare numbers worked
    /// out by hand from ggml's `dequantize_row_*`.
    fn read(kind: usize, head: &[u8]) -> Vec<f32> {
        let scale = f16::from_f32(0.5).to_le_bytes();
        let mut block = [&scale, head].concat();
        block.resize(size(kind, BLOCK).unwrap(), 0);
        let mut tensor = Q8Tensor::default();
        append(kind, &block, &mut tensor).unwrap();
        tensor.dequantize()
    }

    #[test]
    fn blocks_of_every_format_are_read() {
        assert_eq!(read(Q8_0, &[3, 0xff])[..3], [1.5, -0.5, 0.0]);
        let four = read(Q4_0, &[0x1f, 0x08]);
        assert_eq!((four[0], four[1], four[16], four[17]), (3.5, 0.0, -3.5, -4.0));
        let five = read(Q5_0, &[0b01, 0, 0b01, 0, 0x1f, 0x00]);
        assert_eq!((five[0], five[1], five[16], five[17]), (7.5, -8.0, 0.5, -8.0));
        let minimum = f16::from_f32(-1.0).to_le_bytes();
        let close = |found: f32, right: f32| (found - right).abs() < 0.05;
        let four = read(Q4_1, &[&minimum[..], &[0x1f, 0x02]].concat());
        assert!(close(four[0], 6.5) && close(four[1], 0.0) && close(four[16], -0.5));
        let five = read(Q5_1, &[&minimum[..], &[0b01, 0, 0, 0, 0x1f]].concat());
        assert!(close(five[0], 14.5) && close(five[1], -1.0) && close(five[16], -0.5));
    }

    #[test]
    fn float_formats_are_read() {
        assert_eq!(floats(F16, &f16::from_f32(0.25).to_le_bytes()), Some(vec![0.25]));
        assert_eq!((floats(Q8_0, &[]), append(99, &[], &mut Q8Tensor::default())), (None, None));
        assert_eq!((size(F32, 3), size(Q8_0, 33), size(99, 32)), (Some(12), None, None));
        assert!(is_supported(2007) && is_supported(1) && is_supported(2012) && !is_supported(15));
    }
}
