//! Products of 8-bit matrices for processors with an instruction for dot products of bytes (AVX-512
//! VNNI). On others, floats are as fast.
//!
//! A tile is sixteen rows of one of the matrices, one per lane of a register.

use multiversion::multiversion;
use multiversion::target::match_target;

use super::blocks::quantize;
use super::layout::{
    BLOCK, Block, Blocks, Factor, GROUP, GROUPS, Groups, Lanes, TILE, Tile, ZERO_POINT,
};
#[cfg(target_arch = "x86_64")]
use super::x86;
use crate::threads;

/// Whether this processor has the instruction.
pub fn has_vnni() -> bool {
    #[cfg(target_arch = "x86_64")]
    {
        is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vnni")
    }
    #[cfg(not(target_arch = "x86_64"))]
    {
        false
    }
}

/// A matrix, `[rows, length * BLOCK]`, as tiles. Its bytes are unsigned, see [`ZERO_POINT`].
pub struct Tiles {
    /// `[tiles, length, GROUPS]`.
    values: Vec<Groups>,
    /// `[tiles, length]`.
    scales: Vec<Lanes>,
    /// Blocks per row.
    length: usize,
    rows: usize,
}

impl Tiles {
    /// Rearranges a matrix.
    pub fn new(matrix: Blocks<'_>) -> Self {
        let length = matrix.length;
        assert!(length > 0 && matrix.values.len().is_multiple_of(length));
        assert_eq!(matrix.values.len(), matrix.scales.len());
        let rows = matrix.values.len() / length;
        let tiles = rows.div_ceil(TILE);
        let mut values = vec![[ZERO_POINT; TILE * GROUP]; tiles * length * GROUPS];
        let mut scales = vec![[0.0; TILE]; tiles * length];
        let blocks = matrix.values.iter().zip(matrix.scales).enumerate();
        for (index, (block, scale)) in blocks {
            let (row, block_index) = (index / length, index % length);
            let (at, lane) = (row / TILE * length + block_index, row % TILE);
            scales[at][lane] = *scale;
            let bytes = block.map(|value| value.cast_unsigned() ^ ZERO_POINT);
            let groups = values[at * GROUPS..].iter_mut().zip(bytes.as_chunks::<GROUP>().0);
            groups.for_each(|(groups, bytes)| groups.as_chunks_mut().0[lane] = *bytes);
        }
        Self { values, scales, length, rows }
    }

    /// A row, dequantized.
    pub fn row(&self, row: usize) -> Vec<f32> {
        let (tile, lane) = (row / TILE, row % TILE);
        let tile = self.tile(tile);
        let blocks = tile.values.as_chunks::<GROUPS>().0.iter().zip(tile.scales);
        let numbers = blocks.flat_map(|(groups, scales)| {
            let bytes = groups.iter().flat_map(move |group| group.as_chunks::<GROUP>().0[lane]);
            bytes.map(move |byte| f32::from((byte ^ ZERO_POINT).cast_signed()) * scales[lane])
        });
        numbers.collect()
    }

    fn tile(&self, tile: usize) -> Tile<'_> {
        let (values, scales) = (tile * self.length * GROUPS, tile * self.length);
        Tile { values: &self.values[values..], scales: &self.scales[scales..][..self.length] }
    }

    /// The tiles in order.
    pub fn iter(&self) -> impl Iterator<Item = Tile<'_>> {
        (0..self.rows.div_ceil(TILE)).map(|tile| self.tile(tile))
    }

    /// Adds the products of `rows` and this matrix's rows to `out`: `[rows, self.rows]`. The rows are
    /// divided among `count` threads.
    pub fn multiply(&self, rows: &Int8Rows, out: &mut [f32], count: u32) {
        assert_eq!(rows.length, self.length);
        assert_eq!(out.len(), rows.count() * self.rows);
        let share = rows.count().div_ceil(count.max(1) as usize).max(1);
        let share = share.next_multiple_of(ROWS_PER_CALL);
        let shares = out.chunks_mut(share * self.rows).enumerate();
        threads::for_each(shares, |(at, out)| self.multiply_from(at * share, rows, out));
    }

    /// The same for the rows from `first` on, as many as `out` has.
    fn multiply_from(&self, first: usize, rows: &Int8Rows, out: &mut [f32]) {
        for (index, out) in out.chunks_mut(ROW_BLOCK * self.rows).enumerate() {
            for (tile, column) in self.iter().zip((0..self.rows).step_by(TILE)) {
                add(tile, rows.factor(), first + index * ROW_BLOCK, column, self.rows, out);
            }
        }
    }
}

/// Rows that are multiplied with all tiles before the next rows: they stay in the L1 cache, and the
/// tiles in L2.
const ROW_BLOCK: usize = 64;

