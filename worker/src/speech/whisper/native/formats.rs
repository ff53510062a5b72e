//! The ways in which ggml stores the numbers of a tensor: as they are, or in blocks of whole numbers
//! with a scale (`block_q4_0` and so on in `ggml-common.h`). All become blocks of 8 bits: those with a scale
//! alone hold the same numbers then, others are rounded.

use half::f16;
use half::slice::HalfFloatSliceExt;

use super::kernels::{self, BLOCK, Blocks};

mod k_quants;

/// Whole numbers in blocks of [`BLOCK`].
#[derive(Default)]
pub struct Stored {
    /// In order.
    pub values: Vec<i8>,
    /// One for each block.
    pub scales: Vec<f32>,
}

impl Stored {
    /// Nothing yet, with room for so many numbers.
    pub fn with_room_for(count: usize) -> Self {
        let (values, scales) = (Vec::with_capacity(count), Vec::with_capacity(count / BLOCK));
        Self { values, scales }
    }

    /// Appends numbers, as many as fill blocks, rounded.
    fn compact(&mut self, numbers: &[f32]) {
        kernels::compact(numbers, BLOCK, &mut self.values, &mut self.scales);
    }

    /// As a matrix with so many columns.
    pub fn blocks(&self, columns: usize) -> Blocks<'_> {
        let values = self.values.as_chunks().0;
        Blocks { values, scales: &self.scales, length: columns / BLOCK }
    }

    /// A row of that matrix.
    pub fn row(&self, row: usize, columns: usize) -> Vec<f32> {
        let mut out = vec![0.0; columns];
        let (at, block) = (row * columns, row * columns / BLOCK);
        kernels::expand(&self.values[at..], &self.scales[block..], BLOCK, &mut out);
        out
    }

    /// The numbers that the blocks stand for.
    pub fn plain(&self) -> Vec<f32> {
        let mut out = vec![0.0; self.values.len()];
        kernels::expand(&self.values, &self.scales, BLOCK, &mut out);
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

/// `ggml_ftype` of the files whose tensors have formats known here: all plain, of 16 bits, blocks, and
/// K-quants.
const FILES: [usize; 12] = [0, 1, 2, 3, 7, 8, 9, 10, 11, 12, 13, 14];

/// The versions of ggml's formats are told by thousands (`GGML_QNT_VERSION_FACTOR`).
const VERSION_FACTOR: usize = 1000;

/// Whether files of this kind have only formats that are known here.
pub fn is_known(file_type: usize) -> bool {
    FILES.contains(&(file_type % VERSION_FACTOR))
}

/// Bytes of `count` numbers; `None` if the format is unknown or does not hold that many.
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

/// Numbers of a block and its bytes, which are a scale of 16 bits, the least number where there is one, the
/// fifth bits, and the rest, or those of a K-quant.
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

/// The numbers that bytes stand for; `None` if they are not stored as they are.
pub fn plain(kind: usize, bytes: &[u8]) -> Option<Vec<f32>> {
    match kind {
        F32 => Some(singles(bytes)),
        F16 => Some(halves(bytes)),
        _ => None,
    }
}

/// Appends the numbers that bytes stand for, as many as fill blocks; `None` if the format is unknown.
pub fn append(kind: usize, bytes: &[u8], stored: &mut Stored) -> Option<()> {
    if let Some(numbers) = plain(kind, bytes) {
        stored.compact(&numbers);
        return Some(());
    }
    let (_, size) = block(kind)?;
    let blocks = bytes.chunks_exact(size);
    match kind {
        Q8_0 => whole(blocks, stored, |block, values| {
            values.extend(block.iter().map(|byte| byte.cast_signed()));
        }),
        Q4_0 => whole(blocks, stored, |block, values| {
            values.extend(nibbles(block).map(|nibble| nibble.cast_signed() - 8));
        }),
        Q5_0 => whole(blocks, stored, |block, values| {
            values.extend(five_bits(block).map(|value| value.cast_signed() - 16));
        }),
        Q4_1 => stored.compact(&above_least(blocks, |block| nibbles(block).collect())),
        Q5_1 => stored.compact(&above_least(blocks, |block| five_bits(block).collect())),
        _ => {
            for block in blocks {
                stored.compact(&k_quants::numbers(kind, block)?);
            }
        }
    }
    Some(())
}

/// Appends blocks of a scale and whole numbers, which `append` reads.
fn whole<'a>(
    blocks: impl Iterator<Item = &'a [u8]>,
    stored: &mut Stored,
    append: impl Fn(&[u8], &mut Vec<i8>),
) {
    for block in blocks {
        stored.scales.push(half(block));
        append(&block[2..], &mut stored.values);
    }
}

