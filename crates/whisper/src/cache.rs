//! What the decoder keeps of a window between tokens: keys and values of its attention.

use ndarray::Array2;

use crate::attention::SCORE_SCALE;
use crate::kernels::blocks::quantize;
use crate::kernels::layout::HEAD_DIM;
use crate::kernels::vectors;
use crate::matrix;

/// Positions whose scores are computed at once: as many as a weighted sum has columns.
const POSITIONS: usize = HEAD_DIM;

/// Keys and values of the encoder's output for one decoder block, in 8 bits: they are read for each
/// token, which takes half the time of 16 bits.
pub struct CrossAttentionCache {
    positions: usize,
    /// `[heads, positions / POSITIONS, HEAD_DIM, POSITIONS]`: transposed in chunks of positions.
    keys: Vec<[i8; POSITIONS]>,
    /// `[heads, positions / POSITIONS, HEAD_DIM]`.
    key_scales: Vec<f32>,
    /// `[heads, positions, HEAD_DIM]`.
    values: Vec<[i8; HEAD_DIM]>,
    /// `[heads, positions]`.
    value_scales: Vec<f32>,
}

impl CrossAttentionCache {
    /// Quantizes keys and values: `[positions, heads * HEAD_DIM]`.
    pub fn new(key: &Array2<f32>, value: &Array2<f32>) -> Self {
        assert_eq!(key.dim(), value.dim());
        assert!(key.ncols().is_multiple_of(HEAD_DIM));
        let positions = key.nrows();
        let (mut keys, mut key_scales) = (Vec::with_capacity(key.len()), Vec::new());
        let (mut values, mut value_scales) = (Vec::with_capacity(value.len()), Vec::new());
        for head in (0..key.ncols()).step_by(HEAD_DIM) {
            for first in (0..positions).step_by(POSITIONS) {
                for dimension in head..head + HEAD_DIM {
                    let mut chunk = [0.0; POSITIONS];
                    let column = key.column(dimension);
                    let numbers = column.iter().skip(first);
                    chunk.iter_mut().zip(numbers).for_each(|(to, from)| *to = *from);
                    quantize(&chunk, POSITIONS, &mut keys, &mut key_scales);
                }
            }
            for position in 0..positions {
                let row = &matrix::row(value, position)[head..head + HEAD_DIM];
                quantize(row, HEAD_DIM, &mut values, &mut value_scales);
            }
        }
        let (keys, values) = (keys.as_chunks().0.to_vec(), values.as_chunks().0.to_vec());
        Self { positions, keys, key_scales, values, value_scales }
    }

    /// The attention of a token: `query` and `out` are `[heads * HEAD_DIM]`. `scores` is a buffer.
    pub fn attend(&self, query: &[f32], scores: &mut Vec<f32>, out: &mut [f32]) {
        assert_eq!(query.len(), out.len());
        assert_eq!(query.len() * self.positions, self.values.len() * HEAD_DIM);
        scores.resize(self.positions.next_multiple_of(POSITIONS), 0.0);
        let chunks = scores.len() / POSITIONS;
        let heads = query.as_chunks().0.iter().zip(out.as_chunks_mut().0);
        for (head, (query, out)) in heads.enumerate() {
            let query: [f32; HEAD_DIM] = *query;
            let query = query.map(|number| number * SCORE_SCALE);
            for (chunk, scores) in scores.as_chunks_mut().0.iter_mut().enumerate() {
                let at = (head * chunks + chunk) * HEAD_DIM;
                let (keys, scales) = (&self.keys[at..], &self.key_scales[at..]);
                vectors::weighted_sum_q8(keys, scales, &query, scores);
            }
            let scores = &mut scores[..self.positions];
            vectors::softmax(scores);
            let at = head * self.positions;
            let (values, scales) = (&self.values[at..], &self.value_scales[at..]);
            vectors::weighted_sum_q8(values, scales, scores, out);
        }
    }
}

/// Keys and values of a window's tokens so far for one decoder block.
pub struct SelfAttentionCache {
    width: usize,
    /// Tokens that there is room for, a multiple of [`POSITIONS`].
    room: usize,
    /// `[width, room]`.
    keys: Vec<f32>,
    /// `[room, width]`.
    values: Vec<f32>,
}

