//! Transcode: the MP4 that every browser plays.

use async_trait::async_trait;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::job::Urgency;
use huibao_models::domain::pipeline::Stage;
use huibao_models::domain::submission::FileKind;
use huibao_models::store::{Outcome, TranscodeResult};

use super::{Attempt, JobKind};
use crate::child::{ChildOutput, FileTask, GIB, ResourceLimits, unexpected};

pub(super) struct Transcode;

#[async_trait]
impl JobKind for Transcode {
    fn name(&self) -> &'static str {
        Stage::Transcode.as_str()
    }

    fn urgency(&self) -> Urgency {
        Stage::Transcode.urgency()
    }

    fn useful_cores(&self, per_job: u32) -> u32 {
        per_job.max(1)
    }

    fn continues_with(&self) -> Option<&'static str> {
        Stage::Transcode.continues_with().map(Stage::as_str)
    }

    async fn run(&self, attempt: &Attempt) -> Result<Box<dyn Outcome>, Failure> {
        let media = attempt.submission().await?.media.clone();
        let media = media.ok_or_else(|| Failure::internal("transcode before ingest"))?;
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
        Ok(Box::new(TranscodeResult { rendition, file }))
    }
}
