//! A photo of a handwritten page, as readers see it: upright, of a size that a page needs, as JPEG, and
//! without what cameras write into their files (place, time, device).

mod decoded;
mod heic;

use std::fs::{self, File};
use std::io::{BufReader, BufWriter, Cursor, Write};
use std::path::Path;

use image::codecs::jpeg::JpegEncoder;
use image::imageops::FilterType;
use image::metadata::Orientation;
use image::{
    DynamicImage, ImageDecoder, ImageEncoder, ImageError, ImageFormat, ImageReader, Limits, Rgb,
    RgbImage,
};

use self::decoded::{MAX_PIXELS, Photo, check_pixels};
use super::WrittenError;

/// Longest side of a page in pixels: an A4 page at 200 dots per inch, at which small handwriting is read
/// without effort.
const MAX_SIDE: u32 = 2400;

/// Most bytes that decoding may allocate: four for each pixel, twice.
const MAX_ALLOCATED: u64 = MAX_PIXELS * 8;

/// Quality of the JPEG, of 100: ink stays sharp.
const QUALITY: u8 = 85;

/// Writes the page that `photo` shows to `page`. Its content decides what kind of file it is, not its name.
///
/// # Errors
/// [`WrittenError`]: no photo of a known kind, a damaged or too large one, or a file that cannot be read
/// or written.
pub fn page(photo: &Path, page: &Path, max_bytes: u64) -> Result<(), WrittenError> {
    if fs::metadata(photo)?.len() > max_bytes {
        return Err(WrittenError::TooLarge(format!("a photo of more than {max_bytes} bytes")));
    }
    let bytes = fs::read(photo)?;
    let photo = if heic::is_heic(&bytes) { heic::decode(&bytes)? } else { decode(&bytes)? };
    let pixels = fit(photo.pixels);
    let mut file = BufWriter::new(File::create(page)?);
    let mut encoder = JpegEncoder::new_with_quality(&mut file, QUALITY);
    if let Some(profile) = photo.icc_profile {
        // Without it, colours are a little off; that is no reason to refuse a page.
        let _ = encoder.set_icc_profile(profile);
    }
    encoder.encode_image(&on_white(pixels)).map_err(|error| match error {
        ImageError::IoError(error) => WrittenError::Io(error),
        other => WrittenError::Broken(other.to_string()),
    })?;
    Ok(file.flush()?)
}

fn decode(bytes: &[u8]) -> Result<Photo, WrittenError> {
    let mut reader = ImageReader::new(BufReader::new(Cursor::new(bytes))).with_guessed_format()?;
    let known = [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP];
    if !reader.format().is_some_and(|format| known.contains(&format)) {
        return Err(WrittenError::Unsupported("no JPEG, PNG, HEIC or WebP".into()));
    }
    let mut limits = Limits::default();
    limits.max_alloc = Some(MAX_ALLOCATED);
    reader.limits(limits);
    let mut decoder = reader.into_decoder()?;
    let (width, height) = decoder.dimensions();
    check_pixels(width, height)?;
    // What is wrong in a camera's notes does not make the picture worse.
    let orientation = decoder.orientation().unwrap_or(Orientation::NoTransforms);
    let icc_profile = decoder.icc_profile().unwrap_or_default();
    let mut pixels = DynamicImage::from_decoder(decoder)?;
    pixels.apply_orientation(orientation);
    Ok(Photo { pixels, icc_profile })
}

/// Smaller, if it is larger than a page needs.
fn fit(pixels: DynamicImage) -> DynamicImage {
    if pixels.width().max(pixels.height()) <= MAX_SIDE {
        return pixels;
    }
    pixels.resize(MAX_SIDE, MAX_SIDE, FilterType::Triangle)
}

/// The picture on white paper, where it is transparent.
fn on_white(pixels: DynamicImage) -> RgbImage {
    if !pixels.color().has_alpha() {
        return pixels.into_rgb8();
    }
    let seen = pixels.into_rgba8();
    RgbImage::from_fn(seen.width(), seen.height(), |x, y| {
        let [red, green, blue, alpha] = seen.get_pixel(x, y).0.map(u32::from);
        // At most 255 × 255, divided by 255.
        let over = |ink| u8::try_from((ink * alpha + 255 * (255 - alpha)) / 255).unwrap_or(u8::MAX);
        Rgb([over(red), over(green), over(blue)])
    })
}

impl From<ImageError> for WrittenError {
    fn from(error: ImageError) -> Self {
        match error {
            ImageError::Unsupported(error) => Self::Unsupported(error.to_string()),
            ImageError::Limits(error) => Self::TooLarge(error.to_string()),
            // The photo is in memory, so even an I/O error is about its content.
            other => Self::Broken(other.to_string()),
        }
    }
}
