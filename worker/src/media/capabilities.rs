//! What this build of ffmpeg can do, for `huibao doctor`.

use ffmpeg::{decoder, encoder};
use ffmpeg_next as ffmpeg;

use super::filter;

/// Something that the pipeline uses.
#[derive(Debug, Clone)]
pub struct Capability {
    /// ffmpeg's name of it.
    pub name: &'static str,
    /// Whether it is there.
    pub present: bool,
    /// Whether nothing works without it.
    pub needed: bool,
}

/// Everything that the pipeline uses of ffmpeg.
pub fn capabilities() -> Vec<Capability> {
    // It can only fail where the libraries do not fit each other, and then nothing is found.
    let _ = ffmpeg::init();
    let encoders = ["libx264", "aac", "mjpeg"].map(|name| Capability {
        name,
        present: encoder::find_by_name(name).is_some(),
        needed: true,
    });
    let decoders =
        ["h264", "hevc", "aac", "vp8", "vp9", "opus", "mpeg4", "mp3", "amrnb"].map(|name| {
            let present = decoder::find_by_name(name).is_some();
            Capability { name, present, needed: matches!(name, "h264" | "hevc" | "aac") }
        });
    let filters = ["zscale", "tonemap"].map(|name| Capability {
        name,
        present: filter::exists(name),
        needed: false,
    });
    encoders.into_iter().chain(decoders).chain(filters).collect()
}

/// Version of the codec library, as `major.minor.micro`.
pub fn version() -> String {
    let v = ffmpeg::codec::version();
    format!("libavcodec {}.{}.{}", v >> 16, (v >> 8) & 0xff, v & 0xff)
}
