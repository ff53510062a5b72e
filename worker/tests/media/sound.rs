//! Gaps, changes of format in mid-stream, several tracks and odd layouts.

use huibao_models::domain::failure::FailureCode;

use crate::support::{BEEPS, Fixture, PLAIN, QUADRANTS, assert_near, beeps, samples};

#[test]
fn short_gaps_do_not_add_up() {
    let fixture = Fixture::new();
    // 80 ms are missing after each of the first three seconds.
    let gaps = "asetnsamples=480,aselect=gte(mod(t\\,1)\\,0.18)+lt(mod(t\\,1)\\,0.1)+gt(t\\,3.5)";
    let options = format!("-t 6 -af {gaps} -c:v libx264 -preset ultrafast -c:a pcm_s16le");
    let video = fixture.make("v.mkv", &format!("{QUADRANTS} {BEEPS}"), &options);
    let outcome = fixture.run(&video).unwrap();
    assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
    assert_near(&beeps(&outcome.sound), &[0.0, 1.0, 2.0, 3.0, 4.0, 5.0]);
}

#[test]
fn sound_stays_in_step_when_its_format_changes() {
    for (first, second, gap) in [
        ("48000 -ac 1", "44100 -ac 1", 0),
        ("44100 -ac 2", "48000 -ac 1", 2),
        ("16000 -ac 1", "48000 -ac 2", 1),
    ] {
        let fixture = Fixture::new();
        let mut bytes = Vec::new();
        for (index, format) in [first, second].into_iter().enumerate() {
            // Not from zero: what lies before it would be moved, in the first part alone.
            let offset = 1 + index * (3 + gap);
            let part = fixture.make(
                &format!("{index}.ts"),
                &format!("{QUADRANTS} {BEEPS}"),
                &format!("-t 3 {PLAIN} -ar {format} -output_ts_offset {offset}"),
            );
            bytes.extend(std::fs::read(part).unwrap());
        }
        let video = fixture.path("v.ts");
        std::fs::write(&video, bytes).unwrap();
        let outcome = fixture.run(&video).unwrap();
        let start = f64::from(u32::try_from(3 + gap).unwrap());
        let expected = [0.0, 1.0, 2.0, start, start + 1.0, start + 2.0];
        // AAC encoders begin 1024 samples early; the transport stream does not say so.
        let lead = outcome.beeps()[0];
        assert!(lead < 0.07, "{lead}");
        assert_near(&outcome.times()[..1], &[lead]);
        assert_near(&outcome.beeps(), &expected.map(|time| time + lead));
        assert_near(&beeps(&outcome.sound), &expected.map(|time| time + lead));
    }
}

#[test]
fn two_microphones_are_both_heard() {
    let fixture = Fixture::new();
    // One beeps in odd seconds, the other one in even ones.
    let of = |rest| {
        format!(
            "-f lavfi -i aevalsrc=if(lt(mod(t\\,1)\\,0.1)*eq(mod(floor(t)\\,2)\\,{rest})\\,\
             0.5*sin(6283*t)\\,0):s=16000:c=mono"
        )
    };
    let video = fixture.make(
        "v.mov",
        &format!("{QUADRANTS} {} {}", of(0), of(1)),
        "-map 0 -map 1 -map 2 -t 4 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le",
    );
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.info.scan.sound_streams, [1, 2]);
    assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0, 3.0]);
    assert_near(&beeps(&outcome.sound), &[0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn a_silent_track_and_the_same_sound_again_are_left_out() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("{QUADRANTS} -f lavfi -i anullsrc=cl=mono {BEEPS}"),
        &format!("-map 0 -map 1 -map 2 -map 2 -t 4 {PLAIN}"),
    );
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.info.scan.sound_streams, [2]);
    assert_near(&outcome.beeps(), &[0.0, 1.0, 2.0, 3.0]);
}

#[test]
fn a_track_that_cannot_be_decoded_gives_way_to_one_that_can() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("{QUADRANTS} {BEEPS}"),
        &format!("-map 0 -map 1 -map 1 -t 2 {PLAIN} -disposition:a:0 default -disposition:a:1 0"),
    );
    // The first track gets a codec that nobody knows.
    let mut bytes = std::fs::read(&video).unwrap();
    let entry = bytes.windows(4).position(|window| window == b"mp4a").unwrap();
    bytes[entry..entry + 4].copy_from_slice(b"apac");
    let esds = bytes.windows(4).position(|window| window == b"esds").unwrap();
    bytes[esds..esds + 4].copy_from_slice(b"free");
    std::fs::write(&video, bytes).unwrap();
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.info.scan.sound_streams, [2]);
    assert_near(&outcome.beeps(), &[0.0, 1.0]);
}

#[test]
fn channels_that_cancel_each_other_out_are_heard() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mp4",
        &format!("{QUADRANTS} {BEEPS}"),
        &format!("-t 3 -af pan=stereo|c0=c0|c1=-1*c0 {PLAIN}"),
    );
    let outcome = fixture.run(&video).unwrap();
    assert!(outcome.info.scan.antiphase);
    assert_near(&beeps(&outcome.sound), &[0.0, 1.0, 2.0]);
    // On a phone's one loudspeaker, too.
    let mono = samples(&outcome.file, "pan=mono|c0=0.5*c0+0.5*c1");
    assert!(mono.iter().any(|sample| sample.abs() > 0.3));
}

#[test]
fn ten_channels_are_refused_and_eight_are_mixed() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "ten.mov",
        &format!("{QUADRANTS} -f lavfi -i aevalsrc=0|0|0|0|0|0|0|0|0|0:s=8000"),
        "-t 1 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le",
    );
    assert_eq!(fixture.run(&video).err(), Some(FailureCode::UnsupportedCodec));
    let video = fixture.make(
        "eight.mov",
        &format!("{QUADRANTS} {BEEPS}"),
        "-t 2 -af pan=7.1|FC=c0 -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a pcm_s16le",
    );
    assert_near(&beeps(&fixture.run(&video).unwrap().sound), &[0.0, 1.0]);
}

#[test]
fn sound_long_before_the_first_picture_is_kept() {
    let fixture = Fixture::new();
    let video = fixture.make(
        "v.mkv",
        &format!("-itsoffset 60 {QUADRANTS} {BEEPS}"),
        &format!("-t 62 {PLAIN}"),
    );
    let outcome = fixture.run(&video).unwrap();
    assert_eq!(outcome.beeps().len(), 62);
    assert!((outcome.times()[0] - 60.0).abs() < 0.1, "{:?}", &outcome.times()[..3]);
}
