//! What attention in bytes needs beside the products of [`tiles`](super::tiles): scores as weights, and
//! matrices the other way round.

use bytemuck::must_cast;
use multiversion::multiversion;

use super::tiles::{GROUP, GROUPS, Groups, Lanes, TILE};
use super::{BLOCK, Block, ROUNDING, STRIPE, exponential};

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
                let byte =
                    |at: usize| (scores[at][lane] * inverse[lane] + ROUNDING).to_bits() & 255;
                four[lane] = byte(0) | byte(1) << 8 | byte(2) << 16 | byte(3) << 24;
            }
            *weights = must_cast(four);
        }
    }
    sums
}

/// Writes rows as a block of whole numbers of each column, with its scale.
#[multiversion(targets("x86_64+avx512f+avx512bw+avx512dq+avx512vl+avx2+fma"))]
pub fn turn(
    rows: &[[f32; STRIPE]; BLOCK],
    block: usize,
    values: &mut [Block<i8>],
    scales: &mut [f32],
) {
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
        values[column * length + block] = turned[column];
        scales[column * length + block] = most[column] / 127.0;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scores_become_weights() {
        let mut random = fastrand::Rng::with_seed(3);
        let mut scores: Vec<Lanes> =
            (0..64).map(|_| std::array::from_fn(|_| random.f32() * 20.0 - 30.0)).collect();
        scores[50..].fill([f32::NEG_INFINITY; TILE]);
        let right: Vec<f32> = scores.iter().map(|lanes| lanes[3]).collect();
        let most = right.iter().copied().fold(f32::NEG_INFINITY, f32::max);
        let (mut weights, mut scales) = ([[0; TILE * GROUP]; 16], [[0.0; TILE]; 2]);
        let sums = softmax(&mut scores, &mut weights, &mut scales);
        let mut all = 0.0;
        for (at, score) in right.iter().enumerate() {
            let byte = weights[at / GROUP].as_chunks::<GROUP>().0[3][at % GROUP];
            let (found, right) = (f32::from(byte) * scales[at / BLOCK][3], (score - most).exp());
            assert!((found - right).abs() <= scales[at / BLOCK][3], "{at}: {found} {right}");
            all += right;
        }
        assert!((all / sums[3] - 1.0).abs() < 1e-5);
    }
}
