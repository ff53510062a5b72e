//! What `huibao process` answers.

use std::path::{Path, PathBuf};
use std::time::Duration;

use huibao_models::failure::{Failure, Lang};
use huibao_models::media::{MediaInfo, Rendition};
use huibao_models::report::Report;
use huibao_models::storage::StorageKey;
use huibao_models::task::{Stage, Task};
use huibao_models::transcript::{Segment, Transcript};
use huibao_worker::Keepers;
use serde::Serialize;
use uuid::Uuid;

use super::stage_name;
use super::workdir::WorkDir;

/// Everything there is to say about a finished report.
pub struct Output {
    /// The report.
    pub report: Report,
    /// The bag's folder, still inside the working folder.
    pub bag: PathBuf,
    media: MediaInfo,
    rendition: Rendition,
    transcript: Transcript,
    tasks: Vec<Task>,
}

/// The JSON contract; others rely on it.
#[derive(Serialize)]
struct Json<'a> {
    report: ReportJson,
    media: MediaJson<'a>,
    transcript: TranscriptJson<'a>,
    bag: &'a Path,
    timings: Timings,
}

#[derive(Serialize)]
struct ReportJson {
    id: Uuid,
}

#[derive(Serialize)]
struct MediaJson<'a> {
    duration_seconds: f64,
    width: u32,
    height: u32,
    video_codec: &'a str,
    audio_codec: &'a str,
    rotation_degrees: u16,
    remuxed: bool,
}

#[derive(Serialize)]
struct TranscriptJson<'a> {
    language: &'a str,
    model: &'a str,
    no_speech: bool,
    text: String,
    segments: Vec<SegmentJson<'a>>,
}

#[derive(Serialize)]
struct SegmentJson<'a> {
    start: f64,
    end: f64,
    text: &'a str,
}

#[derive(Serialize)]
#[expect(clippy::struct_field_names, reason = "the names are the contract")]
struct Timings {
    ingest_seconds: f64,
    transcode_seconds: f64,
    transcribe_seconds: f64,
    archive_seconds: f64,
    total_seconds: f64,
}

impl Output {
    /// Reads what the stages committed.
    pub async fn collect(
        keepers: &Keepers,
        work: &WorkDir,
        id: Uuid,
        tasks: Vec<Task>,
    ) -> Result<Self, Failure> {
        let gone = || Failure::internal("a finished report is not whole");
        let report = keepers.db.report(id).await?.ok_or_else(gone)?;
        let transcript = keepers.db.transcript(id).await?.ok_or_else(gone)?;
        let archive = tasks.iter().find(|task| task.stage == Stage::Archive).ok_or_else(gone)?;
        let bag = work.files().join(StorageKey::bag(id, archive.token).as_str());
        let media = report.media.clone().ok_or_else(gone)?;
        let rendition = report.rendition.clone().ok_or_else(gone)?;
        Ok(Self { report, bag, media, rendition, transcript, tasks })
    }

    /// Prints the answer: JSON for programs, or what a person wants to see.
    #[expect(clippy::print_stdout, reason = "this is the command's answer")]
    pub fn print(
        &self,
        bag: &Path,
        total: Duration,
        lang: Lang,
        json: bool,
    ) -> Result<(), Failure> {
        if json {
            let json = serde_json::to_string(&self.json(bag, total)).map_err(Failure::internal)?;
            println!("{json}");
            return Ok(());
        }
        for segment in &self.transcript.segments {
            println!("[{}] {}", clock(segment.start_ms), segment.text);
        }
        if self.transcript.no_speech {
            println!("{}", lang.pick("（没有听到语音）", "(no speech was heard)"));
        }
        println!();
        println!("{} {}", lang.pick("归档：", "Archive:"), bag.display());
        for task in &self.tasks {
            println!("  {:<10} {:>7.2} s", stage_name(task.stage, lang), self.seconds(task.stage));
        }
        println!("  {:<10} {:>7.2} s", lang.pick("总计", "total"), total.as_secs_f64());
        Ok(())
    }

    fn json<'a>(&'a self, bag: &'a Path, total: Duration) -> Json<'a> {
        Json {
            report: ReportJson { id: self.report.id },
            media: MediaJson {
                duration_seconds: seconds(self.media.duration_ms),
                width: self.media.video.width,
                height: self.media.video.height,
                video_codec: &self.media.video.codec,
                audio_codec: &self.media.audio.codec,
                rotation_degrees: self.media.video.rotation_degrees,
                remuxed: self.rendition.remuxed,
            },
            transcript: TranscriptJson {
                language: &self.transcript.language,
                model: &self.transcript.recognizer.model,
                no_speech: self.transcript.no_speech,
                text: self.transcript.text(),
                segments: self.transcript.segments.iter().map(segment_json).collect(),
            },
            bag,
            timings: Timings {
                ingest_seconds: self.seconds(Stage::Ingest),
                transcode_seconds: self.seconds(Stage::Transcode),
                transcribe_seconds: self.seconds(Stage::Transcribe),
                archive_seconds: self.seconds(Stage::Archive),
                total_seconds: total.as_secs_f64(),
            },
        }
    }

    /// Seconds that a stage worked.
    fn seconds(&self, stage: Stage) -> f64 {
        let task = self.tasks.iter().find(|task| task.stage == stage);
        task.and_then(|task| task.work_ms).map_or(0.0, seconds)
    }
}

fn segment_json(segment: &Segment) -> SegmentJson<'_> {
    SegmentJson {
        start: seconds(segment.start_ms),
        end: seconds(segment.end_ms),
        text: &segment.text,
    }
}

#[expect(clippy::cast_precision_loss, reason = "durations stay far below 2^52 milliseconds")]
fn seconds(ms: u64) -> f64 {
    ms as f64 / 1000.0
}

fn clock(ms: u64) -> String {
    let s = ms / 1000;
    format!("{:02}:{:02}", s / 60, s % 60)
}
