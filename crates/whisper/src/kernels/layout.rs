//! How quantized matrices lie in memory.

/// The dimension of an attention head, in all of Whisper's models; columns that
/// weighted sums take at once.
pub const HEAD_DIM: usize = 64;

/// Numbers of a row that share a scale (`QK8_0` in ggml).
pub const BLOCK: usize = 32;

/// A block of numbers that share a scale.
pub type Block<T> = [T; BLOCK];

/// An 8-bit matrix, row after row: `[rows, length * BLOCK]`.
#[derive(Clone, Copy)]
pub struct Blocks<'a> {
    /// `[rows, length]` blocks.
    pub values: &'a [Block<i8>],
    /// `[rows, length]`.
    pub scales: &'a [f32],
    /// Blocks per row.
    pub length: usize,
}

/// A row of such a matrix.
#[derive(Clone, Copy)]
pub struct Row<'a> {
    /// `[length]` blocks.
    pub values: &'a [Block<i8>],
    /// `[length]`.
    pub scales: &'a [f32],
}

/// Rows of a tile.
pub const TILE: usize = 16;

/// A number of each row of a tile.
pub type Lanes = [f32; TILE];

/// Consecutive numbers of a row whose products one instruction sums.
pub const GROUP: usize = 4;

/// Groups per block.
pub const GROUPS: usize = BLOCK / GROUP;

/// A group of each row of a tile, as unsigned bytes: the instruction multiplies unsigned by signed.
pub type Groups = [u8; TILE * GROUP];

/// The unsigned byte that stands for zero.
pub const ZERO_POINT: u8 = 128;

/// A tile.
#[derive(Clone, Copy)]
pub struct Tile<'a> {
    /// `[length, GROUPS]`.
    pub values: &'a [Groups],
    /// `[length]`.
    pub scales: &'a [Lanes],
}

/// A matrix to be multiplied with tiles.
#[derive(Clone, Copy)]
pub struct Factor<'a> {
    /// Its rows.
    pub blocks: Blocks<'a>,
    /// For each block, what is added to its product with a tile's block to compensate for the tile's
    /// [`ZERO_POINT`]; zero if the tile has none.
    pub compensation: &'a [i32],
}
