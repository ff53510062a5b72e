//! What decoding a photo gives.

use image::DynamicImage;

use crate::written::WrittenError;

/// Most pixels of a photo: those of phones' large sensors (108 million), and a margin. Of HEIC, each takes up to
/// 16 bytes while it is decoded.
pub(super) const MAX_PIXELS: u64 = 110_000_000;

/// A decoded photo, upright.
pub(super) struct Photo {
    pub pixels: DynamicImage,
    /// What its colours mean, if it says so.
    pub icc_profile: Option<Vec<u8>>,
}

/// Fails for a photo of more than [`MAX_PIXELS`].
pub(super) fn check_pixels(width: u32, height: u32) -> Result<(), WrittenError> {
    if u64::from(width) * u64::from(height) > MAX_PIXELS {
        return Err(WrittenError::TooLarge(format!("a photo of {width} × {height} pixels")));
    }
    Ok(())
}
