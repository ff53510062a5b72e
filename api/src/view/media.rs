//! The files of a report and what is known about them.

use huibao_models::domain::media::{MediaInfo, Rendition};
use huibao_models::domain::report::{StoredFile, WrittenContent};
use serde::Serialize;
use utoipa::ToSchema;

use super::seconds;

/// The video as given.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = VideoFile)]
pub(crate) struct VideoFileView {
    /// The name it was given with.
    pub file_name: String,
    /// Size in bytes.
    pub size_bytes: u64,
}

/// The written report as given, and its text.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = WrittenFile)]
pub(crate) struct WrittenFileView {
    /// The name it was given with.
    pub file_name: String,
    /// Size in bytes.
    pub size_bytes: u64,
    /// Its paragraphs, separated by newlines, once ingest has read them.
    #[schema(required)]
    pub text: Option<String>,
    /// True for a scanned PDF: there are pages, but no text in them.
    pub no_text_layer: bool,
}

impl WrittenFileView {
    pub(super) fn new(file: &StoredFile, content: Option<&WrittenContent>) -> Self {
        Self {
            file_name: file.name.clone(),
            size_bytes: file.size_bytes,
            text: content.map(|content| content.text.clone()),
            no_text_layer: content.is_some_and(|content| content.no_text_layer),
        }
    }
}

/// What the video contains.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Media)]
pub(crate) struct MediaView {
    /// Length in seconds.
    pub duration_seconds: f64,
    /// Width in pixels as a viewer sees it.
    pub width: u32,
    /// Height in pixels as a viewer sees it.
    pub height: u32,
    /// ffmpeg's name of the picture's codec.
    pub video_codec: String,
    /// ffmpeg's name of the sound's codec.
    pub audio_codec: String,
    /// Clockwise rotation that the original asks players to apply.
    pub rotation_degrees: u16,
    /// True when the rendition holds the original's tracks, false when they were encoded again;
    /// null before it is made.
    #[schema(required)]
    pub remuxed: Option<bool>,
}

impl MediaView {
    pub(super) fn new(media: &MediaInfo, rendition: Option<&Rendition>) -> Self {
        Self {
            duration_seconds: seconds(media.duration_ms),
            width: media.video.width,
            height: media.video.height,
            video_codec: media.video.codec.clone(),
            audio_codec: media.audio.codec.clone(),
            rotation_degrees: media.video.rotation_degrees,
            remuxed: rendition.map(|rendition| rendition.remuxed),
        }
    }
}

/// Where a report's files are; null for what is not there, or not yet.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Links {
    /// The web-playable rendition.
    #[schema(required)]
    pub video: Option<String>,
    /// The video as given.
    pub original: String,
    /// A still picture.
    #[schema(required)]
    pub poster: Option<String>,
    /// The written report as given.
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
    /// The transcript as JSON, with all that is known about it.
    #[schema(required)]
    pub json: Option<String>,
}
