//! Inner loops, compiled for several instruction sets; one is chosen at run time, so that one binary
//! runs everywhere.
//!
//! Loops go over arrays of a fixed length, which the compiler vectorises. Each sum has one order of
//! additions, independent of the batch: the same sound gives the same text. NaN and infinity
//! propagate through every kernel, so that a check of the results finds them. A wrong shape panics.
//!
//! | Module | Contents |
//! | --- | --- |
//! | [`layout`] | how quantized matrices lie in memory |
//! | [`vectors`] | softmax, GELU, layer normalisation, weighted sums over slices of floats |
//! | [`blocks`] | matrices of 8-bit blocks by a few 16-bit vectors (GEMV), quantization |
//! | [`tiles`] | products of 8-bit matrices with VNNI (GEMM) |
//! | [`softmax`] | softmax of a tile of attention scores, as bytes |
//! | `x86` | the products of both with x86-64 intrinsics |
//! | `scalar` | what the kernels inline |

#![expect(clippy::missing_panics_doc, reason = "the module's documentation says it once")]

pub mod blocks;
pub mod layout;
mod scalar;
pub mod softmax;
pub mod tiles;
pub mod vectors;
#[cfg(target_arch = "x86_64")]
mod x86;
