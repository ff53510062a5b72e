//! The files of a report and their properties.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The submitted video.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = VideoFile)]
pub struct VideoFileView {
    /// Its original name.
    pub file_name: String,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// The submitted written report and its text.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = WrittenFile)]
pub struct WrittenFileView {
    /// Its original name.
    pub file_name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Its paragraphs, separated by newlines, once ingest has read them.
    #[schema(required)]
    pub text: Option<String>,
    /// True for a scanned PDF: there are pages, but no text in them.
    pub no_text_layer: bool,
}

/// A photographed page of the written report.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Page)]
pub struct PageView {
    /// The photo's original name.
    pub file_name: String,
    /// Size of the photo in bytes.
    pub size_bytes: u64,
    /// URL of the page, upright, once ingest has made it.
    #[schema(required)]
    pub url: Option<String>,
}

/// Properties of the video.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[schema(as = Media)]
pub struct MediaView {
    /// Length in seconds.
    pub duration_seconds: f64,
    /// Width in pixels, after rotation.
    pub width: u32,
    /// Height in pixels, after rotation.
    pub height: u32,
    /// FFmpeg's name of the video codec.
    pub video_codec: String,
    /// FFmpeg's name of the audio codec.
    pub audio_codec: String,
    /// Clockwise rotation that the original asks players to apply.
    pub rotation_degrees: u16,
    /// True when the rendition holds the original's tracks, false when they were encoded again;
    /// null before it is made.
    #[schema(required)]
    pub remuxed: Option<bool>,
    /// Of damaged files, how much could not be read or decoded, in seconds.
    #[serde(default)]
    pub lost_seconds: f64,
}

/// URLs of a report's files; null for a file that does not exist, or not yet.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct Links {
    /// The web-playable rendition.
    #[schema(required)]
    pub video: Option<String>,
    /// The submitted video.
    #[schema(required)]
    pub original: Option<String>,
    /// A still picture.
    #[schema(required)]
    pub poster: Option<String>,
    /// How loud the sound is over time.
    #[schema(required)]
    pub peaks: Option<String>,
    /// The submitted written report.
    #[schema(required)]
    pub written: Option<String>,
    /// The transcript as `WebVTT`.
    #[schema(required)]
    pub vtt: Option<String>,
    /// The transcript as `SubRip`.
    #[schema(required)]
    pub srt: Option<String>,
    /// The transcript as plain text.
    #[schema(required)]
    pub txt: Option<String>,
    /// The transcript as JSON: a `TranscriptFile`.
    #[schema(required)]
    pub json: Option<String>,
}
