//! Arithmetic on one number or one array of lanes, inlined into the kernels.

#![expect(
    clippy::inline_always,
    reason = "a function has its caller's instruction set only if it is inlined"
)]

/// Partial sums of a reduction.
pub const LANES: usize = 16;

/// `a * b + c`, with one instruction if `fused`. Without the instruction, `mul_add` is a slow call.
#[inline(always)]
pub fn multiply_add(fused: bool, a: f32, b: f32, c: f32) -> f32 {
    if fused { a.mul_add(b, c) } else { a * b + c }
}

/// The bits of an absolute value. Non-negative floats compare as their bits do, and NaN is above all.
#[inline(always)]
pub fn abs_bits(number: f32) -> u32 {
    number.to_bits() & 0x7fff_ffff
}

/// The largest absolute value; NaN if there is one.
#[inline(always)]
pub fn abs_max(numbers: &[f32]) -> f32 {
    let mut max = [0_u32; LANES];
    let (chunks, rest) = numbers.as_chunks::<LANES>();
    for chunk in chunks {
        for lane in 0..LANES {
            max[lane] = max[lane].max(abs_bits(chunk[lane]));
        }
    }
    let rest = rest.iter().map(|number| abs_bits(*number));
    f32::from_bits(max.into_iter().chain(rest).fold(0, u32::max))
}

/// The sum of all lanes, by halves.
#[inline(always)]
pub fn sum(lanes: &[f32; LANES]) -> f32 {
    let mut lanes = *lanes;
    let mut half = LANES / 2;
    while half > 0 {
        for lane in 0..half {
            lanes[lane] += lanes[lane + half];
        }
        half /= 2;
    }
    lanes[0]
}

/// 1.5 × 2²³. Added to a small number, it rounds: the sum's lowest bits are the nearest integer.
pub const ROUNDING: f32 = 12_582_912.0;

/// The exponential function to 2 units in the last place, for numbers up to 88: a power of two times
/// a polynomial (Cephes, `expf`).
#[inline(always)]
#[expect(clippy::excessive_precision, reason = "as published")]
pub fn exp(number: f32) -> f32 {
    // In this order, NaN stays NaN.
    let number = if number < -87.0 { -87.0 } else { number };
    let rounded = number * std::f32::consts::LOG2_E + ROUNDING;
    let power = rounded - ROUNDING;
    let rest = (number - power * 0.693_359_375) + power * 2.121_944_4e-4;
    let mut value = 1.987_569_15e-4;
    for factor in [1.398_199_95e-3, 8.333_451_9e-3, 4.166_579_6e-2, 1.666_666_55e-1, 5.000_000_1e-1]
    {
        value = value * rest + factor;
    }
    let value = value * rest * rest + rest + 1.0;
    // The exponent, biased by 127, is above the mantissa's 23 bits.
    value * f32::from_bits(rounded.to_bits().wrapping_add(127) << 23)
}
