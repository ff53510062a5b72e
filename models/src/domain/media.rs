//! What a video file turned out to contain.

use serde::{Deserialize, Serialize};

/// What ingest learned about an uploaded video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MediaInfo {
    /// Duration in milliseconds, measured from the packets and not believed from the header.
    pub duration_ms: u64,
    /// Short name of the container, as ffmpeg calls its demuxer (`mov,mp4,m4a,3gp,3g2,mj2`).
    pub container: String,
    /// The video track that is used: the best one by ffmpeg's rules, never a cover picture.
    pub video: VideoTrack,
    /// The audio track that is used, or the first of those that are mixed.
    pub audio: AudioTrack,
    /// What reading all of the file showed.
    #[serde(default)]
    pub scan: MediaScan,
}

/// What reading a whole file showed of its tracks.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct MediaScan {
    /// Milliseconds that could not be read, or of sound that could not be decoded.
    pub lost_ms: u64,
    /// Streams whose sound is used; more than one are mixed. Empty: the best one.
    pub sound_streams: Vec<usize>,
    /// The two channels cancel each other out, and one of them is to be inverted.
    pub antiphase: bool,
    /// The pictures are H.264 that every browser and phone plays.
    pub picture_is_playable: bool,
    /// The sound is AAC that every browser and phone plays.
    pub sound_is_playable: bool,
}

/// The picture side of a video.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct VideoTrack {
    /// ffmpeg's codec name (`h264`, `hevc`, `vp9` …).
    pub codec: String,
    /// Width in pixels of the largest picture as a viewer sees it, after rotation.
    pub width: u32,
    /// Height in pixels of the largest picture as a viewer sees it, after rotation.
    pub height: u32,
    /// Clockwise rotation that the container asks players to apply, after mirroring where it asks for
    /// that: 0, 90, 180 or 270.
    pub rotation_degrees: u16,
    /// Average frames per second; 0 where the file does not say.
    pub frame_rate: f64,
    /// ffmpeg's pixel format name (`yuv420p`, `yuv420p10le` …).
    pub pixel_format: String,
}

/// The sound side of a video.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AudioTrack {
    /// ffmpeg's codec name (`aac`, `opus` …).
    pub codec: String,
    /// Samples per second.
    pub sample_rate: u32,
    /// Number of channels.
    pub channels: u16,
}

/// The web-playable MP4 made from an original.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rendition {
    /// Width in pixels, even.
    pub width: u32,
    /// Height in pixels, even.
    pub height: u32,
    /// Duration in milliseconds.
    pub duration_ms: u64,
    /// True when the tracks were copied, false when they were encoded again.
    pub remuxed: bool,
    /// Milliseconds of pictures that could not be decoded without errors.
    #[serde(default)]
    pub lost_ms: u64,
}
