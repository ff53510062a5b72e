//! Products of many rows of numbers with a matrix in 8 bits, all of it in whole numbers: for
//! processors with an instruction that adds up products of bytes (VNNI). Others are as fast with plain
//! numbers.
//!
//! Sixteen rows, a tile, are worked on side by side, each in its own lane of a register.

use bytemuck::{must_cast, must_cast_mut};
use multiversion::multiversion;
use multiversion::target::match_target;

#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{BLOCK, Block, Blocks, ROUNDING, STRIPE, exponential, widest};

/// Rows of a tile.
pub const TILE: usize = 16;

/// A number of each row of a tile.
pub type Lanes = [f32; TILE];

/// Numbers that one instruction multiplies and adds up.
pub const GROUP: usize = 4;

/// Groups of a block.
pub const GROUPS: usize = BLOCK / GROUP;

/// A group of each row of a tile, as bytes without a sign: the instruction wants them so.
pub type Groups = [u8; TILE * GROUP];

/// Rows of the matrix that are worked on at once: their sums stay in registers.
pub const SIDE: usize = 8;

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

/// Rows as whole numbers of 8 bits in blocks that share a scale.
pub struct Tiles {
    /// For each tile, block and group of the block.
    values: Vec<Groups>,
    /// For each tile and block.
    scales: Vec<Lanes>,
    /// Blocks of a row.
    length: usize,
}

/// One of them.
#[derive(Clone, Copy)]
pub struct Tile<'a> {
    /// For each block and group of the block.
    pub values: &'a [Groups],
    /// For each block.
    pub scales: &'a [Lanes],
}

impl Tiles {
    /// Of numbers, row after row, `columns` each, which is a multiple of twice [`BLOCK`]. Their bytes
    /// are [`OFFSET`] too large.
    pub fn new(numbers: &[f32], columns: usize) -> Self {
        let length = columns / BLOCK;
        let tiles = (numbers.len() / columns).div_ceil(TILE);
        let mut values = vec![[0; TILE * GROUP]; tiles * length * GROUPS];
        let mut scales = vec![[0.0; TILE]; tiles * length];
        let each = values.chunks_exact_mut(length * GROUPS).zip(scales.chunks_exact_mut(length));
        let mut bytes = vec![OFFSET; TILE * columns];
        for (rows, (values, scales)) in numbers.chunks(columns * TILE).zip(each) {
            fill(rows, columns, &mut bytes, values, scales);
        }
        Self { values, scales, length }
    }

    /// Each tile in turn.
    pub fn iter(&self) -> impl Iterator<Item = Tile<'_>> {
        let values = self.values.chunks_exact(self.length * GROUPS);
        let each = values.zip(self.scales.chunks_exact(self.length));
        each.map(|(values, scales)| Tile { values, scales })
    }

    /// Adds the products with the rows of a matrix to `out`, which has all products of the first row
    /// first. The work is shared between threads.
    pub fn multiply(&self, matrix: Matrix<'_>, out: &mut [f32], threads: u32) {
        let tiles: Vec<_> = self.iter().zip(out.chunks_mut(TILE * matrix.rows())).collect();
        let share = tiles.len().div_ceil(threads.max(1) as usize).max(1);
        let mut tiles = tiles.into_iter();
        std::thread::scope(|scope| {
            let own: Vec<_> = tiles.by_ref().take(share).collect();
            while tiles.len() > 0 {
                let tiles: Vec<_> = tiles.by_ref().take(share).collect();
                scope.spawn(move || {
                    tiles.into_iter().for_each(|(tile, out)| add(tile, matrix, out));
                });
            }
            own.into_iter().for_each(|(tile, out)| add(tile, matrix, out));
        });
    }
}

/// A matrix that tiles are multiplied with. The number of its rows is a multiple of [`TILE`].
#[derive(Clone, Copy)]
pub struct Matrix<'a> {
    /// Its rows.
    pub blocks: Blocks<'a>,
    /// What is too much in a product with each block, for bytes being too large.
    pub offsets: &'a [i32],
}

