//! Attention of every position of the sound to every other, head by head.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::kernels::tiles::{self, Bytes, Factor, GROUP, GROUPS, Lanes, TILE, Tile, Tiles};
use super::kernels::{self, BLOCK, Block, Blocks, STRIPE, weights};
use super::linear::{Arithmetic, Work};
use super::threads;

/// Scores are divided by the root of a head's width.
pub const SCORE_SCALE: f32 = 0.125;

/// Rows of queries whose scores are worked on at once: they stay in the processor's second cache.
const QUERIES: usize = 256;

/// Writes what every position finds over `out`: positions × width, as are the others. Heads are
/// shared between threads.
pub fn attention(
    [query, key, value]: [&Array2<f32>; 3],
    out: &mut Array2<f32>,
    Work { arithmetic, threads: count, .. }: Work,
) {
    let heads = query.ncols() / STRIPE;
    let share = heads.div_ceil(count.max(1) as usize).max(1) * STRIPE;
    let parts = query.axis_chunks_iter(Axis(1), share);
    let parts = parts.zip(key.axis_chunks_iter(Axis(1), share));
    let parts = parts.zip(value.axis_chunks_iter(Axis(1), share));
    let parts = parts.zip(out.axis_chunks_iter_mut(Axis(1), share));
    threads::share(parts, |(((query, key), value), out)| {
        attend([query, key, value], out, arithmetic);
    });
}

/// The same for some of the heads.
fn attend(
    [query, key, value]: [ArrayView2<'_, f32>; 3],
    mut out: ArrayViewMut2<'_, f32>,
    arithmetic: Arithmetic,
) {
    for head in (0..query.ncols()).step_by(STRIPE) {
        let columns = s![.., head..head + STRIPE];
        let (query, key, value) = (query.slice(columns), key.slice(columns), value.slice(columns));
        let mut out = out.slice_mut(columns);
        match arithmetic {
            Arithmetic::Bytes => Head::new(&key, &value).attend(&query, &mut out),
            Arithmetic::Plain => attend_plainly(&query, &key, &value, &mut out),
        }
    }
}

fn attend_plainly(
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
            if let Some(row) = row.as_slice_mut() {
                kernels::softmax(row);
            }
        }
        general_mat_mul(1.0, &scores, value, 0.0, &mut out);
    }
}

/// What a head attends to, in 8 bits.
struct Head {
    /// Positions × places.
    keys: Bytes,
    /// Places × positions. They are multiplied with weights, which are bytes without a sign.
    values: Vec<Block<i8>>,
    value_scales: Vec<f32>,
    positions: usize,
}

impl Head {
    fn new(key: &ArrayView2<'_, f32>, value: &ArrayView2<'_, f32>) -> Self {
        let positions = key.nrows();
        let length = positions.div_ceil(BLOCK);
        let mut keys = Bytes::new(&key.iter().copied().collect::<Vec<_>>(), STRIPE);
        keys.pad(length * BLOCK);

        let mut values = vec![[0; BLOCK]; STRIPE * length];
        let mut value_scales = vec![0.0; STRIPE * length];
        for (block, rows) in value.axis_chunks_iter(Axis(0), BLOCK).enumerate() {
            let mut numbers = [[0.0; STRIPE]; BLOCK];
            for (to, from) in numbers.iter_mut().zip(rows.rows()) {
                from.iter().zip(to).for_each(|(from, to)| *to = *from);
            }
            weights::turn(&numbers, block, &mut values, &mut value_scales);
        }
        Self { keys, values, value_scales, positions }
    }

    fn attend(&self, query: &ArrayView2<'_, f32>, out: &mut ArrayViewMut2<'_, f32>) {
        let length = self.positions.div_ceil(BLOCK);
        let (values, offsets) = (&self.values, &vec![0; self.values.len()]);
        let values = Blocks { values, scales: &self.value_scales, length };
        let values = Factor { blocks: values, offsets };

        let queries: Vec<f32> = query.iter().map(|number| number * SCORE_SCALE).collect();
        let tiles = Tiles::new(Bytes::new(&queries, STRIPE).blocks());
        let mut scores = vec![[0.0; TILE]; length * BLOCK];
        let mut bytes = vec![[0; TILE * GROUP]; length * GROUPS];
        let mut scales = vec![[0.0; TILE]; length];
        let mut found: [Lanes; STRIPE] = [[0.0; TILE]; STRIPE];
        for (tile, mut out) in tiles.iter().zip(out.axis_chunks_iter_mut(Axis(0), TILE)) {
            tiles::products(tile, self.keys.factor(), 0, &mut scores);
            scores[self.positions..].fill([f32::NEG_INFINITY; TILE]);
            let sums = weights::softmax(&mut scores, &mut bytes, &mut scales);
            let weights = Tile { values: &bytes, scales: &scales };
            tiles::products(weights, values, 0, &mut found);
            for (lane, mut row) in out.rows_mut().into_iter().enumerate() {
                let found = found.iter().map(|lanes| lanes[lane] / sums[lane]);
                row.iter_mut().zip(found).for_each(|(to, from)| *to = from);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_arithmetics_find_what_the_formula_says() {
        let (positions, width) = (45, 2 * STRIPE);
        let mut random = fastrand::Rng::with_seed(1);
        let mut numbers = |by: f32| {
            Array2::from_shape_simple_fn((positions, width), || (random.f32() - 0.5) * by)
        };
        let (query, key, value) = (numbers(8.0), numbers(2.0), numbers(2.0));
        let mut right = Array2::zeros((positions, width));
        for head in [0, STRIPE] {
            let columns = s![.., head..head + STRIPE];
            let (query, key) = (query.slice(columns), key.slice(columns));
            let mut scores = query.dot(&key.t()) / 64_f32.sqrt();
            for mut row in scores.rows_mut() {
                row.mapv_inplace(f32::exp);
                let sum = row.sum();
                row /= sum;
            }
            right.slice_mut(columns).assign(&scores.dot(&value.slice(columns)));
        }
        for (arithmetic, within) in [(Arithmetic::Plain, 1e-5), (Arithmetic::Bytes, 0.02)] {
            let mut found = Array2::zeros((positions, width));
            for threads in [1, 2, 3] {
                let work = Work { arithmetic, few: false, threads };
                attention([&query, &key, &value], &mut found, work);
                let furthest = (&found - &right).iter().fold(0.0_f32, |most, d| most.max(d.abs()));
                assert!(furthest < within, "{arithmetic:?}: {furthest}");
            }
        }
    }
}
