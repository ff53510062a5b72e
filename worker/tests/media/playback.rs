//! Playing renditions in a real browser: every one that the suite makes.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{ChildStdin, ChildStdout, Command, Stdio};
use std::sync::{LazyLock, Mutex, PoisonError};

use serde::Deserialize;
use serde_json::json;

use crate::support::{BEEPS, Fixture, Outcome, probe, raw_picture};

/// How far a colour may be from what ffmpeg decodes: players convert with other roundings.
const TOLERANCE: i32 = 20;

/// Pixels of a side below which single pixels say nothing: their colours are stretched over several.
const SMALL: u32 = 64;

/// What Chromium shows of a video.
#[derive(Debug, Deserialize)]
struct Played {
    width: u32,
    height: u32,
    /// Seconds.
    duration: f64,
    /// By how many seconds it went on when it was played.
    moved: f64,
    /// Red, green and blue of the middle of each quadrant.
    colors: [[i32; 3]; 4],
}

/// Fails unless Chromium plays a rendition and shows the size, duration and colours that are in it.
pub fn check(outcome: &Outcome) {
    let times = outcome.times();
    let middle = times.len() / 2;
    let next = times.get(middle + 1).copied().unwrap_or(times[middle] + 0.01);
    let played = play(&outcome.file, times[middle], next);
    let size = outcome.picture("width,height");
    assert_eq!(format!("{},{}", played.width, played.height), size, "{played:?}");
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of minutes")]
    let duration = outcome.rendition.duration_ms as f64 / 1000.0;
    assert!((played.duration - duration).abs() < 0.1, "{played:?}, not {duration} s");
    assert!(played.moved > 0.0, "{played:?}");
    if played.width.min(played.height) < SMALL {
        return;
    }
    let expected = colors(&outcome.file, times[middle], (played.width, played.height));
    for (seen, decoded) in played.colors.iter().flatten().zip(expected.iter().flatten()) {
        assert!((seen - decoded).abs() <= TOLERANCE, "{played:?}, not {expected:?}");
    }
}

#[test]
fn a_player_can_jump_into_a_later_group_of_pictures() {
    let fixture = Fixture::new();
    let inputs = format!("-f lavfi -i testsrc2=s=320x180:r=30 {BEEPS}");
    let video = fixture.make("v.avi", &inputs, "-t 20 -c:v mpeg4 -q:v 4 -c:a mp3");
    // The check jumps to the middle; x264 begins a group at least every 250 pictures.
    let outcome = fixture.run(&video).unwrap();
    let shown = probe(&outcome.file, "v:0", "packet=flags");
    assert!(shown.lines().filter(|flags| flags.starts_with('K')).count() >= 2, "{shown}");
}

/// Plays a file, and looks at the picture that is shown from one time to the other, both in seconds.
fn play(file: &Path, from: f64, until: f64) -> Played {
    // A test that failed while it held the player has read its answer.
    let (input, output) = &mut *PLAYER.lock().unwrap_or_else(PoisonError::into_inner);
    writeln!(input, "{}", json!({ "file": file, "from": from, "until": until })).unwrap();
    let mut answer = String::new();
    output.read_line(&mut answer).unwrap();
    serde_json::from_str(&answer).unwrap_or_else(|error| panic!("{answer} ({error})"))
}

/// A browser for all that this process plays; it ends when its standard input closes with the process.
#[expect(clippy::zombie_processes, reason = "it is there until this process ends")]
static PLAYER: LazyLock<Mutex<(ChildStdin, BufReader<ChildStdout>)>> = LazyLock::new(|| {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/browser/play.mjs");
    let mut command = Command::new("node");
    command.arg(script).stdin(Stdio::piped()).stdout(Stdio::piped());
    let child = command.spawn().expect("scripts/test installs node");
    Mutex::new((child.stdin.unwrap(), BufReader::new(child.stdout.unwrap())))
});

/// What ffmpeg decodes in the middle of each quadrant at a picture's time.
fn colors(file: &Path, time: f64, (width, height): (u32, u32)) -> [[i32; 3]; 4] {
    let seek = (time - 0.001).max(0.0).to_string();
    let pixels = raw_picture(file, &["-ss", &seek], "format=rgb24");
    [(1, 1), (3, 1), (1, 3), (3, 3)].map(|(x, y)| {
        let at = (height * y / 4 * width + width * x / 4) as usize * 3;
        [pixels[at], pixels[at + 1], pixels[at + 2]].map(i32::from)
    })
}
