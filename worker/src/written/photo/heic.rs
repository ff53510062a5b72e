//! HEIC, in which iPhones and some Android phones save photos.

use heifer::heifer_isobmff::HeifFile;
use heifer::{Error, Options};
use image::{DynamicImage, RgbaImage};

use super::decoded::{MAX_PIXELS, Photo, check_pixels};
use crate::written::WrittenError;

/// Brands of files whose pictures are coded as HEVC (ISO/IEC 23008-12, annex B), or may be.
const BRANDS: [&[u8; 4]; 8] =
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"];

/// Whether a file begins like HEIC.
pub(super) fn is_heic(bytes: &[u8]) -> bool {
    bytes.get(4..8) == Some(b"ftyp")
        && bytes.get(8..12).is_some_and(|brand| BRANDS.iter().any(|known| *known == brand))
}

/// Decodes the picture that the file is about, turned as it says.
pub(super) fn decode(bytes: &[u8]) -> Result<Photo, WrittenError> {
    let file = HeifFile::parse(bytes).map_err(|error| refusal(error.into()))?;
    if let Ok(Some((width, height))) = file.image_size(file.primary_id) {
        check_pixels(width, height)?;
    }
    // The job has one core.
    let options = Options { max_threads: 1, max_pixels: MAX_PIXELS };
    let decoded = heifer::decode_with_options(bytes, &options).map_err(refusal)?;
    let (width, height, has_alpha) = (decoded.width, decoded.height, decoded.has_alpha);
    let pixels = RgbaImage::from_raw(width, height, decoded.to_rgba8());
    let pixels = pixels.ok_or_else(|| WrittenError::Broken("pixels are missing".into()))?;
    let pixels = DynamicImage::ImageRgba8(pixels);
    let pixels = if has_alpha { pixels } else { pixels.into_rgb8().into() };
    // What is wrong in a camera's notes does not make the picture worse.
    let icc_profile = heifer::read_metadata(bytes).ok().and_then(|notes| notes.icc_profile);
    Ok(Photo { pixels, icc_profile })
}

fn refusal(error: Error) -> WrittenError {
    match error {
        Error::Unsupported(_) => WrittenError::Unsupported(error.to_string()),
        other => WrittenError::Broken(other.to_string()),
    }
}
