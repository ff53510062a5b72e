//! Attention in 8 bits, beside the products of [`tiles`](super::tiles): softmax of a tile of scores, and
//! values quantized along positions.

use bytemuck::must_cast;
use multiversion::multiversion;

use super::layout::{BLOCK, Block, GROUP, GROUPS, Groups, HEAD_DIM, Lanes, TILE};
use super::scalar::{ROUNDING, abs_bits, exp};

/// Unnormalised softmax of a tile of scores, `[positions]` with a query in each lane: writes the weights
/// as unsigned bytes, `[positions / GROUP]`, and the scale of each block, `[positions / BLOCK]`. Returns
/// the sum of each query's weights. `positions` is a multiple of [`BLOCK`]; padding has a score of
/// minus infinity.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma"))]
pub fn softmax_tile(scores: &mut [Lanes], weights: &mut [Groups], scales: &mut [Lanes]) -> Lanes {
    assert!(scores.len().is_multiple_of(BLOCK));
    assert_eq!(weights.len() * GROUP, scores.len());
    assert_eq!(scales.len() * BLOCK, scores.len());
    let mut max = [f32::NEG_INFINITY; TILE];
    for scores in &*scores {
        for lane in 0..TILE {
            max[lane] = if scores[lane] > max[lane] { scores[lane] } else { max[lane] };
        }
    }
    let mut sums = [0.0; TILE];
    let blocks = scores.as_chunks_mut::<BLOCK>().0.iter_mut();
    for ((scores, weights), scale) in blocks.zip(weights.as_chunks_mut::<GROUPS>().0).zip(scales) {
        let mut largest = [0.0; TILE];
        for scores in &mut *scores {
            for lane in 0..TILE {
                let weight = exp(scores[lane] - max[lane]);
                scores[lane] = weight;
                sums[lane] += weight;
                largest[lane] = if weight > largest[lane] { weight } else { largest[lane] };
            }
        }
        // Less is nothing beside the largest weight of all, 1, and has no finite inverse.
        let inverse = largest.map(|largest| if largest > 1e-20 { 255.0 / largest } else { 0.0 });
        *scale = largest.map(|largest| largest / 255.0);
        for (scores, weights) in scores.as_chunks::<GROUP>().0.iter().zip(weights) {
            let mut four = [0_u32; TILE];
            for lane in 0..TILE {
                let byte =
                    |at: usize| (scores[at][lane] * inverse[lane] + ROUNDING).to_bits() & 255;
                four[lane] = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
            }
            *weights = must_cast(four);
        }
    }
    sums
}

/// Transposes and quantizes rows, `[BLOCK, HEAD_DIM]`: writes block `block` of each column to `values`
/// and `scales`, `[HEAD_DIM, length]`.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma"))]
pub fn quantize_transposed(
    rows: &[[f32; HEAD_DIM]; BLOCK],
    block: usize,
    values: &mut [Block<i8>],
    scales: &mut [f32],
) {
    let mut max = [0_u32; HEAD_DIM];
    for row in rows {
        for column in 0..HEAD_DIM {
            max[column] = max[column].max(abs_bits(row[column]));
        }
    }
    let abs_max = max.map(f32::from_bits);
    let inverse = abs_max.map(|max| if max > 0.0 { 127.0 / max } else { 0.0 });
    let length = scales.len() / HEAD_DIM;
    let mut columns = [[0_i8; BLOCK]; HEAD_DIM];
    for (at, row) in rows.iter().enumerate() {
        for column in 0..HEAD_DIM {
            #[expect(clippy::cast_possible_truncation, reason = "at most 127 after scaling")]
            let byte = (row[column] * inverse[column] + ROUNDING).to_bits() as u8;
            columns[column][at] = byte.cast_signed();
        }
    }
    for column in 0..HEAD_DIM {
        values[column * length + block] = columns[column];
        scales[column * length + block] = abs_max[column] / 127.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn weights_are_the_exponentials_of_scores() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut scores: Vec<Lanes> =
            (0..64).map(|_| std::array::from_fn(|_| random.f32() * 20.0 - 30.0)).collect();
        scores[50..].fill([f32::NEG_INFINITY; TILE]);
        let right: Vec<f32> = scores.iter().map(|lanes| lanes[3]).collect();
        let max = right.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut weights, mut scales) = ([[0; TILE * GROUP]; 16], [[0.0; TILE]; 2]);
        let sums = softmax_tile(&mut scores, &mut weights, &mut scales);
        let mut all = 0.0;
        for (at, score) in right.iter().enumerate() {
            let byte = weights[at / GROUP].as_chunks::<GROUP>().0[3][at % GROUP];
            let (found, right) = (f32::from(byte) * scales[at / BLOCK][3], (score - max).exp());
            assert!((found - right).abs() <= scales[at / BLOCK][3], "{at}: {found} {right}");
            all += right;
        }
        assert!((all / sums[3] - 1.0).abs() < 1e-5);
    }
}
