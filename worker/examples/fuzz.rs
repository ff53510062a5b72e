//! Runs children on mutants of good files, as a worker would, and counts how they end.
//!
//!     fuzz FOLDER MUTANTS [FIRST]
//!
//! The seeds are videos in ten formats, made with the `ffmpeg` tool in `FOLDER`, and the documents and photos in
//! `tests/fixtures/written`. Mutant number n, from `FIRST` (0) on, is the same for the same seeds. Exit
//! code 1 if one ends as `internal`, hangs, crashes its child, or changes its input; those are kept in the
//! folder `findings` beside the seeds.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a tool for the command line")]

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::upload::UploadRole;
use huibao_worker::child::{
    CHILD_ARGUMENT, ChildEvents, ChildOutput, ChildRequest, ChildTask, FileTask, ResourceLimits,
    child_main, run_child,
};
use tokio::sync::{mpsc, watch};

/// Names and how `ffmpeg` makes them.
const SEEDS: [(&str, &str); 10] = [
    (
        "faststart.mp4",
        "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +faststart",
    ),
    (
        "fragments.mp4",
        "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac -movflags +frag_keyframe+empty_moov",
    ),
    (
        "phone.mov",
        "-c:v libx265 -preset ultrafast -x265-params log-level=error -tag:v hvc1 -c:a aac",
    ),
    ("matroska.mkv", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"),
    ("browser.webm", "-c:v libvpx -c:a libopus"),
    ("stream.ts", "-c:v libx264 -preset ultrafast -pix_fmt yuv420p -c:a aac"),
    ("camera.avi", "-c:v mjpeg -pix_fmt yuvj420p -c:a pcm_s16le"),
    ("flash.flv", "-c:v flv -c:a aac -ar 22050"),
    ("old.3gp", "-c:v h263 -c:a aac"),
    ("windows.wmv", "-c:v wmv2 -c:a wmav2"),
];

/// A child that takes longer hangs: the seeds are seconds long.
const PATIENCE: Duration = Duration::from_mins(2);

const LIMITS: ResourceLimits =
    ResourceLimits { memory_bytes: 4 << 30, cpu_seconds: 60, file_bytes: 1 << 30 };

fn main() -> ExitCode {
    if std::env::args().nth(1).as_deref() == Some(CHILD_ARGUMENT) {
        return child_main();
    }
    match tokio::runtime::Runtime::new().map_err(Failure::from).and_then(|r| r.block_on(fuzz())) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(failure) => {
            eprintln!("{failure}");
            ExitCode::from(2)
        }
    }
}

/// What all runners share.
struct Campaign {
    seeds: Vec<(String, Vec<u8>)>,
    findings: PathBuf,
    next: AtomicU64,
    end: u64,
    ends: Mutex<BTreeMap<String, u64>>,
}

async fn fuzz() -> Result<bool, Failure> {
    let mut args = std::env::args().skip(1);
    let usage = || Failure::internal("usage: fuzz FOLDER MUTANTS [FIRST]");
    let folder = PathBuf::from(args.next().ok_or_else(usage)?);
    let mut number = || args.next().and_then(|text| text.parse::<u64>().ok());
    let (mutants, first) = (number().ok_or_else(usage)?, number().unwrap_or(0));
    let seeds = seeds(&folder)?;
    let campaign = Arc::new(Campaign {
        seeds,
        findings: folder.join("findings"),
        next: AtomicU64::new(first),
        end: first + mutants,
        ends: Mutex::default(),
    });
    let runners = std::thread::available_parallelism().map_or(1, usize::from);
    let runners: Vec<_> = (0..runners).map(|_| tokio::spawn(run(Arc::clone(&campaign)))).collect();
    for runner in runners {
        runner.await.map_err(Failure::internal)??;
    }
    let ends = campaign.ends.lock().map_err(|_| Failure::internal("a runner panicked"))?;
    for (end, count) in &*ends {
        println!("{count:>8}  {end}");
    }
    Ok(!ends.keys().any(|end| is_finding(end)))
}

/// The good files, by name.
fn seeds(folder: &Path) -> Result<Vec<(String, Vec<u8>)>, Failure> {
    for (name, options) in SEEDS {
        make(&folder.join(name), options)?;
    }
    let documents = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/written");
    let mut seeds = Vec::new();
    for entry in std::fs::read_dir(folder)?.chain(std::fs::read_dir(documents)?) {
        let path = entry?.path();
        if path.is_file() {
            let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
            seeds.push((name, std::fs::read(path)?));
        }
    }
    seeds.sort();
    Ok(seeds)
}

/// Makes a video of two seconds, unless it is there.
fn make(path: &Path, options: &str) -> Result<(), Failure> {
    if path.exists() {
        return Ok(());
    }
    let inputs = "-v error -f lavfi -i testsrc2=s=176x144:r=15 -f lavfi -i sine=r=16000 -t 2";
    let words = inputs.split(' ').chain(options.split(' '));
    let made = Command::new("ffmpeg").args(words).arg(path).status()?;
    if made.success() {
        Ok(())
    } else {
        Err(Failure::internal(format!("ffmpeg {options}: {made}")))
    }
}

