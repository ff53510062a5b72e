//! Products of quantized rows with x86-64 intrinsics: the compiler does not choose these instructions
//! by itself.

use std::arch::x86_64::{
    __m128i, __m256, __m256i, __m512, __m512i, _mm256_add_epi32, _mm256_cvtepi8_epi16,
    _mm256_cvtepi32_ps, _mm256_fmadd_ps, _mm256_madd_epi16, _mm256_set1_ps, _mm256_setzero_ps,
    _mm512_cvtepi8_epi16, _mm512_cvtepi32_ps, _mm512_dpbusd_epi32, _mm512_fmadd_ps,
    _mm512_madd_epi16, _mm512_mul_ps, _mm512_reduce_add_ps, _mm512_set1_epi32, _mm512_set1_ps,
    _mm512_setzero_ps,
};

use bytemuck::must_cast;

use super::layout::{Block, Blocks, Factor, GROUPS, Groups, Lanes, Row, Tile};

/// The products of a row with `N` vectors, with AVX-512.
#[target_feature(enable = "avx512f,avx512bw")]
pub fn row_512<const N: usize>(row: Row<'_>, vectors: [&[Block<i16>]; N]) -> [f32; N] {
    let mut sums = [_mm512_setzero_ps(); N];
    for (at, (values, scale)) in row.values.iter().zip(row.scales).enumerate() {
        let values = _mm512_cvtepi8_epi16(must_cast::<Block<i8>, __m256i>(*values));
        let scale = _mm512_set1_ps(*scale);
        for (sum, vector) in sums.iter_mut().zip(&vectors) {
            let products = _mm512_madd_epi16(values, must_cast::<Block<i16>, __m512i>(vector[at]));
            *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), scale, *sum);
        }
    }
    sums.map(|sum| _mm512_reduce_add_ps(sum))
}

/// The products of a row with `N` vectors, with AVX2.
#[target_feature(enable = "avx2,fma")]
pub fn row_256<const N: usize>(row: Row<'_>, vectors: [&[Block<i16>]; N]) -> [f32; N] {
    let mut sums = [_mm256_setzero_ps(); N];
    for (at, (values, scale)) in row.values.iter().zip(row.scales).enumerate() {
        let [low, high]: [__m128i; 2] = must_cast(*values);
        let (low, high) = (_mm256_cvtepi8_epi16(low), _mm256_cvtepi8_epi16(high));
        let scale = _mm256_set1_ps(*scale);
        for (sum, vector) in sums.iter_mut().zip(&vectors) {
            let [first, second]: [__m256i; 2] = must_cast(vector[at]);
            let products =
                _mm256_add_epi32(_mm256_madd_epi16(low, first), _mm256_madd_epi16(high, second));
            *sum = _mm256_fmadd_ps(_mm256_cvtepi32_ps(products), scale, *sum);
        }
    }
    sums.map(|sum| must_cast::<__m256, [f32; 8]>(sum).iter().sum())
}

/// The products of a tile and `N` of the factor's rows from `first` on, with AVX-512 VNNI.
#[target_feature(enable = "avx512f,avx512bw,avx512vnni")]
pub fn tile_512<const N: usize>(tile: Tile<'_>, factor: Factor<'_>, first: usize) -> [Lanes; N] {
    let mut sums = [_mm512_setzero_ps(); N];
    let Factor { blocks: Blocks { values, scales, length }, compensation } = factor;
    let groups = tile.values.as_chunks::<GROUPS>().0;
    for (block, (groups, factors)) in groups.iter().zip(tile.scales).enumerate() {
        let groups: [__m512i; GROUPS] = groups.map(must_cast::<Groups, __m512i>);
        let factors: __m512 = must_cast(*factors);
        for (at, sum) in sums.iter_mut().enumerate() {
            let index = (first + at) * length + block;
            let values: [i32; GROUPS] = must_cast(values[index]);
            let mut products = _mm512_set1_epi32(compensation[index]);
            for (group, values) in groups.into_iter().zip(values) {
                products = _mm512_dpbusd_epi32(products, group, _mm512_set1_epi32(values));
            }
            let factors = _mm512_mul_ps(factors, _mm512_set1_ps(scales[index]));
            *sum = _mm512_fmadd_ps(_mm512_cvtepi32_ps(products), factors, *sum);
        }
    }
    sums.map(must_cast::<__m512, Lanes>)
}
