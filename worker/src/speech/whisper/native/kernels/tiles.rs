//! Products of matrices in 8 bits, all of it in whole numbers: for processors with an instruction that
//! adds up products of bytes (VNNI). On others, plain numbers are as fast.
//!
//! Sixteen rows of one of the matrices, a tile, are worked on side by side, each in its own lane of a
//! register.

use multiversion::multiversion;
use multiversion::target::match_target;

use super::super::threads;
#[cfg(target_arch = "x86_64")]
use super::x86;
use super::{BLOCK, Block, Blocks, compact};

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

/// The rows of a matrix as tiles. Their bytes are [`OFFSET`] too large.
pub struct Tiles {
    /// For each tile, block and group of the block.
    values: Vec<Groups>,
    /// For each tile and block.
    scales: Vec<Lanes>,
    /// Blocks of a row.
    length: usize,
    rows: usize,
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
    /// Of the rows of a matrix.
    pub fn new(matrix: Blocks<'_>) -> Self {
        let length = matrix.length;
        let rows = matrix.values.len() / length;
        let tiles = rows.div_ceil(TILE);
        let mut values = vec![[OFFSET; TILE * GROUP]; tiles * length * GROUPS];
        let mut scales = vec![[0.0; TILE]; tiles * length];
        let blocks = matrix.values.iter().zip(matrix.scales).enumerate();
        for (index, (block, scale)) in blocks {
            let (row, block_index) = (index / length, index % length);
            let (at, lane) = (row / TILE * length + block_index, row % TILE);
            scales[at][lane] = *scale;
            let bytes = block.map(|value| value.cast_unsigned() ^ OFFSET);
            let groups = values[at * GROUPS..].iter_mut().zip(bytes.as_chunks::<GROUP>().0);
            groups.for_each(|(groups, bytes)| groups.as_chunks_mut().0[lane] = *bytes);
        }
        Self { values, scales, length, rows }
    }

    /// The numbers of a row.
    pub fn row(&self, row: usize) -> Vec<f32> {
        let (tile, lane) = (row / TILE, row % TILE);
        let tile = self.tile(tile);
        let blocks = tile.values.as_chunks::<GROUPS>().0.iter().zip(tile.scales);
        let numbers = blocks.flat_map(|(groups, scales)| {
            let bytes = groups.iter().flat_map(move |group| group.as_chunks::<GROUP>().0[lane]);
            bytes.map(move |byte| f32::from((byte ^ OFFSET).cast_signed()) * scales[lane])
        });
        numbers.collect()
    }

    fn tile(&self, tile: usize) -> Tile<'_> {
        let (values, scales) = (tile * self.length * GROUPS, tile * self.length);
        Tile { values: &self.values[values..], scales: &self.scales[scales..][..self.length] }
    }

    /// Each tile in turn.
    pub fn iter(&self) -> impl Iterator<Item = Tile<'_>> {
        (0..self.rows.div_ceil(TILE)).map(|tile| self.tile(tile))
    }

    /// Adds the products of rows with those of this matrix to `out`, which has all products of the
    /// first row first. The rows are shared between `count` threads.
    pub fn multiply(&self, rows: &Bytes, out: &mut [f32], count: u32) {
        let share = rows.count().div_ceil(count.max(1) as usize).max(1);
        let share = share.next_multiple_of(MOST_AT_ONCE);
        let shares = out.chunks_mut(share * self.rows).enumerate();
        threads::share(shares, |(at, out)| self.multiply_from(at * share, rows, out));
    }

    /// The same for the rows from `first` on that `out` has room for.
    fn multiply_from(&self, first: usize, rows: &Bytes, out: &mut [f32]) {
        for (some, out) in out.chunks_mut(SOME * self.rows).enumerate() {
            for (tile, column) in self.iter().zip((0..self.rows).step_by(TILE)) {
                add(tile, rows.factor(), first + some * SOME, column, self.rows, out);
            }
        }
    }
}

/// Rows that all tiles are multiplied with before the next ones: they stay in the first cache, and the
/// tiles in the second.
const SOME: usize = 64;

/// Rows that a tile is multiplied with at once: their sums stay in registers.
const MOST_AT_ONCE: usize = 8;

/// Rows of whole numbers that tiles are multiplied with.
pub struct Bytes {
    values: Vec<i8>,
    scales: Vec<f32>,
    offsets: Vec<i32>,
    length: usize,
}

impl Bytes {
    /// Of numbers, row after row, `columns` each, which is a multiple of [`BLOCK`].
    pub fn new(numbers: &[f32], columns: usize) -> Self {
        let (mut values, mut scales) = (Vec::with_capacity(numbers.len()), Vec::new());
        compact(numbers, BLOCK, &mut values, &mut scales);
        let offsets = offsets(values.as_chunks().0);
        Self { values, scales, offsets, length: columns / BLOCK }
    }

    /// Rows without numbers are added until there are so many.
    pub fn pad(&mut self, rows: usize) {
        self.scales.resize(rows * self.length, 0.0);
        self.offsets.resize(rows * self.length, 0);
        self.values.resize(rows * self.length * BLOCK, 0);
    }

    fn count(&self) -> usize {
        self.scales.len() / self.length
    }

    /// Ready to be multiplied with.
    pub fn factor(&self) -> Factor<'_> {
        Factor { blocks: self.blocks(), offsets: &self.offsets }
    }

    /// What it is made of.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks { values: self.values.as_chunks().0, scales: &self.scales, length: self.length }
    }
}

