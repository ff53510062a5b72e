//! Damage that players forgive, and what is told of it.

use huibao_models::domain::failure::FailureCode;

use crate::support::{BEEPS, Fixture, PLAIN, QUADRANTS, assert_near};

#[test]
fn empty_pictures_repeat_the_last_one() {
    let fixture = Fixture::new();
    // The AVI muxer writes empty pictures where times have holes.
    let video = fixture.make(
        "v.avi",
        &format!("{QUADRANTS} {BEEPS}"),
        "-t 4 -vf select=lt(mod(n\\,10)\\,5) -vsync vfr -c:v mpeg4 -c:a mp3",
    );
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.info.scan.lost_ms, 0);
    assert!(outcome.times().len().abs_diff(60) <= 2, "{}", outcome.times().len());
    assert_near(&outcome.beeps()[1..3], &[1.0, 2.0]);
}

#[test]
fn an_avi_without_its_end_is_truncated() {
    let fixture = Fixture::new();
    let video = fixture.make("v.avi", &format!("{QUADRANTS} {BEEPS}"), "-t 4 -c:v mpeg4 -c:a mp3");
    let bytes = std::fs::read(&video).unwrap();
    std::fs::write(&video, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(fixture.run(&video).err(), Some(FailureCode::Truncated));
}

#[test]
fn what_is_missing_at_the_end_is_counted() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("-f lavfi -i testsrc2=s=320x180:r=30 {BEEPS}"),
        &format!("-t 20 {PLAIN} -movflags +faststart"),
    );
    let bytes = std::fs::read(&video).unwrap();
    std::fs::write(&video, &bytes[..bytes.len() - bytes.len() / 60]).unwrap();
    let outcome = fixture.run(&video).unwrap();
    let lost = outcome.info.scan.lost_ms;
    assert!((100..600).contains(&lost), "{lost}");
    std::fs::write(&video, &bytes[..bytes.len() / 2]).unwrap();
    assert_eq!(fixture.run(&video).err(), Some(FailureCode::Truncated));
}

#[test]
fn damaged_pictures_in_the_middle_cost_no_more_than_themselves() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mkv",
        &format!("-f lavfi -i testsrc2=s=320x180:r=30 {BEEPS}"),
        &format!("-t 6 {PLAIN} -g 30"),
    );
    let mut bytes = std::fs::read(&video).unwrap();
    let middle = bytes.len() / 2;
    bytes[middle..middle + 2000].fill(0x5a);
    std::fs::write(&video, bytes).unwrap();
    let outcome = fixture.run(&video).unwrap();
    assert!(outcome.times().len() >= 150, "{}", outcome.times().len());
    assert!(outcome.rendition.duration_ms.abs_diff(6000) <= 100);
}

#[test]
fn recordings_put_together_byte_by_byte_say_what_is_lost() {
    let fixture = Fixture::new();
    let first = fixture.plain("first.mp4", 4);
    let second = fixture.plain("second.mp4", 3);
    let both = fixture.path("both.mp4");
    let bytes = [first, second].map(|part| std::fs::read(part).unwrap()).concat();
    std::fs::write(&both, bytes).unwrap();
    // Players show the first one only.
    let outcome = fixture.run(&both).unwrap();
    assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0, 3.0]);
    assert!(outcome.info.scan.lost_ms.abs_diff(3000) < 50, "{}", outcome.info.scan.lost_ms);
}