impl SelfAttentionCache {
    /// With room for at least so many tokens.
    pub fn new(width: usize, tokens: usize) -> Self {
        assert!(width.is_multiple_of(HEAD_DIM));
        let room = tokens.next_multiple_of(POSITIONS);
        let numbers = vec![0.0; width * room];
        Self { width, room, keys: numbers.clone(), values: numbers }
    }

    /// Stores key and value, `[width]`, of the token at a position.
    pub fn store(&mut self, position: usize, key: &[f32], value: &[f32]) {
        assert!(position < self.room);
        assert_eq!((key.len(), value.len()), (self.width, self.width));
        let keys = self.keys.iter_mut().skip(position).step_by(self.room);
        keys.zip(key).for_each(|(to, from)| *to = *from);
        self.values[position * self.width..][..self.width].copy_from_slice(value);
    }

    /// The attention of the token at a position to itself and all before it: `query` and `out` are
    /// `[width]`.
    pub fn attend(&self, position: usize, query: &[f32], out: &mut [f32]) {
        assert!(position < self.room);
        assert_eq!((query.len(), out.len()), (self.width, self.width));
        let tokens = position + 1;
        let mut scores = vec![0.0; tokens.next_multiple_of(POSITIONS)];
        let heads = query.as_chunks().0.iter().zip(out.as_chunks_mut().0);
        for (head, (query, out)) in heads.enumerate() {
            let query: [f32; HEAD_DIM] = *query;
            let query = query.map(|number| number * SCORE_SCALE);
            for (chunk, scores) in scores.as_chunks_mut().0.iter_mut().enumerate() {
                let keys = &self.keys[head * HEAD_DIM * self.room + chunk * POSITIONS..];
                vectors::weighted_sum(keys, self.room, &query, scores);
            }
            let scores = &mut scores[..tokens];
            vectors::softmax(scores);
            vectors::weighted_sum(&self.values[head * HEAD_DIM..], self.width, scores, out);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn random(rows: usize, columns: usize, seed: u64) -> Array2<f32> {
        let mut random = fastrand::Rng::with_seed(seed);
        Array2::from_shape_simple_fn((rows, columns), || random.f32() - 0.5)
    }

    /// By the formula.
    fn attended(query: &[f32], key: &Array2<f32>, value: &Array2<f32>, head: usize) -> Vec<f32> {
        let columns = head * HEAD_DIM..(head + 1) * HEAD_DIM;
        let query = &query[columns.clone()];
        let dot = |key: &[f32]| key.iter().zip(query).map(|(a, b)| a * b).sum::<f32>() / 8.0;
        let rows = 0..key.nrows();
        let weights: Vec<f32> =
            rows.clone().map(|row| dot(&matrix::row(key, row)[columns.clone()]).exp()).collect();
        let sum: f32 = weights.iter().sum();
        let of = |column: usize| rows.clone().map(|row| weights[row] * value[(row, column)]).sum();
        columns.map(|column| Some(of(column)).map_or(0.0, |total: f32| total / sum)).collect()
    }

    #[test]
    fn both_caches_attend_as_the_formula_says() {
        let (positions, width) = (70, 2 * HEAD_DIM);
        let (key, value) = (random(positions, width, 1), random(positions, width, 2));
        let query: Vec<f32> = random(1, width, 3).iter().map(|number| number * 8.0).collect();
        let right: Vec<f32> =
            (0..2).flat_map(|head| attended(&query, &key, &value, head)).collect();

        let mut cache = SelfAttentionCache::new(width, positions);
        for position in 0..positions {
            cache.store(position, matrix::row(&key, position), matrix::row(&value, position));
        }
        let (mut own, mut cross) = (vec![0.0; width], vec![0.0; width]);
        cache.attend(positions - 1, &query, &mut own);
        CrossAttentionCache::new(&key, &value).attend(&query, &mut Vec::new(), &mut cross);
        for (at, right) in right.iter().enumerate() {
            assert!((own[at] - right).abs() < 1e-5, "{at}: {} {right}", own[at]);
            assert!((cross[at] - right).abs() < 5e-3, "{at}: {} {right}", cross[at]);
        }
    }

    #[test]
    #[should_panic(expected = "assertion")]
    fn a_wrong_shape_panics() {
        SelfAttentionCache::new(HEAD_DIM, 10).attend(0, &[0.0; 32], &mut [0.0; 32]);
    }
}
