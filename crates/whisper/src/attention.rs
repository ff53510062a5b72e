//! The encoder's self-attention, head by head.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use crate::compute::{Arithmetic, Compute};
use crate::kernels::layout::{
    BLOCK, Block, Blocks, Factor, GROUP, GROUPS, HEAD_DIM, Lanes, TILE, Tile,
};
use crate::kernels::tiles::{self, Int8Rows, Tiles};
use crate::kernels::{softmax, vectors};
use crate::threads;

/// Scores are divided by the square root of [`HEAD_DIM`].
pub const SCORE_SCALE: f32 = 0.125;

/// Queries whose scores are computed at once: they stay in the L2 cache.
const QUERIES: usize = 256;

/// Writes `softmax(query · keyᵀ / √HEAD_DIM) · value` of each head to `out`. All matrices are
/// `[positions, heads * HEAD_DIM]`. Heads are divided among threads.
pub fn attention(
    [query, key, value]: [&Array2<f32>; 3],
    out: &mut Array2<f32>,
    Compute { arithmetic, threads: count, .. }: Compute,
) {
    for matrix in [query, key, value] {
        assert_eq!(matrix.dim(), out.dim());
    }
    assert!(query.ncols().is_multiple_of(HEAD_DIM));
    let heads = query.ncols() / HEAD_DIM;
    let share = heads.div_ceil(count.max(1) as usize).max(1) * HEAD_DIM;
    let parts = query.axis_chunks_iter(Axis(1), share);
    let parts = parts.zip(key.axis_chunks_iter(Axis(1), share));
    let parts = parts.zip(value.axis_chunks_iter(Axis(1), share));
    let parts = parts.zip(out.axis_chunks_iter_mut(Axis(1), share));
    threads::for_each(parts, |(((query, key), value), out)| {
        attend_heads([query, key, value], out, arithmetic);
    });
}

