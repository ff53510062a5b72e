//! The command line of `huibao process`.

use std::path::PathBuf;

/// Flags of `huibao process`.
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The video
    pub video: PathBuf,
    /// The written report: a document (.docx, .doc, .wps, .pdf, .odt, .rtf, .txt or .md), or photos of its pages
    /// (.jpg, .png, .heic or .webp), one after the other
    #[arg(long, value_name = "FILE")]
    pub written: Vec<PathBuf>,
    /// Folder that the archive bag is put into, as a folder named by the report's id
    #[arg(long, value_name = "DIR", default_value = "huibao-archive")]
    pub out: PathBuf,
    /// Language of the speech: zh, en, … or auto
    #[arg(long, value_name = "CODE", default_value = "zh")]
    pub language: String,
    /// What the report is called
    #[arg(long, default_value = "")]
    pub title: String,
    /// Who speaks
    #[arg(long, default_value = "")]
    pub speaker: String,
    /// Whisper model: a name such as base or small, or the path of a ggml file
    #[arg(long, value_name = "NAME|FILE")]
    pub model: Option<String>,
    /// Cores for all heavy work together [default: all]
    #[arg(long, value_name = "N")]
    pub cores: Option<u32>,
    /// Print exactly one JSON object
    #[arg(long)]
    pub json: bool,
}
