//! The answer about a finished report: the JSON contract, and the same for people.
//!
//! `huibao process` fills it from its own rows, `huibao submit --wait` from what a server says.

use std::path::PathBuf;
use std::time::Duration;

use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::job::Stage;
use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_models::domain::transcript;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::stages::{StageStatus, seconds, stage_name};

/// Everything there is to say about a finished report. Others rely on these names.
#[derive(Debug, Serialize)]
pub struct Answer {
    /// Which report.
    pub report: ReportRef,
    /// What the video contains.
    pub media: Media,
    /// What was said.
    pub transcript: Transcript,
    /// The archive's folder; null where it is on a server.
    pub bag: Option<PathBuf>,
    /// The report's page, where there is a server.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// How long it took.
    pub timings: Timings,
}

/// A report by its id.
#[derive(Debug, Serialize, Deserialize)]
pub struct ReportRef {
    /// The id.
    pub id: Uuid,
}

/// What the video contains.
#[derive(Debug, Serialize, Deserialize)]
pub struct Media {
    duration_seconds: f64,
    width: u32,
    height: u32,
    video_codec: String,
    audio_codec: String,
    rotation_degrees: u16,
    remuxed: bool,
    /// Of damaged files, what could not be read or decoded. Servers do not tell it.
    #[serde(default)]
    lost_seconds: f64,
}

/// What was said.
#[derive(Debug, Serialize, Deserialize)]
pub struct Transcript {
    language: String,
    model: String,
    no_speech: bool,
    text: String,
    segments: Vec<Segment>,
}

#[derive(Debug, Serialize, Deserialize)]
struct Segment {
    start: f64,
    end: f64,
    text: String,
}

/// Seconds that each stage worked, and that the caller waited in all.
#[derive(Debug, Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the contract")]
pub struct Timings {
    ingest_seconds: f64,
    transcode_seconds: f64,
    transcribe_seconds: f64,
    archive_seconds: f64,
    total_seconds: f64,
}

impl Media {
    /// From what ingest and transcode committed.
    pub fn new(media: MediaInfo, rendition: &Rendition) -> Self {
        Self {
            duration_seconds: seconds(media.duration_ms),
            width: media.video.width,
            height: media.video.height,
            video_codec: media.video.codec,
            audio_codec: media.audio.codec,
            rotation_degrees: media.video.rotation_degrees,
            remuxed: rendition.remuxed,
            lost_seconds: seconds(media.scan.lost_ms.max(rendition.lost_ms)),
        }
    }
}

impl From<transcript::Transcript> for Transcript {
    fn from(transcript: transcript::Transcript) -> Self {
        let text = transcript.text();
        Self {
            language: transcript.language,
            model: transcript.recognizer.model,
            no_speech: transcript.no_speech,
            text,
            segments: transcript.segments.into_iter().map(Segment::from).collect(),
        }
    }
}

impl From<transcript::Segment> for Segment {
    fn from(segment: transcript::Segment) -> Self {
        Self { start: seconds(segment.start_ms), end: seconds(segment.end_ms), text: segment.text }
    }
}

impl Timings {
    /// From the finished stages and the time from the command's start to its end.
    pub fn new(stages: &[StageStatus], total: Duration) -> Self {
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
    /// Prints the answer: JSON for programs, or what a person wants to see.
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
            println!("{}", lang.pick("（没有听到语音）", "(no speech was heard)"));
        }
        println!();
        if let Some(bag) = &self.bag {
            println!("{} {}", lang.pick("归档：", "Archive:"), bag.display());
        }
        if let Some(url) = &self.url {
            println!("{} {url}", lang.pick("页面：", "Page:"));
        }
        for stage in Stage::ALL {
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
