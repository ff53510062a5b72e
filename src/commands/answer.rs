//! The result of a finished report: the JSON of `huibao process` and `huibao submit --wait`, and the
//! same as text.

use std::path::PathBuf;
use std::time::Duration;

use huibao_api::view::{MediaView, StageView, SubmissionRef, TranscriptView};
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::pipeline::Stage;
use serde::Serialize;

use super::stages::stage_name;

/// The result of a finished report. Its field names are part of the public contract.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// The report.
    pub report: ReportRef,
    /// Properties of the video.
    pub media: MediaView,
    /// The transcript.
    pub transcript: TranscriptView,
    /// The archive's folder; null if it is on a server.
    pub bag: Option<PathBuf>,
    /// URL of the report's page, if there is a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// Durations.
    pub timings: Timings,
}

/// A report by its id.
#[derive(Debug, Serialize)]
pub struct ReportRef {
    /// The id.
    pub id: ReportId,
    /// The submission that the answer is about; servers of earlier versions do not tell.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub submission: Option<SubmissionRef>,
}

/// Duration of each stage and of the whole command, in seconds.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the contract")]
pub struct Timings {
    ingest_seconds: f64,
    transcode_seconds: f64,
    transcribe_seconds: f64,
    archive_seconds: f64,
    total_seconds: f64,
}

impl Timings {
    /// From the finished stages and the duration of the command.
    pub fn new(stages: &[StageView], total: Duration) -> Self {
        let worked = |name| {
            let stage = stages.iter().find(|stage| stage.stage == name);
            stage.and_then(|stage| stage.work_seconds).unwrap_or(0.0)
        };
        Self {
            ingest_seconds: worked(Stage::Ingest),
            transcode_seconds: worked(Stage::Transcode),
            transcribe_seconds: worked(Stage::Transcribe),
            archive_seconds: worked(Stage::Archive),
            total_seconds: total.as_secs_f64(),
        }
    }

    fn stage(&self, stage: Stage) -> f64 {
        match stage {
            Stage::Ingest => self.ingest_seconds,
            Stage::Transcode => self.transcode_seconds,
            Stage::Transcribe => self.transcribe_seconds,
            Stage::Archive => self.archive_seconds,
        }
    }
}

impl Answer {
    /// Prints the result as JSON or as text.
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub fn print(&self, lang: Lang, json: bool) -> Result<(), Failure> {
        if json {
            println!("{}", serde_json::to_string(self).map_err(Failure::internal)?);
            return Ok(());
        }
        for segment in &self.transcript.segments {
            println!("[{}] {}", clock(segment.start), segment.text);
        }
        if self.transcript.no_speech {
            println!("{}", lang.pick("（没有检测到语音）", "(no speech was detected)"));
        }
        let lost = self.media.lost_seconds;
        if lost > 0.0 {
            let zh = format!("原文件有损坏，约 {lost:.1} 秒的内容无法读取。");
            let en = format!("The original is damaged: about {lost:.1} s of it cannot be read.");
            println!("{}", lang.pick(&zh, &en));
        }
        println!();
        if let Some(bag) = &self.bag {
            println!("{} {}", lang.pick("归档：", "Archive:"), bag.display());
        }
        if let Some(url) = &self.url {
            println!("{} {url}", lang.pick("页面：", "Page:"));
        }
        for &stage in Stage::ALL {
            println!("  {:<10} {:>7.2} s", stage_name(stage, lang), self.timings.stage(stage));
        }
        println!("  {:<10} {:>7.2} s", lang.pick("总计", "total"), self.timings.total_seconds);
        Ok(())
    }
}

/// A position in the video as minutes and seconds.
fn clock(position: f64) -> String {
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "whole seconds from the start"
    )]
    let whole = position as u64;
    format!("{:02}:{:02}", whole / 60, whole % 60)
}
