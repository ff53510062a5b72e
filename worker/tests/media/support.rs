//! Making videos, running ingest and transcode on them, and measuring what comes out.

use std::path::{Path, PathBuf};
use std::process::Command;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_worker::media::{MediaLimits, TranscodeOptions, ingest, transcode};
use tempfile::TempDir;

use crate::playback;

/// Quadrants of red, green, blue and white, endless, 320 × 180 at 30 pictures per second.
pub const QUADRANTS: &str = "-f lavfi -i color=red:s=160x90:r=30[r];color=lime:s=160x90:r=30[g];\
    color=blue:s=160x90:r=30[b];color=white:s=160x90:r=30[w];[r][g]hstack[t];[b][w]hstack[u];\
    [t][u]vstack";

/// A beep of a tenth of a second at the start of every second, endless.
pub const BEEPS: &str =
    "-f lavfi -i aevalsrc=if(lt(mod(t\\,1)\\,0.1)\\,0.5*sin(6283*t)\\,0):s=48000:c=mono";

/// H.264 and AAC as a browser plays them.
pub const PLAIN: &str = "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac";

/// A folder for one test.
pub struct Fixture {
    folder: TempDir,
}

/// What came out of a file.
pub struct Outcome {
    pub info: MediaInfo,
    pub rendition: Rendition,
    pub file: PathBuf,
    pub poster: PathBuf,
    pub sound: PathBuf,
}

impl Fixture {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().unwrap() }
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// Runs `ffmpeg INPUTS OPTIONS name`; words are split at spaces.
    pub fn make(&self, name: &str, inputs: &str, options: &str) -> PathBuf {
        let path = self.path(name);
        let mut args = vec!["-v", "error", "-y"];
        args.extend(inputs.split_whitespace());
        args.extend(options.split_whitespace());
        args.push(path.to_str().unwrap());
        tool("ffmpeg", &args);
        path
    }

    /// Quadrants with beeps, of so many seconds.
    pub fn plain(&self, name: &str, seconds: u32) -> PathBuf {
        self.make(name, &format!("{QUADRANTS} {BEEPS}"), &format!("-t {seconds} {PLAIN}"))
    }

    /// Ingest and transcode.
    pub fn run(&self, video: &Path) -> Result<Outcome, FailureCode> {
        let limits = MediaLimits { max_duration_ms: 600_000, max_pixels: 40_000_000 };
        let options = TranscodeOptions { threads: 1, max_short_side: 720, max_frame_rate: 30 };
        let sound = self.path("sound.wav");
        let poster = self.path("poster.jpg");
        let file = self.path("rendition.mp4");
        let code = |error| Failure::from(error).code;
        let info = ingest(video, &limits, &sound, &poster, &mut |_| {}).map_err(code)?;
        let rendition = transcode(video, &info, &file, &options, &mut |_| {}).map_err(code)?;
        assert_eq!(complaints(&file), "", "the rendition has errors");
        let outcome = Outcome { info, rendition, file, poster, sound };
        playback::check(&outcome);
        Ok(outcome)
    }
}

impl Outcome {
    /// Times of the pictures in seconds.
    pub fn times(&self) -> Vec<f64> {
        let shown = probe(&self.file, "v:0", "frame=pts_time");
        // Pictures with side data have lines without a time.
        let times =
            shown.lines().map(|line| line.trim_matches(',')).filter(|line| !line.is_empty());
        times.map(|time| time.parse().unwrap()).collect()
    }

    /// What ffprobe says of the picture track.
    pub fn picture(&self, entries: &str) -> String {
        probe(&self.file, "v:0", &format!("stream={entries}")).trim().to_owned()
    }

    /// Where beeps begin in the rendition's sound, in seconds.
    pub fn beeps(&self) -> Vec<f64> {
        beeps(&self.file)
    }

    /// The colours of the quadrants at a time.
    pub fn quadrants(&self, seconds: f64) -> String {
        quadrants(&self.file, seconds)
    }
}

/// What ffprobe says of a track, as CSV without names.
pub fn probe(file: &Path, track: &str, show: &str) -> String {
    let args = ["-v", "error", "-select_streams", track, "-show_entries", show, "-of", "csv=p=0"];
    String::from_utf8(tool("ffprobe", &[&args[..], &[file.to_str().unwrap()]].concat())).unwrap()
}

/// A letter for each quadrant: red, green, blue, white or dark.
pub fn quadrants(file: &Path, seconds: f64) -> String {
    let seconds = seconds.to_string();
    let pixels = raw_picture(file, &["-ss", &seconds], "scale=4:4:flags=area,format=rgb24");
    [0, 3, 12, 15]
        .map(|pixel| {
            let &[r, g, b] = &pixels[pixel * 3..pixel * 3 + 3] else { unreachable!() };
            match (r > 150, g > 150, b > 150) {
                (true, true, true) => 'W',
                (true, _, _) => 'R',
                (_, true, _) => 'G',
                (_, _, true) => 'B',
                _ => '-',
            }
        })
        .iter()
        .collect()
}

/// The bytes of one picture after a filter.
pub fn raw_picture(file: &Path, seek: &[&str], filter: &str) -> Vec<u8> {
    let file = file.to_str().unwrap();
    let rest = ["-v", "error", "-i", file, "-frames:v", "1", "-vf", filter, "-f", "rawvideo", "-"];
    tool("ffmpeg", &[seek, &rest[..]].concat())
}

/// Where beeps begin in a file's sound, in seconds: loud after at least a fifth of a second of quiet.
pub fn beeps(file: &Path) -> Vec<f64> {
    let samples = samples(file, "aresample=async=1:first_pts=0,pan=mono|c0=c0");
    let (mut found, mut quiet) = (Vec::new(), 8000);
    for (index, sample) in samples.iter().enumerate() {
        if sample.abs() < 0.1 {
            quiet += 1;
        } else {
            if quiet > 1600 {
                found.push(f64::from(u32::try_from(index).unwrap()) / 8000.0);
            }
            quiet = 0;
        }
    }
    found
}

/// A file's sound at 8 kHz after a filter.
pub fn samples(file: &Path, filter: &str) -> Vec<f32> {
    let file = file.to_str().unwrap();
    let args = ["-v", "error", "-i", file, "-af", filter, "-ar", "8000", "-f", "f32le", "-"];
    let bytes = tool("ffmpeg", &args);
    bytes.chunks_exact(4).map(|b| f32::from_le_bytes(b.try_into().unwrap())).collect()
}

/// What ffmpeg has to complain about while it decodes a file. Without times: its null output complains
/// about pictures at a varying rate.
fn complaints(file: &Path) -> String {
    let args = ["-v", "error", "-i", file.to_str().unwrap(), "-vsync", "drop", "-f", "null", "-"];
    let output = Command::new("ffmpeg").args(args).output().unwrap();
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// Runs a tool and returns what it writes.
pub fn tool(name: &str, args: &[&str]) -> Vec<u8> {
    let output = Command::new(name).args(args).output().unwrap();
    let complaint = String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success(), "{name} {args:?}: {complaint}");
    output.stdout
}

/// Whether two lists of seconds agree within 40 ms.
#[track_caller]
pub fn assert_near(found: &[f64], expected: &[f64]) {
    let near = |(found, expected): (&f64, &f64)| (found - expected).abs() <= 0.04;
    let all = found.len() == expected.len() && found.iter().zip(expected).all(near);
    assert!(all, "{found:?} instead of {expected:?}");
}
