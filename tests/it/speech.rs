//! What recognition with real weights makes of sound: the times of words, and nothing out of noise.

use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::support::media::ffmpeg;
use crate::support::{fixture, process};

/// The transcript in the bag of a video with this sound; `more` goes to the command.
fn transcript(folder: &Path, sound: &Path, more: &[&str]) -> Value {
    let video = folder.join("video.mp4");
    let inputs = format!("-f lavfi -i color=c=black:s=64x64:r=5 -i {}", sound.display());
    ffmpeg(&video, &inputs, "-shortest -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac");
    let (code, json) = process(&video, &folder.join("out"), more);
    assert_eq!(code, 0, "{json}");
    let bag = PathBuf::from(json["bag"].as_str().unwrap());
    serde_json::from_slice(&std::fs::read(bag.join("data/transcript.json")).unwrap()).unwrap()
}

/// Another of Whisper's sizes, as published in 16 bits, is one setting; the transcript says which it was.
#[test]
fn another_model_is_one_setting() {
    let folder = tempfile::tempdir().unwrap();
    let sound = folder.path().join("sound.wav");
    ffmpeg(&sound, &format!("-t 17 -i {}", fixture("report-zh.flac").display()), "-ar 16000");
    let transcript = transcript(folder.path(), &sound, &["--model", "tiny"]);
    let recognizer = &transcript["recognizer"];
    assert_eq!(recognizer["model"], "ggml-tiny", "{recognizer}");
    assert_eq!(
        recognizer["model_sha256"],
        "be07e048e1e599ad46341c8d2a135645097a538221678b7acdd1b1919c6e1b21"
    );
    let text =
        transcript["segments"].as_array().unwrap().iter().map(|s| s["text"].as_str().unwrap());
    let text: String = text.collect();
    assert!(text.contains("入党积极分子培训班，系统学习了党的章程"), "{text}");
}

/// Sentences of the sample: where they begin and end there, and the characters they begin with.
const SENTENCES: [(u64, u64, &str); 7] = [
    (58_850, 63_650, "我"),
    (10_400, 16_930, "这"),
    (68_900, 72_640, "下"),
    (17_180, 21_980, "通"),
    (24_770, 30_910, "在"),
    (39_810, 50_530, "在"),
    (77_250, 79_490, "以"),
];

/// Quiet between them, in turns.
const GAPS_MS: [u64; 3] = [300, 700, 1900];

/// Sentences in an order and with pauses of our own begin where we put them.
#[test]
fn words_are_said_when_they_are_said() {
    let folder = tempfile::tempdir().unwrap();
    let (mut clips, mut joined, mut at) = (Vec::new(), String::new(), 0);
    let mut expected = Vec::new();
    for (i, (start, end, first)) in SENTENCES.iter().enumerate() {
        let gap = GAPS_MS[i % GAPS_MS.len()];
        let cut = format!("atrim={start}ms:{end}ms,asetpts=PTS-STARTPTS,adelay={gap}");
        clips.push(format!("[0:a]{cut}[s{i}];"));
        joined.extend(["[s", &i.to_string(), "]"]);
        expected.push((at + gap, *first));
        at += gap + end - start;
    }
    let filter = format!("{}{joined}concat=n={}:v=0:a=1[out]", clips.concat(), SENTENCES.len());
    let sound = folder.path().join("spliced.wav");
    let input = format!("-i {}", fixture("report-zh.flac").display());
    ffmpeg(&sound, &input, &format!("-filter_complex {filter} -map [out] -ar 16000"));

    let transcript = transcript(folder.path(), &sound, &[]);
    let segments = transcript["segments"].as_array().unwrap();
    let words: Vec<&Value> = segments.iter().flat_map(|s| s["words"].as_array().unwrap()).collect();
    for segment in segments {
        let texts =
            segment["words"].as_array().unwrap().iter().map(|w| w["text"].as_str().unwrap());
        assert_eq!(texts.collect::<String>().trim(), segment["text"].as_str().unwrap());
    }
    // One that was misheard is as wrong as can be.
    let mut off: Vec<u64> = expected
        .iter()
        .map(|(at, first)| {
            let said =
                words.iter().filter(|word| word["text"].as_str().unwrap().starts_with(first));
            said.map(|word| word["start_ms"].as_u64().unwrap().abs_diff(*at)).min().unwrap()
        })
        .collect();
    off.sort_unstable();
    assert!(off[off.len() / 2] <= 200, "{off:?} {expected:?} {transcript}");
}

