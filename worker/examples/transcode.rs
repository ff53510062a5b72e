//! Does to a video what ingest and transcode do, without a database, and prints what came out as JSON:
//! `transcode VIDEO FOLDER [THREADS]`. For comparisons with the `ffmpeg` command.

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use huibao_models::domain::failure::Failure;
use huibao_worker::media::{self, MediaError, MediaLimits, TranscodeOptions};
use rustix::time::{ClockId, clock_gettime};
use serde_json::{Value, json};

#[expect(clippy::print_stdout, reason = "this is its answer")]
fn main() -> Result<(), Box<dyn Error>> {
    let mut args = std::env::args().skip(1);
    let video = args.next().ok_or("which video?")?;
    let folder = args.next().ok_or("which folder?")?;
    let threads = args.next().map_or(Ok(2), |threads| threads.parse())?;
    std::fs::create_dir_all(&folder)?;
    let answer = work(Path::new(&video), Path::new(&folder), threads);
    println!("{}", answer.unwrap_or_else(|error| json!(Failure::from(error))));
    Ok(())
}

fn work(video: &Path, folder: &Path, threads: u32) -> Result<Value, MediaError> {
    let limits = MediaLimits { max_duration_ms: 7_200_000, max_pixels: 36_000_000 };
    let (start, cpu) = (Instant::now(), cpu_seconds());
    let (sound, poster) = (folder.join("sound.wav"), folder.join("poster.jpg"));
    let info = media::ingest(video, &limits, &sound, &poster, &mut |_| {})?;
    let (ingest, ingest_cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    let options = TranscodeOptions { threads, max_short_side: 720, max_frame_rate: 30 };
    let output = folder.join("rendition.mp4");
    let rendition = media::transcode(video, &info, &output, &options, &mut |_| {})?;
    let (all, all_cpu) = (start.elapsed().as_secs_f64(), cpu_seconds() - cpu);
    Ok(json!({
        "media": info,
        "rendition": rendition,
        "seconds": [ingest, all - ingest],
        "cpu_seconds": [ingest_cpu, all_cpu - ingest_cpu],
    }))
}

/// Processor time of this process so far.
#[expect(clippy::cast_precision_loss, reason = "seconds and parts of one")]
fn cpu_seconds() -> f64 {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    time.tv_sec as f64 + time.tv_nsec as f64 / 1e9
}
