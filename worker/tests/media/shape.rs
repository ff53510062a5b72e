//! Size, orientation, aspect ratio and fields.

use huibao_models::domain::failure::FailureCode;

use crate::boxes::set_matrix;
use crate::support::{BEEPS, Fixture, PLAIN, QUADRANTS, quadrants, tool};

#[test]
fn mirrored_and_turned_pictures_come_out_upright() {
    for (matrix, expected, size) in [
        ([1, 0, 0, 1], "RGBW", "320,180"),
        ([-1, 0, 0, 1], "GRWB", "320,180"),
        ([1, 0, 0, -1], "BWRG", "320,180"),
        ([-1, 0, 0, -1], "WBGR", "320,180"),
        ([0, 1, -1, 0], "BRWG", "180,320"),
        ([0, -1, 1, 0], "GWRB", "180,320"),
        ([0, 1, 1, 0], "RBGW", "180,320"),
        ([0, -1, -1, 0], "WGBR", "180,320"),
    ] {
        let fixture = Fixture::new();
        let video = fixture.plain("v.mp4", 2);
        set_matrix(&video, matrix);
        let outcome = fixture.run(&video).unwrap();
        assert_eq!(outcome.quadrants(1.0), expected, "{matrix:?}");
        assert_eq!(quadrants(&outcome.poster, 0.0), expected, "the poster of {matrix:?}");
        assert_eq!(outcome.picture("width,height"), size, "{matrix:?}");
        assert_eq!(outcome.rendition.remuxed, matrix == [1, 0, 0, 1]);
    }
}

/// A file of three seconds in one size and three in another, as browsers and calls record it.
fn resized(fixture: &Fixture, name: &str, options: &str, sizes: [&str; 2]) -> std::path::PathBuf {
    let mut bytes = Vec::new();
    for (index, size) in sizes.iter().enumerate() {
        let part = fixture.make(
            &format!("{index}.ts"),
            &format!("{QUADRANTS} {BEEPS}"),
            // Square pixels: by itself, `scale` keeps the shape of the picture that is shown.
            &format!("-t 3 -vf scale={size},setsar=1 {options} -output_ts_offset {}", index * 3),
        );
        bytes.extend(std::fs::read(part).unwrap());
    }
    let path = fixture.path(name);
    std::fs::write(&path, bytes).unwrap();
    path
}

#[test]
fn pictures_that_change_their_size_all_come_out_in_the_largest() {
    let fixture = Fixture::new();
    let video = resized(&fixture, "v.ts", PLAIN, ["320:180", "640:360"]);
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.picture("width,height"), "640,360");
    assert!(outcome.times().len().abs_diff(180) <= 2, "{}", outcome.times().len());
    assert_eq!((outcome.quadrants(1.0), outcome.quadrants(5.0)), ("RGBW".into(), "RGBW".into()));

    // The same in MP4, where both sizes stand in one track, is not copied.
    let both = fixture.make("v.mp4", &format!("-i {}", video.display()), "-c copy");
    let outcome = fixture.run(&both).unwrap();
    assert!(!outcome.rendition.remuxed);
    assert!(outcome.times().len().abs_diff(180) <= 2, "{}", outcome.times().len());
}

#[test]
fn a_turned_phone_gets_bars_and_no_distortion() {
    let fixture = Fixture::new();
    let video = resized(&fixture, "v.ts", PLAIN, ["320:180", "180:320"]);
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.picture("width,height"), "320,180");
    assert_eq!(outcome.quadrants(1.0), "RGBW");
    assert_eq!(outcome.quadrants(5.0), "----", "black on both sides");
}

#[test]
fn the_containers_aspect_ratio_is_followed() {
    let fixture = Fixture::new();
    let plain = fixture.plain("v.mp4", 2);
    for name in ["pasp.mp4", "display.mkv"] {
        let video = fixture.make(name, &format!("-i {}", plain.display()), "-c copy -aspect 4:3");
        let outcome = fixture.run(&video).unwrap();
        assert_eq!(outcome.picture("width,height,sample_aspect_ratio"), "240,180,1:1", "{name}");
        assert!(!outcome.rendition.remuxed);
    }
}

#[test]
fn interlaced_video_is_deinterlaced() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("-f lavfi -i testsrc2=s=320x240:r=50 {BEEPS}"),
        "-t 3 -vf interlace -c:v libx264 -preset ultrafast -pix_fmt yuv420p \
         -flags +ildct+ilme -x264opts tff=1 -c:a aac",
    );
    let outcome = fixture.run(&video).unwrap();
    assert!(!outcome.rendition.remuxed);
    assert_eq!(outcome.picture("field_order"), "progressive");
    let script = format!("movie={},idet", outcome.file.display());
    let show = "frame_tags=lavfi.idet.multiple.current_frame";
    let args =
        ["-v", "error", "-f", "lavfi", "-i", &script, "-show_entries", show, "-of", "csv=p=0"];
    let frames = String::from_utf8(tool("ffprobe", &args)).unwrap();
    let fields = frames.lines().filter(|line| line.contains("tff") || line.contains("bff")).count();
    assert!(fields * 10 < frames.lines().count(), "{frames}");
}

#[test]
fn very_wide_pictures_are_shrunk_or_refused() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "wide.mov",
        &format!("-f lavfi -i testsrc2=s=20000x64:r=5 {BEEPS}"),
        "-t 1 -c:v mjpeg -pix_fmt yuvj420p -c:a aac",
    );
    let width = fixture.run(&video).unwrap().rendition.width;
    assert!(width <= 2880, "{width}");
    let video = fixture.make(
        "large.mov",
        &format!("-f lavfi -i color=s=10000x10000:r=1 {BEEPS}"),
        "-t 1 -c:v mjpeg -pix_fmt yuvj420p -c:a aac",
    );
    assert_eq!(fixture.run(&video).err(), Some(FailureCode::TooLarge));
}
