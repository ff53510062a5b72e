//! Edit lists, timestamps that repeat or start again, and the last picture's duration.

use crate::boxes::{set_durations, set_edit};
use crate::support::{BEEPS, Fixture, PLAIN, QUADRANTS, assert_near};

/// Five seconds of red and five of blue.
const RED_THEN_BLUE: &str =
    "-f lavfi -i color=red:s=320x180:r=30:d=5[r];color=blue:s=320x180:r=30:d=5[b];[r][b]concat";

#[test]
fn what_a_trim_hides_is_not_shown() {
    let fixture = Fixture::new();
    let video =
        fixture.make("v.mp4", &format!("{RED_THEN_BLUE} {BEEPS}"), &format!("-t 10 {PLAIN}"));
    // Three seconds from 5.5 s, far from a key frame.
    set_edit(&video, 0, &[(3000, 5 * 15_360 + 7680)]);
    set_edit(&video, 1, &[(3000, 5 * 48_000 + 24_000)]);
    let outcome = fixture.run(&video).unwrap();
    assert!(!outcome.rendition.remuxed, "a copy would keep what was cut out");
    assert_eq!(outcome.quadrants(0.0), "BBBB");
    assert!(outcome.times().len().abs_diff(90) <= 1, "{:?}", outcome.times());
    assert!(outcome.info.duration_ms.abs_diff(3000) <= 50, "{}", outcome.info.duration_ms);
    assert_near(&outcome.beeps(), &[0.5, 1.5, 2.5]);
    assert_eq!(outcome.info.scan.lost_ms, 0);
}

#[test]
fn a_trim_at_the_end_is_no_damage() {
    let fixture = Fixture::new();
    let video = fixture.plain("v.mp4", 20);
    // Before the beep at 3 s.
    set_edit(&video, 0, &[(2900, 0)]);
    set_edit(&video, 1, &[(2900, 1024)]);
    let outcome = fixture.run(&video).unwrap();
    assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0]);
    assert!(
        outcome.rendition.duration_ms.abs_diff(2900) <= 50,
        "{}",
        outcome.rendition.duration_ms
    );
}

#[test]
fn edit_lists_of_several_parts_are_followed() {
    let fixture = Fixture::new();
    let video =
        fixture.make("v.mp4", &format!("{RED_THEN_BLUE} {BEEPS}"), &format!("-t 10 {PLAIN}"));
    set_edit(&video, 0, &[(1000, 6 * 15_360), (1000, 15_360)]);
    set_edit(&video, 1, &[(1000, 6 * 48_000 + 1024), (1000, 48_000 + 1024)]);
    let outcome = fixture.run(&video).unwrap();
    assert_eq!((outcome.quadrants(0.5), outcome.quadrants(1.5)), ("BBBB".into(), "RRRR".into()));
    // The last AAC frame goes on for some milliseconds after the end.
    assert_near(&outcome.beeps()[..2], &[0.0, 1.0]);
    assert!(outcome.times().len().abs_diff(60) <= 1, "{:?}", outcome.times());
    assert_eq!(outcome.info.scan.lost_ms, 0);
    assert!(
        outcome.rendition.duration_ms.abs_diff(2000) <= 80,
        "{}",
        outcome.rendition.duration_ms
    );
}

#[test]
fn repeated_times_are_encoded_where_they_cannot_be_copied() {
    let fixture = Fixture::new();
    let video = fixture.plain("picture.mp4", 3);
    set_durations(&video, 0, &[(40, 512), (2, 0), (48, 512)]);
    let outcome = fixture.run(&video).unwrap();
    assert!(!outcome.rendition.remuxed);
    assert!(outcome.times().windows(2).all(|pair| pair[0] < pair[1]), "{:?}", outcome.times());
    let video = fixture.plain("sound.mp4", 3);
    set_durations(&video, 1, &[(60, 1024), (3, 0), (79, 1024)]);
    let outcome = fixture.run(&video).unwrap();
    assert!(!outcome.rendition.remuxed);
    assert_near(&outcome.beeps()[..2], &[0.0, 1.0]);
}

#[test]
fn negative_times_are_moved_to_zero() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mkv",
        &format!("{QUADRANTS} {BEEPS}"),
        &format!("-t 3 {PLAIN} -output_ts_offset -1 -avoid_negative_ts disabled"),
    );
    let outcome = fixture.run(&video).unwrap();
    assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0]);
    assert!(outcome.times()[0] <= 0.1, "{:?}", outcome.times());
}

#[test]
fn the_last_picture_stays_until_the_end() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "slides.mp4",
        &format!("{QUADRANTS} {BEEPS}"),
        // One picture every four seconds, sound until the end.
        "-t 10 -vf select=not(mod(n\\,120)) -vsync vfr -c:v libx264 -preset ultrafast \
         -pix_fmt yuv420p -c:a mp3",
    );
    let outcome = fixture.run(&video).unwrap();
    let times = outcome.times();
    assert_near(&times[..3], &[0.0, 4.0, 8.0]);
    assert!(*times.last().unwrap() >= 9.8, "{times:?}");
}

#[test]
fn a_single_picture_is_shown_as_long_as_there_is_sound() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "still.mov",
        &format!("{QUADRANTS},trim=end_frame=1 {BEEPS}"),
        "-t 6 -c:v mjpeg -pix_fmt yuvj420p -c:a aac",
    );
    let outcome = fixture.run(&video).unwrap();
    let times = outcome.times();
    assert!(times.len() >= 2 && *times.last().unwrap() >= 5.9, "{times:?}");
    assert_eq!(outcome.quadrants(3.0), "RGBW");
}

#[test]
fn times_that_start_again_go_on() {
    let fixture = Fixture::new();
    let part = fixture.make("part.ts", &format!("{QUADRANTS} {BEEPS}"), &format!("-t 3 {PLAIN}"));
    let video = fixture.path("both.ts");
    let part = std::fs::read(part).unwrap();
    std::fs::write(&video, [&part[..], &part].concat()).unwrap();
    let outcome = fixture.run(&video).unwrap();
    assert!(
        outcome.rendition.duration_ms.abs_diff(6000) <= 150,
        "{}",
        outcome.rendition.duration_ms
    );
    assert!(outcome.times().len().abs_diff(180) <= 2, "{}", outcome.times().len());
    assert_eq!(outcome.beeps().len(), 6, "{:?}", outcome.beeps());
}
