//! Transcode: the MP4 that every browser plays.

use huibao_models::domain::failure::Failure;
use huibao_models::domain::report::FileKind;
use huibao_models::store::{Completion, TranscodeResult};

use super::Attempt;
use crate::child::{ChildOutput, FileTask, ResourceLimits, unexpected};

const GIB: u64 = 1 << 30;

pub(super) async fn run(attempt: &Attempt) -> Result<Completion, Failure> {
    let report = attempt.report().await?;
    let media = report.media.ok_or_else(|| Failure::internal("transcode before ingest"))?;
    let (_, video) = attempt.fetch_needed(FileKind::Original).await?;
    let output = attempt.scratch().await?.join("rendition.mp4");
    let limits = ResourceLimits {
        memory_bytes: 6 * GIB,
        // 4K HEVC on a slow core decodes and scales at about a tenth of real time.
        cpu_seconds: 300 + media.duration_ms / 1000 * 20,
        file_bytes: 16 * GIB,
    };
    let job = FileTask::Transcode {
        video,
        media: Box::new(media),
        output: output.clone(),
        threads: attempt.cores,
    };
    let rendition = match attempt.child(job, limits).await? {
        ChildOutput::Transcode(rendition) => rendition,
        other => return Err(unexpected(&other)),
    };
    let file = attempt.keep(FileKind::Rendition, "rendition.mp4", &output).await?;
    Ok(Completion::Transcode(TranscodeResult { rendition, file }))
}