impl Matrix<'_> {
    fn rows(&self) -> usize {
        self.blocks.values.len() / self.blocks.length
    }
}

/// The offsets of blocks, for bytes that are [`OFFSET`] too large.
pub fn offsets(blocks: &[Block<i8>]) -> Vec<i32> {
    let sum = |block: &Block<i8>| block.iter().map(|value| i32::from(*value)).sum::<i32>();
    blocks.iter().map(|block| -i32::from(OFFSET) * sum(block)).collect()
}

/// Fills a tile with up to [`TILE`] rows, by way of `bytes`, as many as they have numbers.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma"))]
fn fill(
    rows: &[f32],
    columns: usize,
    bytes: &mut [u8],
    values: &mut [Groups],
    scales: &mut [Lanes],
) {
    let blocks = rows.as_chunks::<BLOCK>().0.iter().zip(bytes.as_chunks_mut::<BLOCK>().0);
    for (at, (numbers, bytes)) in blocks.enumerate() {
        let scale = widest(numbers) / 127.0;
        let inverse = if scale > 0.0 { 1.0 / scale } else { 0.0 };
        for (byte, number) in bytes.iter_mut().zip(numbers) {
            #[expect(clippy::cast_possible_truncation, reason = "at most 127 after scaling")]
            let whole = (number * inverse + ROUNDING).to_bits() as u8;
            *byte = whole ^ OFFSET;
        }
        let length = columns / BLOCK;
        scales[at % length][at / length] = scale;
    }
    for (at, groups) in values.as_chunks_mut::<TILE>().0.iter_mut().enumerate() {
        for (row, group) in bytes.chunks_exact(columns).zip(&mut *groups) {
            group.copy_from_slice(&row[at * TILE * GROUP..][..TILE * GROUP]);
        }
        let mut square: Square = must_cast(*groups);
        match_target! {
            "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma" => x86::transpose_512(&mut square),
            _ => transpose(&mut square),
        }
        *groups = must_cast(square);
    }
}

/// Numbers of 32 bits, as many rows as columns.
pub type Square = [[u32; TILE]; TILE];

