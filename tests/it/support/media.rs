//! Sample videos, made with the ffmpeg tool.

use std::path::{Path, PathBuf};

use super::{fixture, tool};

/// A portrait phone video of the whole spoken sample (85 s), rotated by its container. Made once:
/// encoding it takes longer than most tests.
pub fn sample() -> PathBuf {
    let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join("sample.mp4");
    tool(super::root().join("scripts/make-sample").to_str().unwrap(), &[path.to_str().unwrap()]);
    path
}

/// A web-playable video of the first `seconds` of the spoken sample.
pub fn short(folder: &Path, seconds: u32) -> PathBuf {
    let path = folder.join("short.mp4");
    let speech = fixture("report-zh.flac");
    ffmpeg(
        &path,
        &format!("-f lavfi -i testsrc2=s=640x360:r=25 -i {}", speech.display()),
        &format!("-t {seconds} -c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"),
    );
    path
}

/// A web-playable video of three seconds and more than ten megabytes: noise does not compress.
pub fn heavy(folder: &Path) -> PathBuf {
    let path = folder.join("heavy.mp4");
    let speech = fixture("report-zh.flac");
    ffmpeg(
        &path,
        &format!("-f lavfi -i testsrc2=s=640x360:r=25 -i {}", speech.display()),
        "-t 3 -vf noise=alls=100:allf=t -c:v libx264 -preset ultrafast -qp 30 -pix_fmt yuv420p -c:a aac",
    );
    assert!(path.metadata().unwrap().len() > 10 << 20, "{:?}", path.metadata());
    path
}

/// Runs `ffmpeg INPUTS OPTIONS path`; words are split at spaces.
pub fn ffmpeg(path: &Path, inputs: &str, options: &str) {
    let mut args = vec!["-v", "error", "-y"];
    args.extend(inputs.split_whitespace());
    args.extend(options.split_whitespace());
    args.push(path.to_str().unwrap());
    tool("ffmpeg", &args);
}

/// What ffprobe says of an entry of the first video stream, such as `width`.
pub fn probe_video(path: &Path, entry: &str) -> String {
    let show = format!("stream={entry}");
    let args = ["-v", "error", "-select_streams", "v:0", "-show_entries", &show, "-of", "csv=p=0"];
    tool("ffprobe", &[&args[..], &[path.to_str().unwrap()]].concat()).trim().to_owned()
}
