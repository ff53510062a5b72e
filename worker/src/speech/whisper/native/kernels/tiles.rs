//! Products of many rows of numbers with a matrix in 8 bits, all of it in whole numbers: for
//! processors with an instruction that adds up products of bytes (VNNI). Others are as fast with plain
//! numbers.

use multiversion::multiversion;
use multiversion::target::match_target;

#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{BLOCK, Blocks, ROUNDING, Row, widest};

/// Rows that are worked on side by side.
pub const TILE: usize = 16;

/// Numbers that one instruction multiplies and adds up.
const GROUP: usize = 4;

/// Rows of the matrix that are worked on at once: their sums stay in registers.
const SIDE: usize = 8;

/// A group of each row of a tile, as bytes that are 128 too large: the instruction wants them without
/// a sign.
pub type Groups = [u8; TILE * GROUP];

/// Added to a number to make it a byte without a sign.
const OFFSET: u8 = 128;

/// Whether this processor has the instruction.
pub fn are_fast() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// Rows as whole numbers of 8 bits in blocks that share a scale, [`TILE`] rows side by side.
pub struct Tiles {
    /// For each tile, block and group of the block.
    values: Vec<Groups>,
    /// For each tile and block, the scale of each row.
    scales: Vec<[f32; TILE]>,
    /// Blocks of a row.
    length: usize,
}

/// Some tiles, or one.
#[derive(Clone, Copy)]
pub struct Tile<'a> {
    /// As in [`Tiles`].
    pub values: &'a [Groups],
    /// As in [`Tiles`].
    pub scales: &'a [[f32; TILE]],
}

impl Tiles {
    /// Of numbers, row after row, `columns` each, which is a multiple of [`BLOCK`].
    pub fn new(numbers: &[f32], columns: usize) -> Self {
        let length = columns / BLOCK;
        let tiles = (numbers.len() / columns).div_ceil(TILE);
        let mut values = vec![[OFFSET; TILE * GROUP]; tiles * length * (BLOCK / GROUP)];
        let mut scales = vec![[0.0; TILE]; tiles * length];
        let each = values.chunks_exact_mut(length * (BLOCK / GROUP));
        let each = each.zip(scales.chunks_exact_mut(length));
        for (rows, (values, scales)) in numbers.chunks(columns * TILE).zip(each) {
            for (lane, row) in rows.chunks_exact(columns).enumerate() {
                fill(row, lane, values, scales);
            }
        }
        Self { values, scales, length }
    }

    /// Each tile in turn.
    fn iter(&self) -> impl Iterator<Item = Tile<'_>> {
        let values = self.values.chunks_exact(self.length * (BLOCK / GROUP));
        let each = values.zip(self.scales.chunks_exact(self.length));
        each.map(|(values, scales)| Tile { values, scales })
    }

    /// Adds the products with the rows of a matrix to `out`, which has all products of the first row
    /// first. The work is shared between threads.
    pub fn multiply(&self, matrix: Blocks<'_>, out: &mut [f32], threads: u32) {
        let columns = matrix.values.len() / self.length;
        let offsets = offsets(matrix.values);
        let tiles: Vec<_> = self.iter().zip(out.chunks_mut(TILE * columns)).collect();
        let share = tiles.len().div_ceil(threads.max(1) as usize).max(1);
        let mut tiles = tiles.into_iter();
        std::thread::scope(|scope| {
            let own: Vec<_> = tiles.by_ref().take(share).collect();
            while tiles.len() > 0 {
                let tiles: Vec<_> = tiles.by_ref().take(share).collect();
                let offsets = &offsets;
                scope.spawn(move || {
                    tiles.into_iter().for_each(|(tile, out)| multiply(tile, matrix, offsets, out));
                });
            }
            own.into_iter().for_each(|(tile, out)| multiply(tile, matrix, &offsets, out));
        });
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn fill(row: &[f32], lane: usize, values: &mut [Groups], scales: &mut [[f32; TILE]]) {
    let groups = values.as_chunks_mut::<{ BLOCK / GROUP }>().0;
    for ((numbers, groups), scales) in row.as_chunks::<BLOCK>().0.iter().zip(groups).zip(scales) {
        let scale = widest(numbers) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        #[expect(clippy::cast_possible_truncation, reason = "at most 127 after scaling")]
        let bytes = numbers.map(|n| (n * inverse + ROUNDING).to_bits() as u8 ^ OFFSET);
        scales[lane] = scale;
        for (group, bytes) in groups.iter_mut().zip(bytes.as_chunks::<GROUP>().0) {
            group.as_chunks_mut::<GROUP>().0[lane] = *bytes;
        }
    }
}

/// What is too much in a product with each block, for bytes being too large.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn offsets(blocks: &[[i8; BLOCK]]) -> Vec<i32> {
    let sum = |block: &[i8; BLOCK]| block.iter().map(|value| i32::from(*value)).sum::<i32>();
    blocks.iter().map(|block| -i32::from(OFFSET) * sum(block)).collect()
}

fn multiply(tile: Tile<'_>, matrix: Blocks<'_>, offsets: &[i32], out: &mut [f32]) {
    let columns = matrix.values.len() / matrix.length;
    let whole = columns - columns % SIDE;
    for column in (0..whole).step_by(SIDE) {
        add::<SIDE>(column, tile, matrix, offsets, out);
    }
    for column in whole..columns {
        add::<1>(column, tile, matrix, offsets, out);
    }
}

/// Adds the products with `N` rows of the matrix from `column` on.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512vnni"))]
fn add<const N: usize>(
    column: usize,
    tile: Tile<'_>,
    matrix: Blocks<'_>,
    offsets: &[i32],
    out: &mut [f32],
) {
    let length = matrix.length;
    let rows: [Row<'_>; N] = std::array::from_fn(|at| matrix.row(column + at));
    let offsets = std::array::from_fn(|at| &offsets[(column + at) * length..][..length]);
    let sums = match_target! {
        "x86_64+avx512f+avx512bw+avx512vnni" => x86::tile_512(tile, rows, offsets),
        _ => multiply_tile(tile, rows, offsets),
    };
    for (lane, out) in out.chunks_exact_mut(matrix.values.len() / length).enumerate() {
        for (number, sums) in out[column..column + N].iter_mut().zip(&sums) {
            *number += sums[lane];
        }
    }
}

/// For any processor.
fn multiply_tile<const N: usize>(
    tile: Tile<'_>,
    rows: [Row<'_>; N],
    offsets: [&[i32]; N],
) -> [[f32; TILE]; N] {
    let mut sums = [[0.0; TILE]; N];
    let groups = tile.values.as_chunks::<{ BLOCK / GROUP }>().0;
    for (block, (groups, scales)) in groups.iter().zip(tile.scales).enumerate() {
        for ((sums, row), offsets) in sums.iter_mut().zip(&rows).zip(&offsets) {
            let values = row.values[block].as_chunks::<GROUP>().0;
            for (lane, (sum, scale)) in sums.iter_mut().zip(scales).enumerate() {
                let each = groups.iter().zip(values);
                let products = each.flat_map(|(group, values)| {
                    let bytes = &group.as_chunks::<GROUP>().0[lane];
                    bytes.iter().zip(values).map(|(a, b)| i32::from(*a) * i32::from(*b))
                });
                #[expect(clippy::cast_precision_loss, reason = "of 20 bits")]
                let product = (offsets[block] + products.sum::<i32>()) as f32;
                *sum += product * (scale * row.scales[block]);
            }
        }
    }
    sums
}