fn transpose(square: &mut Square) {
    for row in 0..TILE {
        for column in 0..row {
            let other = square[column][row];
            square[column][row] = std::mem::replace(&mut square[row][column], other);
        }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma"))]
fn add(tile: Tile<'_>, matrix: Matrix<'_>, out: &mut [f32]) {
    let mut sums = [[0.0; TILE]; TILE];
    for column in (0..matrix.rows()).step_by(TILE) {
        products(tile, matrix, column, &mut sums);
        match_target! {
            "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma" => {
                x86::transpose_512(must_cast_mut(&mut sums));
            }
            _ => transpose(must_cast_mut(&mut sums)),
        }
        for (out, sums) in out.chunks_exact_mut(matrix.rows()).zip(&sums) {
            for (number, sum) in out[column..column + TILE].iter_mut().zip(sums) {
                *number += sum;
            }
        }
    }
}

/// Products of a tile with rows of a matrix from `first` on, as many as `out` has room for, which is
/// a multiple of [`SIDE`].
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma"))]
pub fn products(tile: Tile<'_>, matrix: Matrix<'_>, first: usize, out: &mut [Lanes]) {
    for (side, out) in out.as_chunks_mut::<SIDE>().0.iter_mut().enumerate() {
        let first = first + side * SIDE;
        *out = match_target! {
            "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma" => {
                x86::tile_512(tile, matrix, first)
            }
            _ => multiply_tile(tile, matrix, first),
        };
    }
}

/// For any processor.
fn multiply_tile(tile: Tile<'_>, matrix: Matrix<'_>, first: usize) -> [Lanes; SIDE] {
    let mut sums = [[0.0; TILE]; SIDE];
    let Matrix { blocks: Blocks { values, scales, length }, offsets } = matrix;
    let groups = tile.values.as_chunks::<GROUPS>().0;
    for (block, (groups, factors)) in groups.iter().zip(tile.scales).enumerate() {
        for (at, sums) in sums.iter_mut().enumerate() {
            let index = (first + at) * length + block;
            let values = values[index].as_chunks::<GROUP>().0;
            for (lane, (sum, factor)) in sums.iter_mut().zip(factors).enumerate() {
                let each = groups.iter().zip(values);
                let products = each.flat_map(|(group, values)| {
                    let bytes = &group.as_chunks::<GROUP>().0[lane];
                    bytes.iter().zip(values).map(|(a, b)| i32::from(*a) * i32::from(*b))
                });
                #[expect(clippy::cast_precision_loss, reason = "of 20 bits")]
                let product = (offsets[index] + products.sum::<i32>()) as f32;
                *sum += product * (factor * scales[index]);
            }
        }
    }
    sums
}

/// Turns scores, all of a row in its lane, into weights: bytes without a sign, and the scales of their
/// blocks. Returns what the weights of each row add up to. `scores` has whole blocks; those of minus
/// infinity do not count.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma"))]
pub fn softmax(scores: &mut [Lanes], weights: &mut [Groups], scales: &mut [Lanes]) -> Lanes {
    let mut most = [f32::NEG_INFINITY; TILE];
    for scores in &*scores {
        for lane in 0..TILE {
            most[lane] = if scores[lane] > most[lane] { scores[lane] } else { most[lane] };
        }
    }
    let mut sums = [0.0; TILE];
    let blocks = scores.as_chunks_mut::<BLOCK>().0.iter_mut();
    for ((scores, weights), scale) in blocks.zip(weights.as_chunks_mut::<GROUPS>().0).zip(scales) {
        let mut largest = [0.0; TILE];
        for scores in &mut *scores {
            for lane in 0..TILE {
                let weight = exponential(scores[lane] - most[lane]);
                scores[lane] = weight;
                sums[lane] += weight;
                largest[lane] = if weight > largest[lane] { weight } else { largest[lane] };
            }
        }
        // Less than that is nothing beside the largest of all, which is 1, and has no inverse.
        let inverse = largest.map(|largest| if largest > 1e-20 { 255.0 / largest } else { 0.0 });
        *scale = largest.map(|largest| largest / 255.0);
        for (scores, weights) in scores.as_chunks::<GROUP>().0.iter().zip(weights) {
            let mut four = [0_u32; TILE];
            for lane in 0..TILE {
                let byte = |at: usize| (scores[at][lane] * inverse[lane] + ROUNDING).to_bits() & 255;
                four[lane] = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
            }
            *weights = must_cast(four);
        }
    }
    sums
}

/// Writes rows as a block of whole numbers of each column, with its scale.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma"))]
pub fn turn(rows: &[[f32; STRIPE]; BLOCK], block: usize, values: &mut [i8], scales: &mut [f32]) {
    let mut most = [0.0_f32; STRIPE];
    for row in rows {
        for column in 0..STRIPE {
            let size = row[column].abs();
            most[column] = if size > most[column] { size } else { most[column] };
        }
    }
    let inverse = most.map(|most| if most > 0.0 { 127.0 / most } else { 0.0 });
    let length = scales.len() / STRIPE;
    let mut turned = [[0_i8; BLOCK]; STRIPE];
    for (at, row) in rows.iter().enumerate() {
        for column in 0..STRIPE {
            #[expect(clippy::cast_possible_truncation, reason = "at most 127 after scaling")]
            let byte = (row[column] * inverse[column] + ROUNDING).to_bits() as u8;
            turned[column][at] = byte.cast_signed();
        }
    }
    for column in 0..STRIPE {
        values.as_chunks_mut().0[column * length + block] = turned[column];
        scales[column * length + block] = most[column] / 127.0;
    }
}
