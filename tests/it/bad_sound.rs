//! Sound as bad as people hand it in: each gives a sensible transcript, or says that nobody speaks.

use std::path::Path;

use serde_json::Value;

use crate::support::media::ffmpeg;
use crate::support::text::character_error_rate;
use crate::support::{fixture, process, tool};

/// The first sentences of the sample, and where they end.
const SAID: &str = "敬爱的党组织，您好！我是计算机学院二零二四级本科生，现在向组织汇报我这个季度的思想和学习情况。\
    这个学期，我参加了入党积极分子培训班，系统学习了党的章程和党的历史。";
const UNTIL_SECONDS: &str = "16.9";

/// What `process` makes of a video whose sound is the sample's start after a filter graph.
fn heard(filter: &str, audio: &str) -> Value {
    let folder = tempfile::tempdir().unwrap();
    let sound = format!("-t {UNTIL_SECONDS} -i {}", fixture("report-zh.flac").display());
    of_sound(
        folder.path(),
        &sound,
        &format!("-filter_complex [1:a]{filter}[out] -map 0:v -map [out] {audio}"),
    )
}

fn of_sound(folder: &Path, sound: &str, options: &str) -> Value {
    let video = folder.join("video.mov");
    let inputs = format!("-f lavfi -i color=c=black:s=64x64:r=5 {sound}");
    let encode = "-shortest -c:v libx264 -preset ultrafast -pix_fmt yuv420p";
    ffmpeg(&video, &inputs, &format!("{options} {encode}"));
    let (code, json) = process(&video, &folder.join("out"), &[]);
    assert_eq!(code, 0, "{json}");
    json["transcript"].clone()
}

fn assert_heard(transcript: &Value, most: f64) {
    let rate = character_error_rate(SAID, transcript["text"].as_str().unwrap());
    assert!(rate <= most, "{rate}: {transcript}");
}

#[test]
fn a_telephone_is_understood() {
    assert_heard(&heard("highpass=f=300,lowpass=f=3400,aresample=8000", "-c:a pcm_alaw"), 0.3);
}

#[test]
fn speech_in_the_middle_of_six_channels_is_understood() {
    assert_heard(&heard("pan=5.1|FC=c0", "-c:a aac"), 0.2);
}

#[test]
fn clipped_speech_is_understood() {
    assert_heard(&heard("volume=30dB,aformat=sample_fmts=s16", "-c:a aac"), 0.3);
}

#[test]
fn a_whisper_far_from_the_microphone_is_understood() {
    assert_heard(&heard("volume=-50dB", "-c:a pcm_s16le"), 0.3);
}

#[test]
fn music_under_speech_is_not_in_its_way() {
    let music = "aevalsrc=0.04*(sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))*(0.6+0.4*sin(3*t)):s=16000";
    let filter =
        format!("aresample=16000[a];{music}[m];[a][m]amix=inputs=2:duration=first:normalize=0");
    assert_heard(&heard(&filter, "-c:a aac"), 0.3);
}

/// Two people at once: some of it is understood, nothing goes round in circles.
#[test]
fn two_people_at_once_give_text() {
    let second = "aresample=16000,asplit[a][b];[b]atrim=start=8,asetpts=PTS-STARTPTS,asetrate=18000,\
        aresample=16000,volume=-6dB[c];[a][c]amix=inputs=2:duration=first:normalize=0";
    let transcript = heard(second, "-c:a aac");
    let text = transcript["text"].as_str().unwrap();
    let letters = text.chars().filter(|c| c.is_alphanumeric()).count();
    assert!((20..150).contains(&letters), "{transcript}");
}

/// Nothing Mandarin is made of what is not.
#[test]
fn another_language_is_noticed() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("english.wav");
    let said = "Dear party organisation, this quarter I took part in the training course for applicants. \
        I also helped elderly people in our neighbourhood to use their smart phones. In the next \
        quarter I plan to write one page of notes every week.";
    tool("espeak-ng", &["-v", "en-us", "-s", "150", "-w", sound.to_str().unwrap(), said]);
    let sound = format!("-i {}", sound.display());
    let transcript = of_sound(folder.path(), &sound, "-map 0:v -map 1:a -c:a aac");
    assert_eq!(transcript["language"], "en", "{transcript}");
    assert!(transcript["text"].as_str().unwrap().contains("training course"), "{transcript}");
}

#[test]
fn a_moment_of_sound_is_no_failure() {
    let folder = tempfile::tempdir().unwrap();
    let sound = format!("-ss 0.5 -t 0.2 -i {}", fixture("report-zh.flac").display());
    let transcript = of_sound(folder.path(), &sound, "-map 0:v -map 1:a -c:a aac");
    let text = transcript["text"].as_str().unwrap();
    assert!(text.chars().filter(|c| c.is_alphanumeric()).count() <= 4, "{transcript}");
}