/// Blocks of a scale, the least number, and whole numbers above it, which `read` reads.
fn above_least<'a>(
    blocks: impl Iterator<Item = &'a [u8]>,
    read: impl Fn(&[u8]) -> Vec<u8>,
) -> Vec<f32> {
    let mut numbers = Vec::new();
    for block in blocks {
        let (scale, least) = (half(block), half(&block[2..]));
        numbers.extend(read(&block[4..]).into_iter().map(|value| f32::from(value) * scale + least));
    }
    numbers
}

/// The lower halves of bytes, then the upper ones.
fn nibbles(bytes: &[u8]) -> impl Iterator<Item = u8> {
    bytes.iter().map(|byte| byte & 0xf).chain(bytes.iter().map(|byte| byte >> 4))
}

/// The same with a fifth bit for each, which come first.
fn five_bits(bytes: &[u8]) -> impl Iterator<Item = u8> {
    let (fifth, rest) = bytes.split_at(BLOCK / 8);
    nibbles(rest).enumerate().map(|(at, nibble)| nibble | (((fifth[at / 8] >> (at % 8)) & 1) << 4))
}

fn half(bytes: &[u8]) -> f32 {
    f16::from_le_bytes([bytes[0], bytes[1]]).to_f32()
}

/// Numbers of 32 bits.
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

    /// What ggml's `dequantize_row_*` makes of these bytes, worked out by hand for the first and the
    /// last two numbers.
    fn read(kind: usize, head: &[u8]) -> Vec<f32> {
        let scale = f16::from_f32(0.5).to_le_bytes();
        let mut block = [&scale, head].concat();
        block.resize(size(kind, BLOCK).unwrap(), 0);
        let mut stored = Stored::default();
        append(kind, &block, &mut stored).unwrap();
        stored.plain()
    }

    #[test]
    fn blocks_of_every_format_are_read() {
        assert_eq!(read(Q8_0, &[3, 0xff])[..3], [1.5, -0.5, 0.0]);
        let four = read(Q4_0, &[0x1f, 0x08]);
        assert_eq!((four[0], four[1], four[16], four[17]), (3.5, 0.0, -3.5, -4.0));
        let five = read(Q5_0, &[0b01, 0, 0b01, 0, 0x1f, 0x00]);
        assert_eq!((five[0], five[1], five[16], five[17]), (7.5, -8.0, 0.5, -8.0));
        let least = f16::from_f32(-1.0).to_le_bytes();
        let close = |found: f32, right: f32| (found - right).abs() < 0.05;
        let four = read(Q4_1, &[&least[..], &[0x1f, 0x02]].concat());
        assert!(close(four[0], 6.5) && close(four[1], 0.0) && close(four[16], -0.5));
        let five = read(Q5_1, &[&least[..], &[0b01, 0, 0, 0, 0x1f]].concat());
        assert!(close(five[0], 14.5) && close(five[1], -1.0) && close(five[16], -0.5));
    }

    #[test]
    fn plain_numbers_are_read() {
        assert_eq!(plain(F16, &f16::from_f32(0.25).to_le_bytes()), Some(vec![0.25]));
        assert_eq!((plain(Q8_0, &[]), append(99, &[], &mut Stored::default())), (None, None));
        assert_eq!((size(F32, 3), size(Q8_0, 33), size(99, 32)), (Some(12), None, None));
        assert!(is_known(2007) && is_known(1) && is_known(2012) && !is_known(15));
    }
}