/// The same on one thread, for some of the heads.
fn attend_heads(
    [query, key, value]: [ArrayView2<'_, f32>; 3],
    mut out: ArrayViewMut2<'_, f32>,
    arithmetic: Arithmetic,
) {
    for head in (0..query.ncols()).step_by(HEAD_DIM) {
        let columns = s![.., head..head + HEAD_DIM];
        let (query, key, value) = (query.slice(columns), key.slice(columns), value.slice(columns));
        let mut out = out.slice_mut(columns);
        match arithmetic {
            Arithmetic::Int8 => Int8Head::new(&key, &value).attend(&query, &mut out),
            Arithmetic::Float => attend_float(&query, &key, &value, &mut out),
        }
    }
}

/// A head in floats; all matrices are `[positions, HEAD_DIM]`.
fn attend_float(
    query: &ArrayView2<'_, f32>,
    key: &ArrayView2<'_, f32>,
    value: &ArrayView2<'_, f32>,
    out: &mut ArrayViewMut2<'_, f32>,
) {
    let mut scores = Array2::zeros((QUERIES, key.nrows()));
    let blocks =
        query.axis_chunks_iter(Axis(0), QUERIES).zip(out.axis_chunks_iter_mut(Axis(0), QUERIES));
    for (query, mut out) in blocks {
        let mut scores = scores.slice_mut(s![..query.nrows(), ..]);
        general_mat_mul(SCORE_SCALE, &query, &key.t(), 0.0, &mut scores);
        for mut row in scores.rows_mut() {
            let Some(row) = row.as_slice_mut() else { panic!("a row is not contiguous") };
            vectors::softmax(row);
        }
        general_mat_mul(1.0, &scores, value, 0.0, &mut out);
    }
}

/// Keys and values of a head in 8 bits.
struct Int8Head {
    /// `[positions, HEAD_DIM]`, padded to whole blocks of positions.
    keys: Int8Rows,
    /// `[HEAD_DIM, positions / BLOCK]` blocks.
    values: Vec<Block<i8>>,
    /// `[HEAD_DIM, positions / BLOCK]`.
    value_scales: Vec<f32>,
    positions: usize,
}

impl Int8Head {
    /// Quantizes `[positions, HEAD_DIM]`.
    fn new(key: &ArrayView2<'_, f32>, value: &ArrayView2<'_, f32>) -> Self {
        let positions = key.nrows();
        let length = positions.div_ceil(BLOCK);
        let mut keys = Int8Rows::new(&key.iter().copied().collect::<Vec<_>>(), HEAD_DIM);
        keys.pad(length * BLOCK);

        let mut values = vec![[0; BLOCK]; HEAD_DIM * length];
        let mut value_scales = vec![0.0; HEAD_DIM * length];
        for (block, rows) in value.axis_chunks_iter(Axis(0), BLOCK).enumerate() {
            let mut numbers = [[0.0; HEAD_DIM]; BLOCK];
            for (to, from) in numbers.iter_mut().zip(rows.rows()) {
                from.iter().zip(to).for_each(|(from, to)| *to = *from);
            }
            softmax::quantize_transposed(&numbers, block, &mut values, &mut value_scales);
        }
        Self { keys, values, value_scales, positions }
    }

    /// `query` and `out` are `[positions, HEAD_DIM]`.
    fn attend(&self, query: &ArrayView2<'_, f32>, out: &mut ArrayViewMut2<'_, f32>) {
        let length = self.positions.div_ceil(BLOCK);
        let blocks = Blocks { values: &self.values, scales: &self.value_scales, length };
        // Weights are unsigned already.
        let values = Factor { blocks, compensation: &vec![0; self.values.len()] };

        let queries: Vec<f32> = query.iter().map(|number| number * SCORE_SCALE).collect();
        let tiles = Tiles::new(Int8Rows::new(&queries, HEAD_DIM).blocks());
        let mut scores = vec![[0.0; TILE]; length * BLOCK];
        let mut bytes = vec![[0; TILE * GROUP]; length * GROUPS];
        let mut scales = vec![[0.0; TILE]; length];
        let mut attended: [Lanes; HEAD_DIM] = [[0.0; TILE]; HEAD_DIM];
        for (tile, mut out) in tiles.iter().zip(out.axis_chunks_iter_mut(Axis(0), TILE)) {
            tiles::products(tile, self.keys.factor(), 0, &mut scores);
            scores[self.positions..].fill([f32::NEG_INFINITY; TILE]);
            let sums = softmax::softmax_tile(&mut scores, &mut bytes, &mut scales);
            let weights = Tile { values: &bytes, scales: &scales };
            tiles::products(weights, values, 0, &mut attended);
            for (lane, mut row) in out.rows_mut().into_iter().enumerate() {
                let attended = attended.iter().map(|lanes| lanes[lane] / sums[lane]);
                row.iter_mut().zip(attended).for_each(|(to, from)| *to = from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_arithmetics_follow_the_formula() {
        let (positions, width) = (45, 2 * HEAD_DIM);
        let mut random = fastrand::Rng::with_seed(1);
        let mut numbers = |by: f32| {
            Array2::from_shape_simple_fn((positions, width), || (random.f32() - 0.5) * by)
        };
        let (query, key, value) = (numbers(8.0), numbers(2.0), numbers(2.0));
        let mut right = Array2::zeros((positions, width));
        for head in [0, HEAD_DIM] {
            let columns = s![.., head..head + HEAD_DIM];
            let (query, key) = (query.slice(columns), key.slice(columns));
            let mut scores = query.dot(&key.t()) / 64_f32.sqrt();
            for mut row in scores.rows_mut() {
                row.mapv_inplace(f32::exp);
                let sum = row.sum();
                row /= sum;
            }
            right.slice_mut(columns).assign(&scores.dot(&value.slice(columns)));
        }
        for (arithmetic, within) in [(Arithmetic::Float, 1e-5), (Arithmetic::Int8, 0.02)] {
            let mut found = Array2::zeros((positions, width));
            for threads in [1, 2, 3] {
                let compute = Compute { arithmetic, few_rows: false, threads };
                attention([&query, &key, &value], &mut found, compute);
                let furthest = (&found - &right).iter().fold(0.0_f32, |most, d| most.max(d.abs()));
                assert!(furthest < within, "{arithmetic:?}: {furthest}");
            }
        }
    }
}