/// Rows that are multiplied with a tile at once: the sums stay in registers.
const ROWS_PER_CALL: usize = 8;

/// Quantized rows, `[rows, length * BLOCK]`, to be multiplied with tiles.
pub struct Int8Rows {
    values: Vec<i8>,
    /// `[rows, length]`.
    scales: Vec<f32>,
    /// `[rows, length]`, see [`Factor`].
    compensation: Vec<i32>,
    /// Blocks per row.
    length: usize,
}

impl Int8Rows {
    /// Quantizes `[rows, columns]`; `columns` is a multiple of [`BLOCK`].
    pub fn new(numbers: &[f32], columns: usize) -> Self {
        assert!(columns > 0 && columns.is_multiple_of(BLOCK));
        assert!(numbers.len().is_multiple_of(columns));
        let (mut values, mut scales) = (Vec::with_capacity(numbers.len()), Vec::new());
        quantize(numbers, BLOCK, &mut values, &mut scales);
        let compensation = compensation(values.as_chunks().0);
        Self { values, scales, compensation, length: columns / BLOCK }
    }

    /// Appends rows of zeros, up to `rows` in total.
    pub fn pad(&mut self, rows: usize) {
        self.scales.resize(rows * self.length, 0.0);
        self.compensation.resize(rows * self.length, 0);
        self.values.resize(rows * self.length * BLOCK, 0);
    }

    fn count(&self) -> usize {
        self.scales.len() / self.length
    }

    /// As a factor of a product with tiles.
    pub fn factor(&self) -> Factor<'_> {
        Factor { blocks: self.blocks(), compensation: &self.compensation }
    }

    /// As blocks.
    pub fn blocks(&self) -> Blocks<'_> {
        Blocks { values: self.values.as_chunks().0, scales: &self.scales, length: self.length }
    }
}

#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma", "x86_64+avx2+fma"))]
fn compensation(blocks: &[Block<i8>]) -> Vec<i32> {
    let mut compensation = Vec::with_capacity(blocks.len());
    for block in blocks {
        let mut sum = 0;
        for value in block {
            sum += i32::from(*value);
        }
        compensation.push(-i32::from(ZERO_POINT) * sum);
    }
    compensation
}

/// Adds the products of a tile and the factor's rows from `first` on to `out`, `[rows, columns]`, from
/// `column` on.
fn add(
    tile: Tile<'_>,
    factor: Factor<'_>,
    first: usize,
    column: usize,
    columns: usize,
    out: &mut [f32],
) {
    let mut products_of_tile = [[0.0; TILE]; ROW_BLOCK];
    let products_of_tile = &mut products_of_tile[..out.len() / columns];
    products(tile, factor, first, products_of_tile);
    for (out, products) in out.chunks_exact_mut(columns).zip(products_of_tile) {
        for (number, product) in out[column..].iter_mut().zip(products) {
            *number += *product;
        }
    }
}

/// The products of a tile and the factor's rows from `first` on, as many as `out` has.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx512vnni+avx2+fma"))]
pub fn products(tile: Tile<'_>, factor: Factor<'_>, first: usize, out: &mut [Lanes]) {
    assert_eq!(tile.scales.len(), factor.blocks.length);
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

/// The products on any processor.
fn multiply_tile<const N: usize>(tile: Tile<'_>, factor: Factor<'_>, first: usize) -> [Lanes; N] {
    let mut sums = [[0.0; TILE]; N];
    let Factor { blocks: Blocks { values, scales, length }, compensation } = factor;
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
                let product = (compensation[index] + products.sum::<i32>()) as f32;
                *sum += product * (factor * scales[index]);
            }
        }
    }
    sums
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Random rows, and what they are after quantization.
    fn numbers(random: &mut fastrand::Rng, count: usize, columns: usize) -> (Int8Rows, Vec<f32>) {
        let numbers: Vec<f32> = (0..count * columns).map(|_| random.f32() - 0.5).collect();
        let bytes = Int8Rows::new(&numbers, columns);
        let mut rounded = vec![0.0; numbers.len()];
        super::super::blocks::dequantize(&bytes.values, &bytes.scales, BLOCK, &mut rounded);
        assert!(numbers.iter().zip(&rounded).all(|(a, b)| (a - b).abs() <= 0.5 / 127.0));
        (bytes, rounded)
    }

    #[test]
    fn products_do_not_depend_on_the_batch_or_threads() {
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
            tiles.multiply(&Int8Rows::new(other, columns), &mut alone, 1);
            assert!(alone.iter().zip(right).all(|(a, b)| (a - b).abs() < 1e-5));
        }
    }

    #[test]
    fn intrinsics_and_portable_code_agree() {
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
