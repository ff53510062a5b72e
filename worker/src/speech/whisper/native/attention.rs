//! Attention of every position of the sound to every other, head by head.

use ndarray::linalg::general_mat_mul;
use ndarray::{Array2, ArrayView2, ArrayViewMut2, Axis, s};

use super::kernels::tiles::{self, GROUP, GROUPS, Groups, Lanes, Matrix, TILE, Tile, Tiles};
use super::kernels::{self, BLOCK, Blocks, STRIPE};

/// Scores are divided by the root of a head's width.
pub const SCORE_SCALE: f32 = 0.125;

/// Rows of queries whose scores are worked on at once: they stay in the processor's second cache.
const QUERIES: usize = 128;

/// Writes what every position finds over `out`: positions × width, as are the others. Heads are
/// shared between threads.
pub fn attention(
    query: &Array2<f32>,
    key: &Array2<f32>,
    value: &Array2<f32>,
    out: &mut Array2<f32>,
    threads: u32,
) {
    let heads = query.ncols() / STRIPE;
    let share = heads.div_ceil(threads.max(1) as usize).max(1) * STRIPE;
    let parts = query.axis_chunks_iter(Axis(1), share);
    let parts = parts.zip(key.axis_chunks_iter(Axis(1), share));
    let parts = parts.zip(value.axis_chunks_iter(Axis(1), share));
    let mut parts = parts.zip(out.axis_chunks_iter_mut(Axis(1), share));
    std::thread::scope(|scope| {
        let own = parts.next();
        for (((query, key), value), out) in parts {
            scope.spawn(move || attend(&query, &key, &value, out));
        }
        if let Some((((query, key), value), out)) = own {
            attend(&query, &key, &value, out);
        }
    });
}

/// The same for some of the heads.
fn attend(
    query: &ArrayView2<'_, f32>,
    key: &ArrayView2<'_, f32>,
    value: &ArrayView2<'_, f32>,
    mut out: ArrayViewMut2<'_, f32>,
) {
    let mut scores = Array2::zeros((if tiles::are_fast() { 0 } else { QUERIES }, key.nrows()));
    for head in (0..query.ncols()).step_by(STRIPE) {
        let columns = s![.., head..head + STRIPE];
        let (query, key, value) = (query.slice(columns), key.slice(columns), value.slice(columns));
        let mut out = out.slice_mut(columns);
        if tiles::are_fast() {
            Head::new(&key, &value).attend(&query, &mut out);
        } else {
            attend_plainly(&query, &key, &value, &mut out, &mut scores);
        }
    }
}

fn attend_plainly(
    query: &ArrayView2<'_, f32>,
    key: &ArrayView2<'_, f32>,
    value: &ArrayView2<'_, f32>,
    out: &mut ArrayViewMut2<'_, f32>,
    scores: &mut Array2<f32>,
) {
    let blocks = query
        .axis_chunks_iter(Axis(0), QUERIES)
        .zip(out.axis_chunks_iter_mut(Axis(0), QUERIES));
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
    keys: Vec<i8>,
    key_scales: Vec<f32>,
    key_offsets: Vec<i32>,
    /// Places × positions.
    values: Vec<i8>,
    value_scales: Vec<f32>,
    /// None: weights are bytes without a sign.
    value_offsets: Vec<i32>,
    positions: usize,
}

impl Head {
    fn new(key: &ArrayView2<'_, f32>, value: &ArrayView2<'_, f32>) -> Self {
        let positions = key.nrows();
        let length = positions.div_ceil(BLOCK);
        let (mut keys, mut key_scales) = (Vec::new(), Vec::new());
        for row in key.rows() {
            if let Some(row) = row.to_slice() {
                kernels::compact(row, BLOCK, &mut keys, &mut key_scales);
            }
        }
        keys.resize(length * BLOCK * STRIPE, 0);
        key_scales.resize(keys.len() / BLOCK, 0.0);
        let key_offsets = tiles::offsets(keys.as_chunks().0);

        let mut values = vec![0; STRIPE * length * BLOCK];
        let mut value_scales = vec![0.0; STRIPE * length];
        let rows = value.axis_chunks_iter(Axis(0), BLOCK);
        for (block, rows) in rows.enumerate() {
            let mut numbers = [[0.0; STRIPE]; BLOCK];
            for (to, from) in numbers.iter_mut().zip(rows.rows()) {
                from.iter().zip(to).for_each(|(from, to)| *to = *from);
            }
            tiles::turn(&numbers, block, &mut values, &mut value_scales);
        }
        let value_offsets = vec![0; value_scales.len()];
        Self { keys, key_scales, key_offsets, values, value_scales, value_offsets, positions }
    }

    fn attend(&self, query: &ArrayView2<'_, f32>, out: &mut ArrayViewMut2<'_, f32>) {
        let length = self.positions.div_ceil(BLOCK);
        let (keys, values) = (self.keys.as_chunks().0, self.values.as_chunks().0);
        let blocks = Blocks { values: keys, scales: &self.key_scales, length: STRIPE / BLOCK };
        let keys = Matrix { blocks, offsets: &self.key_offsets };
        let blocks = Blocks { values, scales: &self.value_scales, length };
        let values = Matrix { blocks, offsets: &self.value_offsets };

        let queries: Vec<f32> = query.iter().map(|number| number * SCORE_SCALE).collect();
        let mut scores = vec![[0.0; TILE]; length * BLOCK];
        let mut weights = vec![[0; TILE * GROUP]; length * GROUPS];
        let mut scales = vec![[0.0; TILE]; length];
        let mut found: [Lanes; STRIPE] = [[0.0; TILE]; STRIPE];
        let tiles = Tiles::new(&queries, STRIPE);
        for (tile, mut out) in tiles.iter().zip(out.axis_chunks_iter_mut(Axis(0), TILE)) {
            tiles::products(tile, keys, 0, &mut scores);
            scores[self.positions..].fill([f32::NEG_INFINITY; TILE]);
            let sums = tiles::softmax(&mut scores, &mut weights, &mut scales);
            let weights: &[Groups] = &weights;
            tiles::products(Tile { values: weights, scales: &scales }, values, 0, &mut found);
            for (lane, mut row) in out.rows_mut().into_iter().enumerate() {
                let found = found.iter().map(|lanes| lanes[lane] / sums[lane]);
                row.iter_mut().zip(found).for_each(|(to, from)| *to = from);
            }
        }
    }
}