/// A matrix that tiles are multiplied with.
#[derive(Clone, Copy)]
pub struct Factor<'a> {
    /// Its rows.
    pub blocks: Blocks<'a>,
    /// For each block, what is too much in a product with a tile whose bytes are too large.
    pub offsets: &'a [i32],
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn offsets(blocks: &[Block<i8>]) -> Vec<i32> {
    let mut offsets = Vec::with_capacity(blocks.len());
    for block in blocks {
        let mut sum = 0;
        for value in block {
            sum += i32::from(*value);
        }
        offsets.push(-i32::from(OFFSET) * sum);
    }
    offsets
}

/// Adds the products of a tile with rows from `first` on, as many as there are and `out` has room
/// for, to the numbers from `column` on of each row of `out`, `columns` long.
fn add(
    tile: Tile<'_>,
    factor: Factor<'_>,
    first: usize,
    column: usize,
    columns: usize,
    out: &mut [f32],
) {
    let mut products_of_tile = [[0.0; TILE]; SOME];
    let products_of_tile = &mut products_of_tile[..out.len() / columns];
    products(tile, factor, first, products_of_tile);
    for (out, products) in out.chunks_exact_mut(columns).zip(products_of_tile) {
        for (number, product) in out[column..].iter_mut().zip(products) {
            *number += *product;
        }
    }
}

/// Products of a tile with rows of a matrix from `first` on, as many as `out` has room for.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma"))]
pub fn products(tile: Tile<'_>, factor: Factor<'_>, first: usize, out: &mut [Lanes]) {
    macro_rules! by {
        ($count:literal, $first:expr, $out:expr) => {
            let (some, rest) = $out.as_chunks_mut::<$count>();
            for (at, out) in some.iter_mut().enumerate() {
                let first = $first + at * $count;
                *out = match_target! {
                    "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma" => {
                        x86::tile_512(tile, factor, first)
                    }
                    _ => multiply_tile(tile, factor, first),
                };
            }
            $first += some.len() * $count;
            $out = rest;
        };
    }
    let (mut first, mut out) = (first, out);
    by!(8, first, out);
    by!(4, first, out);
    by!(2, first, out);
    for (at, out) in out.iter_mut().enumerate() {
        let [one] = match_target! {
            "x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma" => {
                x86::tile_512(tile, factor, first + at)
            }
            _ => multiply_tile(tile, factor, first + at),
        };
        *out = one;
    }
}

/// For any processor.
fn multiply_tile<const N: usize>(tile: Tile<'_>, factor: Factor<'_>, first: usize) -> [Lanes; N] {
    let mut sums = [[0.0; TILE]; N];
    let Factor { blocks: Blocks { values, scales, length }, offsets } = factor;
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

#[cfg(test)]
mod tests {
    use super::*;

    /// Numbers, and the same as they are in bytes.
    fn numbers(random: &mut fastrand::Rng, count: usize, columns: usize) -> (Bytes, Vec<f32>) {
        let numbers: Vec<f32> = (0..count * columns).map(|_| random.f32() - 0.5).collect();
        let bytes = Bytes::new(&numbers, columns);
        let mut rounded = vec![0.0; numbers.len()];
        super::super::expand(&bytes.values, &bytes.scales, BLOCK, &mut rounded);
        assert!(numbers.iter().zip(&rounded).all(|(a, b)| (a - b).abs() <= 0.5 / 127.0));
        (bytes, rounded)
    }

    #[test]
    fn products_are_those_of_the_numbers_whatever_is_beside_them() {
        let (rows, columns) = (37, 96);
        let mut random = fastrand::Rng::with_seed(1);
        let (matrix, plain) = numbers(&mut random, rows, columns);
        let tiles = Tiles::new(matrix.blocks());
        assert_eq!(tiles.row(36), plain[36 * columns..]);
        let (others, all) = numbers(&mut random, 71, columns);
        let mut out = vec![1.0; 71 * rows];
        tiles.multiply(&others, &mut out, 1);
        for (at, found) in out.iter().enumerate() {
            let (row, other) = (at % rows * columns, at / rows * columns);
            let pairs = plain[row..row + columns].iter().zip(&all[other..]);
            let right = 1.0 + pairs.map(|(a, b)| a * b).sum::<f32>();
            assert!((found - right).abs() < 1e-4, "{at}: {found} {right}");
        }
        let mut shared = vec![1.0; out.len()];
        tiles.multiply(&others, &mut shared, 3);
        assert_eq!(shared, out);
        for (other, right) in all.chunks(columns).zip(out.chunks(rows)) {
            let mut alone = vec![1.0; rows];
            tiles.multiply(&Bytes::new(other, columns), &mut alone, 1);
            assert!(alone.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn every_processor_has_the_same_products() {
        let mut random = fastrand::Rng::with_seed(2);
        let (matrix, _) = numbers(&mut random, TILE, 64);
        let (others, _) = numbers(&mut random, 8, 64);
        let tiles = Tiles::new(matrix.blocks());
        let mut found = [[0.0; TILE]; 8];
        products(tiles.tile(0), others.factor(), 0, &mut found);
        let plain: [Lanes; 8] = multiply_tile(tiles.tile(0), others.factor(), 0);
        let pairs = found.iter().flatten().zip(plain.iter().flatten());
        assert!(pairs.clone().all(|(a, b)| (a - b).abs() < 1e-5), "{found:?} {plain:?}");
        assert!(pairs.clone().any(|(a, _)| a.abs() > 0.1));
    }
}
