//! What may be copied: only what plays everywhere.

use crate::support::{BEEPS, Fixture, PLAIN, QUADRANTS, assert_near, probe, tool};

/// Whether a video that is encoded with these options is copied.
fn copied(name: &str, options: &str) -> bool {
    let fixture = Fixture::new();
    let video = fixture.make(name, &format!("{QUADRANTS} {BEEPS}"), &format!("-t 2 {options}"));
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.quadrants(1.0), "RGBW", "{options}");
    assert_eq!(outcome.picture("pix_fmt"), "yuv420p", "{options}");
    outcome.rendition.remuxed
}

#[test]
fn what_every_browser_plays_is_copied() {
    assert!(copied("v.mp4", PLAIN));
    assert!(copied("v.mkv", PLAIN));
    assert!(copied("v.mov", &format!("{PLAIN} -profile:v baseline")));
    assert!(copied("v.mp4", "-c:v libx264 -pix_fmt yuv420p -profile:v main -c:a aac -ac 2"));
}

#[test]
fn what_some_players_refuse_is_encoded() {
    for options in [
        "-c:v libx264 -qp 0 -pix_fmt yuv420p -c:a aac",
        "-c:v libx264 -pix_fmt yuv422p -c:a aac",
        "-c:v libx264 -pix_fmt yuv444p -c:a aac",
        "-c:v libx264 -pix_fmt yuv420p10le -c:a aac",
        "-c:v libx264 -pix_fmt yuvj420p -c:a aac",
        "-c:v libx264 -pix_fmt yuv420p -level 5.2 -c:a aac",
        "-c:v libx264 -pix_fmt yuv420p -flags -cgop -g 15 -c:a aac",
        "-c:v libx264 -pix_fmt yuv420p -flags +ildct+ilme -x264opts tff=1 -c:a aac",
        "-c:v libx264 -pix_fmt yuv420p -c:a mp3",
        "-c:v libx264 -pix_fmt yuv420p -c:a aac -ac 6",
        "-c:v libx264 -pix_fmt yuv420p -c:a aac -ar 96000",
    ] {
        assert!(!copied("v.mp4", options), "{options}");
    }
}

#[test]
fn a_bit_rate_that_no_phone_network_carries_is_encoded() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("-f lavfi -i testsrc2=s=640x360:r=30 {BEEPS}"),
        "-t 2 -vf noise=alls=100:allf=t -c:v libx264 -preset ultrafast -qp 20 -pix_fmt yuv420p -c:a aac",
    );
    assert!(!fixture.run(&video).unwrap().rendition.remuxed);
}

#[test]
fn pictures_are_copied_where_only_the_sound_is_encoded() {
    let md5 = |file: &std::path::Path| {
        let args = ["-v", "error", "-i", file.to_str().unwrap(), "-map", "0:v", "-c", "copy"];
        tool("ffmpeg", &[&args[..], &["-f", "md5", "-"]].concat())
    };
    let fixture = Fixture::new();
    for (name, sound) in [("pcm.mov", "-c:a pcm_s16le"), ("opus.mkv", "-c:a libopus")] {
        let options = format!("-t 4 -c:v libx264 -preset ultrafast -pix_fmt yuv420p {sound}");
        let video = fixture.make(name, &format!("{QUADRANTS} {BEEPS}"), &options);
        let outcome = fixture.run(&video).unwrap();
        assert!(!outcome.rendition.remuxed, "{name}: not all of it is a copy");
        assert_eq!(md5(&outcome.file), md5(&video), "{name}");
        assert_eq!(probe(&outcome.file, "a:0", "stream=codec_name").trim(), "aac");
        assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0, 3.0]);
        assert!(outcome.times()[0] < 0.04, "{name}: {:?}", outcome.times());
    }
}
