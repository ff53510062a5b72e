//! What a pixel format is like.

#![expect(unsafe_code, reason = "descriptors of pixel formats have no safe wrapper")]

use ffmpeg::{ffi, format};
use ffmpeg_next as ffmpeg;

/// Whether a pixel format stores red, green and blue.
pub fn is_rgb(pixel: format::Pixel) -> bool {
    // SAFETY: the descriptors are static; null stands for an unknown format.
    let flags = unsafe { ffi::av_pix_fmt_desc_get(pixel.into()).as_ref() }.map_or(0, |d| d.flags);
    // The constant's type differs between versions of the bindings; it is a small positive number.
    flags & u64::from(ffi::AV_PIX_FMT_FLAG_RGB.unsigned_abs()) != 0
}
