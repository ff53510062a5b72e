//! Photos of pages as phones make them.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::fs;
use std::io::Cursor;
use std::path::Path;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_worker::written::page;
use image::codecs::jpeg::JpegEncoder;
use image::{DynamicImage, ImageEncoder, ImageFormat, Rgb, RgbImage, Rgba, RgbaImage};

const MAX_BYTES: u64 = 20 << 20;

/// A picture whose quadrants are red, green, blue and white, from the upper left to the lower right.
fn quadrants(width: u32, height: u32) -> DynamicImage {
    RgbImage::from_fn(width, height, |x, y| match (x < width / 2, y < height / 2) {
        (true, true) => Rgb([200, 30, 30]),
        (false, true) => Rgb([30, 160, 40]),
        (true, false) => Rgb([40, 60, 200]),
        (false, false) => Rgb([240, 240, 240]),
    })
    .into()
}

/// What EXIF says of a picture: its orientation, and the camera's maker, which must not be handed on.
fn exif(orientation: u8) -> Vec<u8> {
    let mut notes = b"II*\0\x08\0\0\0\x02\0".to_vec();
    notes.extend(*b"\x0f\x01\x02\0\x06\0\0\0\x26\0\0\0");
    notes.extend(*b"\x12\x01\x03\0\x01\0\0\0");
    notes.extend([orientation, 0, 0, 0]);
    notes.extend(*b"\0\0\0\0Phone\0");
    notes
}

fn encoded(picture: &DynamicImage, format: ImageFormat) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    picture.write_to(&mut bytes, format).unwrap();
    bytes.into_inner()
}

fn jpeg(orientation: u8) -> Vec<u8> {
    let mut bytes = Vec::new();
    let mut encoder = JpegEncoder::new_with_quality(&mut bytes, 90);
    encoder.set_exif_metadata(exif(orientation)).unwrap();
    quadrants(64, 48).write_with_encoder(encoder).unwrap();
    bytes
}

/// The bytes of the page that a photo becomes.
fn made(photo: &[u8]) -> Result<Vec<u8>, FailureCode> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("photo"), folder.path().join("page.jpg"));
    fs::write(&from, photo).unwrap();
    page(&from, &to, MAX_BYTES).map_err(|error| Failure::from(error).code)?;
    Ok(fs::read(to).unwrap())
}

fn read(photo: &[u8]) -> RgbImage {
    image::load_from_memory_with_format(&made(photo).unwrap(), ImageFormat::Jpeg).unwrap().to_rgb8()
}

/// The names of the colours in the middle of the quadrants.
fn colors(page: &RgbImage) -> String {
    let (width, height) = page.dimensions();
    [(1, 1), (3, 1), (1, 3), (3, 3)]
        .map(|(x, y)| {
            let Rgb([red, green, blue]) = *page.get_pixel(width * x / 4, height * y / 4);
            match (red > 120, green > 120, blue > 120) {
                (true, false, false) => 'R',
                (false, true, false) => 'G',
                (false, false, true) => 'B',
                (true, true, true) => 'W',
                (false, false, false) => 'K',
                _ => '?',
            }
        })
        .iter()
        .collect()
}

#[test]
fn every_orientation_comes_out_upright() {
    // EXIF 2.3, tag 0x0112.
    for (orientation, expected) in
        [(1, "RGBW"), (2, "GRWB"), (3, "WBGR"), (4, "BWRG"), (6, "BRWG"), (8, "GWRB")]
    {
        let page = read(&jpeg(orientation));
        assert_eq!(colors(&page), expected, "{orientation}");
        let turned = orientation > 4;
        assert_eq!(page.dimensions(), if turned { (48, 64) } else { (64, 48) });
    }
}

#[test]
fn every_format_gives_the_same_page() {
    let picture = quadrants(64, 48);
    for format in [ImageFormat::Jpeg, ImageFormat::Png, ImageFormat::WebP] {
        assert_eq!(colors(&read(&encoded(&picture, format))), "RGBW", "{format:?}");
    }
    // Made by libheif, and turned by it.
    let heic = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/written/rotated.heic");
    let page = read(&fs::read(heic).unwrap());
    assert_eq!((colors(&page).as_str(), page.dimensions()), ("BRWG", (480, 640)));
}

#[test]
fn what_the_camera_noted_stays_behind() {
    let heic = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/written/rotated.heic");
    for photo in [jpeg(6), fs::read(heic).unwrap()] {
        let has = |bytes: &[u8], what: &[u8]| bytes.windows(what.len()).any(|part| part == what);
        assert!(has(&photo, b"Phone"));
        let page = made(&photo).unwrap();
        assert!(!has(&page, b"Phone") && !has(&page, b"Exif"));
    }
}

#[test]
fn a_page_is_no_larger_than_readers_need() {
    let page = read(&encoded(&quadrants(3000, 4000), ImageFormat::Jpeg));
    assert_eq!((page.dimensions(), colors(&page).as_str()), ((1800, 2400), "RGBW"));
}

#[test]
fn what_is_transparent_is_white_paper() {
    let ink = RgbaImage::from_fn(64, 48, |x, y| {
        if x < 32 && y < 24 { Rgba([0, 0, 0, 255]) } else { Rgba([0, 0, 0, 0]) }
    });
    let page = read(&encoded(&ink.into(), ImageFormat::Png));
    assert_eq!(colors(&page), "KWWW");
}

#[test]
fn what_is_no_photo_is_told() {
    // A picture of 60 000 by 60 000 pixels, by its header.
    let mut bomb = encoded(&quadrants(8, 8), ImageFormat::Png);
    bomb[16..24].copy_from_slice(&[0, 0, 0xea, 0x60, 0, 0, 0xea, 0x60]);
    let checksum = crc32fast::hash(&bomb[12..29]);
    bomb[29..33].copy_from_slice(&checksum.to_be_bytes());
    let heic = fs::read(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/written/rotated.heic"),
    );
    let (heic, png) = (heic.unwrap(), encoded(&quadrants(64, 48), ImageFormat::Png));
    for (bytes, expected) in [
        (&b"no picture at all"[..], FailureCode::WrittenUnsupported),
        (b"", FailureCode::WrittenUnsupported),
        (b"GIF89a\x01\0\x01\0", FailureCode::WrittenUnsupported),
        (&heic[..heic.len() / 2], FailureCode::WrittenBroken),
        (&png[..png.len() / 2], FailureCode::WrittenBroken),
        (&bomb, FailureCode::WrittenTooLarge),
        (&vec![0xff; 21 << 20], FailureCode::WrittenTooLarge),
    ] {
        assert_eq!(made(bytes).err(), Some(expected), "{} bytes", bytes.len());
    }
}

#[test]
fn flipped_bytes_never_panic() {
    let heic = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/written/rotated.heic");
    let webp = encoded(&quadrants(64, 48), ImageFormat::WebP);
    for whole in [jpeg(6), webp, fs::read(heic).unwrap()] {
        for at in (0..whole.len()).step_by(whole.len() / 60) {
            let mut bytes = whole.clone();
            bytes[at] ^= 0x55;
            let _ = made(&bytes);
        }
    }
}
