//! Decoded pictures, brought to one size and format on the presentation's timeline.

use ffmpeg::{Packet, Rational, decoder, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::filter::{self, Filter};
use super::input::{TrackRef, square_pixels};

/// Takes a finished frame and the unit of its time.
pub type VideoSink<'a> = &'a mut dyn FnMut(&frame::Video, Rational) -> Result<(), MediaError>;

/// How pictures are to come out.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Clockwise turn: 0, 90, 180 or 270 degrees.
    pub rotation_degrees: u16,
    /// The most pixels on the short side.
    pub max_short_side: u32,
    /// Frames are dropped down to this rate, if the source is faster.
    pub max_frame_rate: Option<u32>,
    /// ffmpeg's name of the pixel format.
    pub pixel_format: &'static str,
}

/// Decodes packets and hands out filtered frames.
pub struct VideoPath {
    decoder: decoder::Video,
    track: TrackRef,
    look: Look,
    max_pixels: u64,
    filter: Option<(Filter, Shape)>,
    /// How many pictures were decoded.
    pub decoded: u64,
}

/// What a filter graph was built for.
type Shape = (u32, u32, ffmpeg::format::Pixel);

impl VideoPath {
    /// Pictures larger than `max_pixels` end the work.
    pub fn new(decoder: decoder::Video, track: TrackRef, look: Look, max_pixels: u64) -> Self {
        Self { decoder, track, look, max_pixels, filter: None, decoded: 0 }
    }

    /// Decodes a packet, or drains everything at the end (`None`).
    pub fn feed(&mut self, packet: Option<&Packet>, sink: VideoSink<'_>) -> Result<(), MediaError> {
        // A packet that cannot be decoded costs its picture and no more.
        let _ = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        let mut decoded = frame::Video::empty();
        while self.decoder.receive_frame(&mut decoded).is_ok() {
            self.decoded += 1;
            check_size(decoded.width(), decoded.height(), self.max_pixels)?;
            let pts = decoded.timestamp().map(|time| time - self.track.origin);
            decoded.set_pts(pts);
            self.filter_for(&decoded, sink)?.push(&decoded)?;
            self.drain(sink)?;
        }
        if packet.is_none() {
            self.finish(sink)?;
        }
        Ok(())
    }

    fn filter_for(
        &mut self,
        frame: &frame::Video,
        sink: VideoSink<'_>,
    ) -> Result<&mut Filter, MediaError> {
        let shape = (frame.width(), frame.height(), frame.format());
        if self.filter.as_ref().is_some_and(|(_, built)| *built != shape) {
            self.finish(sink)?;
        }
        let built = match self.filter.take() {
            Some(built) => built,
            None => (Filter::video(frame, self.track.time_base, &spec(frame, &self.look))?, shape),
        };
        Ok(&mut self.filter.insert(built).0)
    }

    fn finish(&mut self, sink: VideoSink<'_>) -> Result<(), MediaError> {
        if let Some((filter, _)) = &mut self.filter {
            filter.finish()?;
        }
        self.drain(sink)?;
        self.filter = None;
        Ok(())
    }

    fn drain(&mut self, sink: VideoSink<'_>) -> Result<(), MediaError> {
        let Some((filter, _)) = &mut self.filter else { return Ok(()) };
        let time_base = filter.time_base();
        let mut ready = frame::Video::empty();
        while filter.pull(&mut ready) {
            sink(&ready, time_base)?;
        }
        Ok(())
    }
}

/// Refuses pictures that would take too much memory.
pub fn check_size(width: u32, height: u32, limit: u64) -> Result<(), MediaError> {
    if u64::from(width) * u64::from(height) > limit {
        return Err(MediaError::TooLarge { width, height, limit });
    }
    Ok(())
}

/// The filters that give `frame` its look. Dropping frames comes first and turning last: both
/// save work on pixels that do not stay.
fn spec(frame: &frame::Video, look: &Look) -> String {
    let shown = square_pixels(frame.width(), frame.height(), frame.aspect_ratio());
    let (width, height) = fit(shown, look.max_short_side);
    let mut filters = Vec::new();
    if let Some(rate) = look.max_frame_rate {
        filters.push(format!("fps={rate}"));
    }
    if is_hdr(frame) && filter::exists("zscale") && filter::exists("tonemap") {
        filters.push(TONE_MAP.to_owned());
    }
    filters.push(format!("scale={width}:{height}:flags=bicubic"));
    match look.rotation_degrees {
        90 => filters.push("transpose=clock".into()),
        180 => filters.push("hflip,vflip".into()),
        270 => filters.push("transpose=cclock".into()),
        _ => {}
    }
    filters.push("setsar=1".into());
    filters.push(format!("format={}", look.pixel_format));
    filters.join(",")
}

/// From HDR (PQ or HLG) to BT.709, as ffmpeg's documentation of `tonemap` shows it. `npl` is the
/// peak brightness that the linear light is scaled to.
const TONE_MAP: &str = "zscale=t=linear:npl=100,format=gbrpf32le,zscale=p=bt709,\
                        tonemap=hable:desat=0,zscale=t=bt709:m=bt709:r=tv,format=yuv420p";

fn is_hdr(frame: &frame::Video) -> bool {
    use ffmpeg::color::TransferCharacteristic::{ARIB_STD_B67, SMPTE2084};
    matches!(frame.color_transfer_characteristic(), ARIB_STD_B67 | SMPTE2084)
}

/// Never larger, short side within the limit, even numbers as yuv420p wants them.
fn fit((width, height): (u32, u32), max_short_side: u32) -> (u32, u32) {
    let scale = (f64::from(max_short_side) / f64::from(width.min(height).max(1))).min(1.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture's size")]
    let even = |side: u32| ((f64::from(side) * scale / 2.0).round() as u32).max(1) * 2;
    (even(width), even(height))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_shrink_to_the_short_side_and_never_grow() {
        assert_eq!(fit((1920, 1080), 720), (1280, 720));
        assert_eq!(fit((1080, 1920), 720), (720, 1280));
        assert_eq!(fit((640, 361), 720), (640, 362));
        assert_eq!(fit((1, 1), 720), (2, 2));
    }
}
