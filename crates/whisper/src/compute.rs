//! How matrices are multiplied.

use crate::kernels::tiles;

/// The arithmetic of matrix products.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Arithmetic {
    /// Integers of 8 bits; fast on processors with AVX-512 VNNI.
    Int8,
    /// Floats; products with a few rows in integers of 8 and 16 bits.
    Float,
}

impl Arithmetic {
    /// The faster one on this processor.
    pub fn best() -> Self {
        if tiles::has_vnni() { Self::Int8 } else { Self::Float }
    }
}

/// How a layer computes. It depends on the step, never on the number of rows that there happen to be:
/// the same sound gives the same text, whatever is in the batch beside it.
#[derive(Debug, Clone, Copy)]
pub struct Compute {
    /// The arithmetic that the weights were prepared for.
    pub arithmetic: Arithmetic,
    /// Whether there are only a few rows, as in decoding, where reading the weights takes most time.
    pub few_rows: bool,
    /// Threads to use.
    pub threads: u32,
}
