//! What callers set.

/// Bounds on what is accepted.
#[derive(Debug, Clone, Copy)]
pub struct MediaLimits {
    /// Longest recording in milliseconds.
    pub max_duration_ms: u64,
    /// Most pixels (width × height) of a picture.
    pub max_pixels: u64,
}

/// What a rendition may be like, and what making it may take.
#[derive(Debug, Clone, Copy)]
pub struct TranscodeOptions {
    /// Threads, all in all.
    pub threads: u32,
    /// The most pixels on the short side.
    pub max_short_side: u32,
    /// The most frames per second.
    pub max_frame_rate: u32,
}