/// Ten minutes in which nobody speaks: silence, rooms, applause, music, breath.
#[test]
fn nothing_is_made_out_of_noise() {
    let folder = tempfile::tempdir().unwrap();
    let sounds = [
        "anullsrc=r=16000:cl=mono",
        "anoisesrc=c=brown:a=0.05:r=16000",
        "anoisesrc=c=pink:a=0.3:r=16000",
        // Applause: bursts of bright noise, many a second.
        "anoisesrc=c=white:a=0.5:r=16000,tremolo=f=9:d=0.95,highpass=f=800",
        // Breath: soft noise that comes and goes.
        "anoisesrc=c=pink:a=0.2:r=16000,bandpass=f=900:w=900,tremolo=f=0.3:d=0.95",
        // A chord that moves, and a tune of single notes.
        "aevalsrc=0.15*(sin(440*t)+sin(2*PI*220*t)+sin(2*PI*277*t)+sin(2*PI*330*t))*(0.6+0.4*sin(3*t)):s=16000",
        "aevalsrc=0.3*sin(2*PI*t*(262+33*mod(floor(t*2)\\,8)))*exp(-3*mod(t\\,0.5)):s=16000",
        "aevalsrc=0.2*sin(2*PI*50*t)+0.05*sin(2*PI*150*t):s=16000",
    ];
    let inputs = sounds.map(|sound| format!("-f lavfi -t 75 -i {sound}")).join(" ");
    let sound = folder.path().join("noise.wav");
    let join = format!("-filter_complex concat=n={}:v=0:a=1 -ar 16000", sounds.len());
    ffmpeg(&sound, &inputs, &join);
    assert_nothing_is_said(folder.path(), &sound, 590_000);
}

/// Where Debian's games keep their sounds.
const GAMES: &str = "/usr/share/games";

/// The same for recordings: applause, snoring, and songs without words.
#[test]
fn nothing_is_made_out_of_recorded_music_and_applause() {
    let folder = tempfile::tempdir().unwrap();
    let frozen = ["applause", "snore", "frozen-mainzik-1p", "frozen-mainzik-2p", "introzik"];
    let frozen = frozen.map(|name| format!("{GAMES}/frozen-bubble/snd/{name}.ogg"));
    let racer = ["calmrace-ks", "credits1-cp", "freezingpoint", "lostrace-ks", "options1-jt"];
    let more = ["race1-jt", "raceintro-ks", "spunkyrace-ks", "start1-jt", "wonrace1-jt"];
    let racer = racer.into_iter().chain(more).map(|name| format!("{GAMES}/etr/music/{name}.ogg"));
    let all: Vec<String> = frozen.into_iter().chain(racer).collect();
    let inputs: Vec<String> = all.iter().map(|path| format!("-t 60 -i {path}")).collect();
    let sound = folder.path().join("games.wav");
    let join = format!("-filter_complex concat=n={}:v=0:a=1 -ac 1 -ar 16000", all.len());
    ffmpeg(&sound, &inputs.join(" "), &join);
    assert_nothing_is_said(folder.path(), &sound, 500_000);
}

fn assert_nothing_is_said(folder: &Path, sound: &Path, least_ms: u64) {
    let transcript = transcript(folder, sound, &[]);
    let texts: Vec<&str> = transcript["segments"]
        .as_array()
        .unwrap()
        .iter()
        .map(|segment| segment["text"].as_str().unwrap())
        .filter(|text| !text.is_empty())
        .collect();
    assert!(texts.is_empty(), "{texts:?} {}", transcript["speech"]);
    assert!(transcript["duration_ms"].as_u64().unwrap() > least_ms);
}
