//! Levels, tags and high dynamic range.

use crate::support::{BEEPS, Fixture, Outcome, QUADRANTS, raw_picture};

const HEVC: &str = "-c:v libx265 -preset ultrafast -pix_fmt yuv420p10le -c:a aac";
const H264: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";
const TAGS: &str = "codec_name,profile,pix_fmt,level";
const COLORS: &str = "color_range,color_space,color_transfer,color_primaries";

/// Colours stand in the container, where players look first.
#[track_caller]
fn assert_colr(outcome: &Outcome) {
    let bytes = std::fs::read(&outcome.file).unwrap();
    assert!(bytes.windows(8).any(|window| window == b"colrnclx"), "no colr box");
}

#[test]
fn the_level_is_what_the_size_and_rate_ask_for() {
    for (size, level) in [("1920x1080", "31"), ("1280x720", "31"), ("320x180", "13")] {
        let fixture = Fixture::new();
        let source = format!("-f lavfi -i testsrc2=s={size}:r=30 {BEEPS}");
        let video = fixture.make("v.mkv", &source, "-t 1 -c:v mpeg4 -c:a aac");
        let outcome = fixture.run(&video).unwrap();
        assert_eq!(outcome.picture(TAGS), format!("h264,High,yuv420p,{level}"));
        assert_colr(&outcome);
    }
}

#[test]
fn what_is_not_tagged_gets_the_tags_that_players_assume() {
    for (size, options, colors) in [
        ("1280x720", "-c:v mpeg4 -c:a aac", "tv,bt709,bt709,bt709"),
        ("320x180", "-c:v mpeg4 -c:a aac", "tv,smpte170m,smpte170m,smpte170m"),
        ("1280x720", "-c:v libx264rgb -preset ultrafast -c:a aac", "tv,bt709,bt709,bt709"),
        ("320x180", "-c:v libx264rgb -preset ultrafast -c:a aac", "tv,bt709,bt709,bt709"),
        ("640x360", H264, "tv,smpte170m,smpte170m,smpte170m"),
    ] {
        let fixture = Fixture::new();
        let scaled = format!("-t 1 -vf scale={} {options}", size.replace('x', ":"));
        let video = fixture.make("v.mkv", &format!("{QUADRANTS} {BEEPS}"), &scaled);
        let outcome = fixture.run(&video).unwrap();
        assert_eq!(outcome.picture(COLORS), colors, "{size} {options}");
        assert_colr(&outcome);
        assert_eq!(outcome.quadrants(0.5), "RGBW");
    }
}

#[test]
fn rgb_comes_out_in_its_colours() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("-f lavfi -i color=0x20A040:s=1280x720:r=30 {BEEPS}"),
        "-t 1 -c:v libx264rgb -preset ultrafast -qp 0 -c:a aac",
    );
    let outcome = fixture.run(&video).unwrap();
    let filter = "crop=2:2,scale=in_color_matrix=bt709,format=rgb24";
    let pixel = raw_picture(&outcome.file, &[], filter);
    let off = [0x20, 0xA0, 0x40].iter().zip(&pixel).map(|(a, &b)| u8::abs_diff(*a, b)).max();
    assert!(off.unwrap() <= 4, "{pixel:?}");
}

#[test]
fn hlg_without_primaries_or_matrix_is_bt_2020() {
    for missing in ["colorprim", "colormatrix"] {
        let tags = ["colorprim=bt2020", "colormatrix=bt2020nc", "transfer=arib-std-b67"];
        let tags: Vec<_> = tags.into_iter().filter(|tag| !tag.starts_with(missing)).collect();
        let fixture = Fixture::new();
        let options = format!("-t 1 {HEVC} -x265-params log-level=error:{}", tags.join(":"));
        let video = fixture.make("v.mp4", &format!("{QUADRANTS} {BEEPS}"), &options);
        let outcome = fixture.run(&video).unwrap();
        assert_eq!(outcome.picture(COLORS), "tv,bt709,bt709,bt709", "without {missing}");
        assert_eq!(outcome.quadrants(0.5), "RGBW", "without {missing}");
    }
}

#[test]
fn hlg_in_eight_bits_is_not_copied() {
    let fixture = Fixture::new();
    let options =
        format!("-t 1 {H264} -color_primaries bt2020 -color_trc arib-std-b67 -colorspace bt2020nc");
    let video = fixture.make("v.mp4", &format!("{QUADRANTS} {BEEPS}"), &options);
    let outcome = fixture.run(&video).unwrap();
    assert!(!outcome.rendition.remuxed);
    assert_eq!(outcome.picture(COLORS), "tv,bt709,bt709,bt709");
}

/// The curve of ITU-R BT.2390 from 1000 cd/m² to a white of 203, for that white itself, in 8 bits of
/// BT.709.
fn white_by_reference() -> f64 {
    let pq = |nits: f64| {
        let y = (nits / 10_000.0).powf(0.159_301_757_812_5);
        ((0.835_937_5 + 18.851_562_5 * y) / (1.0 + 18.6875 * y)).powf(78.843_75)
    };
    let nits = |signal: f64| {
        let e = signal.powf(1.0 / 78.843_75);
        let ratio = (e - 0.835_937_5).max(0.0) / (18.851_562_5 - 18.6875 * e);
        10_000.0 * ratio.powf(1.0 / 0.159_301_757_812_5)
    };
    let (source, target) = (pq(1000.0), pq(203.0));
    let (white, most) = (target / source, target / source);
    let knee = 1.5 * most - 0.5;
    let t = (white - knee) / (1.0 - knee);
    let mapped = (2.0 * t.powi(3) - 3.0 * t.powi(2) + 1.0) * knee
        + (t.powi(3) - 2.0 * t.powi(2) + t) * (1.0 - knee)
        + (-2.0 * t.powi(3) + 3.0 * t.powi(2)) * most;
    let light = nits(mapped * source) / 203.0;
    16.0 + 219.0 * (1.099 * light.powf(0.45) - 0.099)
}

#[test]
fn white_in_hdr_is_as_bright_as_the_reference_has_it() {
    // 203 cd/m² in both: 75 % of HLG, 58 % of PQ.
    for (transfer, code) in [("arib-std-b67", 721), ("smpte2084", 572)] {
        let fixture = Fixture::new();
        let options = format!(
            "-t 1 -vf format=yuv420p10le,geq=lum={code}:cb=512:cr=512 {HEVC} -x265-params \
             log-level=error:colorprim=bt2020:colormatrix=bt2020nc:transfer={transfer}"
        );
        let source = format!("-f lavfi -i color=s=128x128:r=10 {BEEPS}");
        let video = fixture.make("v.mp4", &source, &options);
        let outcome = fixture.run(&video).unwrap();
        let luma = f64::from(raw_picture(&outcome.file, &[], "format=gray")[64 * 128 + 64]);
        let range = raw_picture(&outcome.file, &[], "extractplanes=y")[64 * 128 + 64];
        let reference = white_by_reference();
        assert!((f64::from(range) - reference).abs() <= 6.0, "{range} ({luma}), not {reference}");
    }
}