/// Whether a file must not end like this. A crash of a child is contained, and still no answer.
fn is_finding(end: &str) -> bool {
    let crash = FailureCode::ChildCrashed.as_str();
    matches!(end, "internal" | "hang" | "changed_input") || end == crash
}

/// Takes mutants until none is left.
async fn run(campaign: Arc<Campaign>) -> Result<(), Failure> {
    loop {
        let number = campaign.next.fetch_add(1, Ordering::SeqCst);
        if number >= campaign.end {
            return Ok(());
        }
        let (name, bytes) = mutant(&campaign.seeds, number);
        let folder = tempfile::tempdir()?;
        let file = folder.path().join(&name);
        std::fs::write(&file, &bytes)?;
        let end = match tokio::time::timeout(PATIENCE, all_tasks(&file, &name)).await {
            Err(_) => "hang",
            Ok(Ok(())) => "accepted",
            Ok(Err(failure)) => failure.code.as_str(),
        };
        let end = if std::fs::read(&file)? == bytes { end } else { "changed_input" };
        if is_finding(end) {
            std::fs::create_dir_all(&campaign.findings)?;
            std::fs::copy(&file, campaign.findings.join(format!("{number}-{end}-{name}")))?;
            eprintln!("mutant {number} of {name}: {end}");
        }
        let mut ends = campaign.ends.lock().map_err(|_| Failure::internal("a runner panicked"))?;
        *ends.entry(end.to_owned()).or_default() += 1;
    }
}

/// What a worker does with a file: ingest and transcode, or reading a document, or making a page of a photo.
async fn all_tasks(file: &Path, name: &str) -> Result<(), Failure> {
    let folder = file.with_extension("out");
    std::fs::create_dir(&folder)?;
    let ending = name.rsplit('.').next().unwrap_or_default();
    let written = match UploadRole::of_written(ending) {
        UploadRole::Page => {
            let (photo, page) = (file.to_owned(), folder.join("page.jpg"));
            Some(FileTask::Page { photo, page, max_bytes: 20 << 20 })
        }
        _ if is_document(ending) => {
            let (document, name) = (file.to_owned(), name.to_owned());
            Some(FileTask::Written { document, name, max_bytes: 20 << 20 })
        }
        _ => None,
    };
    if let Some(written) = written {
        return child(written).await.map(drop);
    }
    let ingest = FileTask::Ingest {
        video: file.to_owned(),
        audio: folder.join("audio.wav"),
        poster: folder.join("poster.jpg"),
        peaks: folder.join("peaks.bin"),
        max_duration_ms: 600_000,
        max_pixels: 40_000_000,
    };
    let ChildOutput::Ingest(media) = child(ingest).await? else {
        return Err(Failure::internal("ingest answered with another output"));
    };
    let (video, output) = (file.to_owned(), folder.join("rendition.mp4"));
    child(FileTask::Transcode { video, media, output, threads: 1 }).await?;
    Ok(())
}

async fn child(task: FileTask) -> Result<ChildOutput, Failure> {
    let (access, task) = (task.access(), ChildTask::File(task));
    let (partial, _) = mpsc::unbounded_channel();
    let events = ChildEvents { progress: watch::channel(0.0).0, partial };
    run_child(ChildRequest { limits: LIMITS, access, task }, &events).await
}

fn is_document(ending: &str) -> bool {
    ["doc", "docx", "md", "odt", "pdf", "rtf", "txt"].contains(&ending)
}

/// One good file, damaged in one to eight places.
fn mutant(seeds: &[(String, Vec<u8>)], number: u64) -> (String, Vec<u8>) {
    let mut random = fastrand::Rng::with_seed(number);
    let (name, good) = &seeds[random.usize(..seeds.len())];
    let mut bytes = good.clone();
    for _ in 0..random.usize(1..=8) {
        if bytes.len() < 16 {
            break;
        }
        // Headers are few bytes and say most.
        let near = if random.bool() { bytes.len() } else { bytes.len().min(2000) };
        let at = random.usize(..near - 8);
        match random.u8(..7) {
            0 => bytes[at] ^= 1 << random.u8(..8),
            1 => bytes[at] = random.u8(..),
            2 => bytes.truncate(at.max(16)),
            3 => {
                let extremes = [0, 1, 0x7fff_ffff, 0x8000_0000, u32::MAX - 7, u32::MAX];
                let value = extremes[random.usize(..extremes.len())];
                bytes[at..at + 4].copy_from_slice(&u32::to_be_bytes(value));
            }
            4 => {
                let end = (at + random.usize(1..5000)).min(bytes.len());
                bytes.drain(at..end);
            }
            5 => {
                let end = (at + random.usize(1..5000)).min(bytes.len());
                let again = bytes[at..end].to_vec();
                bytes.splice(at..at, again);
            }
            _ => {
                let other = &seeds[random.usize(..seeds.len())].1;
                let from = random.usize(..other.len().max(1));
                let end = (from + random.usize(1..5000)).min(other.len());
                bytes.splice(at..at, other[from..end].iter().copied());
            }
        }
    }
    (name.clone(), bytes)
}
