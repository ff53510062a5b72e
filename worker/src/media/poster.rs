//! One picture of the video, as JPEG.

use std::path::Path;

use ffmpeg::{Packet, Rational, codec, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;

/// JPEG quality on ffmpeg's scale: 2 is best, 31 worst.
const QUALITY: &str = "4";

/// Writes a frame (in `yuvj420p`) as a JPEG file.
pub fn write_jpeg(frame: &frame::Video, path: &Path) -> Result<(), MediaError> {
    let failed = MediaError::during("encode the poster");
    let codec =
        ffmpeg::encoder::find(codec::Id::MJPEG).ok_or(MediaError::Missing("JPEG encoder"))?;
    let context = codec::Context::new_with_codec(codec);
    let mut encoder = context.encoder().video().map_err(&failed)?;
    encoder.set_width(frame.width());
    encoder.set_height(frame.height());
    encoder.set_format(frame.format());
    encoder.set_time_base(Rational(1, 25));
    let mut options = ffmpeg::Dictionary::new();
    options.set("qmin", QUALITY);
    options.set("qmax", QUALITY);
    options.set("threads", "1");
    let mut encoder = encoder.open_with(options).map_err(&failed)?;
    encoder.send_frame(frame).map_err(&failed)?;
    encoder.send_eof().map_err(&failed)?;
    let mut packet = Packet::empty();
    encoder.receive_packet(&mut packet).map_err(&failed)?;
    std::fs::write(path, packet.data().unwrap_or_default())?;
    Ok(())
}
