//! Ingest: refuse what cannot work, and take out of the video what later stages need.

mod written;

use std::path::{Path, PathBuf};

use async_trait::async_trait;
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::job::Urgency;
use huibao_models::domain::media::MediaInfo;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::{FileKind, StoredFile};
use huibao_models::storage::hash_file;
use huibao_models::store::{IngestResult, Outcome};

use super::{Attempt, JobKind};
use crate::child::{ChildOutput, FileTask, GIB, ResourceLimits, unexpected};

pub(super) struct Ingest;

#[async_trait]
impl JobKind for Ingest {
    fn name(&self) -> &'static str {
        Stage::Ingest.as_str()
    }

    fn urgency(&self) -> Urgency {
        Stage::Ingest.urgency()
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        // The written report first: it is small, and a bad one makes the rest pointless.
        let written = written::content(attempt).await?;
        let pages = written::pages(attempt).await?;
        let (original, video) = attempt.fetch_needed(FileKind::Original).await?;
        let scratch = attempt.scratch().await?;
        let made = Made::in_folder(scratch);
        let (media, ()) =
            tokio::try_join!(media(attempt, &video, &made), verify(&original, &video))?;
        let mut files = pages;
        files.push(attempt.keep(FileKind::Audio, "audio.wav", &made.audio).await?);
        files.push(attempt.keep(FileKind::Poster, "poster.jpg", &made.poster).await?);
        files.push(attempt.keep(FileKind::Peaks, "peaks.bin", &made.peaks).await?);
        Ok(Box::new(IngestResult { media, written, files }))
    }
}

/// What is made of the video.
struct Made {
    audio: PathBuf,
    poster: PathBuf,
    peaks: PathBuf,
}

impl Made {
    fn in_folder(folder: &Path) -> Self {
        let [audio, poster, peaks] =
            ["audio.wav", "poster.jpg", "peaks.bin"].map(|name| folder.join(name));
        Self { audio, poster, peaks }
    }
}

async fn media(attempt: &Attempt, video: &Path, made: &Made) -> Result<MediaInfo, Failure> {
    let max_duration_ms = max_duration_ms(attempt).await?;
    let job = FileTask::Ingest {
        video: video.to_owned(),
        audio: made.audio.clone(),
        poster: made.poster.clone(),
        peaks: made.peaks.clone(),
        max_duration_ms,
        max_pixels: attempt.config.max_pixels,
    };
    let limits = ResourceLimits {
        memory_bytes: 4 * GIB,
        // Decoding the sound of a file takes about a hundredth of its duration.
        cpu_seconds: 60 + max_duration_ms / 1000 / 4,
        file_bytes: 4 * GIB,
    };
    match attempt.child(job, limits).await? {
        ChildOutput::Ingest(media) => Ok(*media),
        other => Err(unexpected(&other)),
    }
}

/// The longest video in milliseconds: as the settings say, or less if the round of the report says so.
async fn max_duration_ms(attempt: &Attempt) -> Result<u64, Failure> {
    let longest = attempt.config.max_duration_ms;
    let report = attempt.submission().await?.report_id;
    let mut snapshot = attempt.store.snapshot().await?;
    let report = snapshot.reports().get(report).await?;
    let Some(round) = report.and_then(|report| report.round) else { return Ok(longest) };
    let round = snapshot.rounds().get(round).await?;
    let max_seconds = round.and_then(|round| round.max_seconds);
    Ok(max_seconds.map_or(longest, |seconds| (u64::from(seconds) * 1000).min(longest)))
}

/// Are the stored bytes the ones that were received?
async fn verify(received: &StoredFile, path: &Path) -> Result<(), Failure> {
    let found = hash_file(path.to_owned()).await?;
    if found.sha256 == received.sha256 {
        return Ok(());
    }
    let detail = format!("stored {} but received {}", found.sha256, received.sha256);
    Err(Failure::new(FailureCode::ChecksumMismatch, detail))
}
