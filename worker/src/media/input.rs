//! Opening untrusted files, and what they say of themselves.

use std::path::Path;

use ffmpeg::codec::context::Context as CodecContext;
use ffmpeg::format::context::Input as Demuxer;
use ffmpeg::format::stream::Disposition;
use ffmpeg::{Packet, Rational, Rescale, Stream, decoder, media};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::{AudioTrack, VideoTrack};

use super::MediaError;
use super::sniff::is_cut_off_mp4;

/// Containers of recordings. Nothing that follows references to other files or addresses, such as
/// playlists, is among them.
const DEMUXERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,live_flv,asf,ogg,\
                        wav,mp3,aac,flac,amr,caf,aiff";

/// So many unreadable packets in a row are the end of what can be read.
const BROKEN_IN_A_ROW: u32 = 200;

/// Milliseconds.
pub const MS: Rational = Rational(1, 1000);

/// Bounds on what is accepted.
#[derive(Debug, Clone, Copy)]
pub struct MediaLimits {
    /// Longest recording in milliseconds.
    pub max_duration_ms: u64,
    /// Most pixels (width × height) of a picture.
    pub max_pixels: u64,
}

/// An opened file and its two tracks.
pub struct Input {
    /// The demuxer.
    pub demuxer: Demuxer,
    /// The picture.
    pub video: TrackRef,
    /// The sound.
    pub audio: TrackRef,
    broken: u32,
}

/// Where a track is and what its times mean.
#[derive(Debug, Clone, Copy)]
pub struct TrackRef {
    /// Index of the stream.
    pub index: usize,
    /// Unit of its times.
    pub time_base: Rational,
    /// Start of the presentation in that unit: the earlier of the two tracks' starts.
    pub origin: i64,
}

impl Input {
    /// Opens a file and picks its tracks.
    pub fn open(path: &Path) -> Result<Self, MediaError> {
        ffmpeg::init().map_err(MediaError::during("start ffmpeg"))?;
        ffmpeg::log::set_level(ffmpeg::log::Level::Fatal);
        let mut options = ffmpeg::Dictionary::new();
        options.set("format_whitelist", DEMUXERS);
        options.set("protocol_whitelist", "file");
        let demuxer = ffmpeg::format::input_with_dictionary(path, options)
            .map_err(|error| not_opened(path, error))?;
        let video = pick(&demuxer, media::Type::Video).ok_or(MediaError::NoVideo)?;
        let audio = pick(&demuxer, media::Type::Audio).ok_or(MediaError::NoAudio)?;
        let mut input = Self { video, audio, demuxer, broken: 0 };
        input.align()?;
        Ok(input)
    }

    /// Gives both tracks the same origin.
    fn align(&mut self) -> Result<(), MediaError> {
        let start = |track: TrackRef| -> Result<i64, MediaError> {
            let start = self.stream(track)?.start_time();
            // A start that is not known counts as zero.
            Ok(if start == ffmpeg::ffi::AV_NOPTS_VALUE {
                0
            } else {
                start.rescale(track.time_base, MS)
            })
        };
        let origin_ms = start(self.video)?.min(start(self.audio)?);
        for track in [&mut self.video, &mut self.audio] {
            track.origin = origin_ms.rescale(MS, track.time_base);
        }
        Ok(())
    }

    /// The stream of a track.
    pub fn stream(&self, track: TrackRef) -> Result<Stream<'_>, MediaError> {
        self.demuxer.stream(track.index).ok_or(MediaError::Ffmpeg {
            what: "find a stream again",
            source: ffmpeg::Error::StreamNotFound,
        })
    }

    /// The next readable packet, or `None` at the end. Broken ones in between are passed over.
    pub fn next_packet(&mut self) -> Option<Packet> {
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.demuxer) {
                Ok(()) => {
                    self.broken = 0;
                    return Some(packet);
                }
                Err(ffmpeg::Error::Eof) => return None,
                Err(_) if self.broken < BROKEN_IN_A_ROW => self.broken += 1,
                Err(_) => return None,
            }
        }
    }

    /// A decoder for the picture, with `threads` threads.
    pub fn video_decoder(&self, threads: u32) -> Result<decoder::Video, MediaError> {
        let stream = self.stream(self.video)?;
        let mut context = CodecContext::from_parameters(stream.parameters())
            .map_err(MediaError::during("read the video parameters"))?;
        context.set_threading(frame_threads(threads));
        let codec = codec_name(&stream);
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(self.video.time_base);
        decoder.video().map_err(|_| MediaError::UnsupportedCodec(codec))
    }

    /// A decoder for the sound.
    pub fn audio_decoder(&self) -> Result<decoder::Audio, MediaError> {
        let stream = self.stream(self.audio)?;
        let context = CodecContext::from_parameters(stream.parameters())
            .map_err(MediaError::during("read the audio parameters"))?;
        let codec = codec_name(&stream);
        let mut decoder = context.decoder();
        decoder.set_packet_time_base(self.audio.time_base);
        decoder.audio().map_err(|_| MediaError::UnsupportedCodec(codec))
    }

    /// What the picture track says of itself.
    pub fn video_track(&self, decoder: &decoder::Video) -> Result<VideoTrack, MediaError> {
        let stream = self.stream(self.video)?;
        let rotation_degrees = rotation(&stream);
        let shown = square_pixels(decoder.width(), decoder.height(), decoder.aspect_ratio());
        let (width, height) = if rotation_degrees % 180 == 90 { (shown.1, shown.0) } else { shown };
        let rate = stream.avg_frame_rate();
        Ok(VideoTrack {
            codec: codec_name(&stream),
            width,
            height,
            rotation_degrees,
            frame_rate: if rate.denominator() == 0 { 0.0 } else { f64::from(rate) },
            pixel_format: decoder.format().descriptor().map_or("none", |d| d.name()).to_owned(),
        })
    }

    /// What the sound track says of itself.
    pub fn audio_track(&self, decoder: &decoder::Audio) -> Result<AudioTrack, MediaError> {
        Ok(AudioTrack {
            codec: codec_name(&self.stream(self.audio)?),
            sample_rate: decoder.rate(),
            channels: decoder.channels(),
        })
    }
}

/// A codec's thread pool of this size.
pub fn frame_threads(count: u32) -> ffmpeg::threading::Config {
    ffmpeg::threading::Config {
        kind: ffmpeg::threading::Type::Frame,
        ..ffmpeg::threading::Config::count(count.max(1) as usize)
    }
}

/// The best track of a kind; a cover picture is no video.
fn pick(demuxer: &Demuxer, kind: media::Type) -> Option<TrackRef> {
    let is_cover = |s: &Stream<'_>| s.disposition().contains(Disposition::ATTACHED_PIC);
    let best = demuxer.streams().best(kind).filter(|stream| !is_cover(stream));
    let other = || demuxer.streams().find(|s| s.parameters().medium() == kind && !is_cover(s));
    let stream = best.or_else(other)?;
    Some(TrackRef { index: stream.index(), time_base: stream.time_base(), origin: 0 })
}

fn not_opened(path: &Path, error: ffmpeg::Error) -> MediaError {
    match is_cut_off_mp4(path) {
        Ok(true) => MediaError::Truncated(error.to_string()),
        _ => MediaError::NotMedia(error.to_string()),
    }
}

/// ffmpeg's name of a track's codec.
fn codec_name(stream: &Stream<'_>) -> String {
    stream.parameters().id().name().to_owned()
}

/// Size with square pixels: wide pixels make the picture wider, as players do.
pub fn square_pixels(width: u32, height: u32, aspect: Rational) -> (u32, u32) {
    let (num, den) = (aspect.numerator(), aspect.denominator());
    if num <= 0 || den <= 0 || num == den {
        return (width, height);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture's size")]
    let wide = (f64::from(width) * f64::from(num) / f64::from(den)).round() as u32;
    (wide, height)
}

/// Clockwise degrees that the container asks players to turn the picture by: 0, 90, 180 or 270.
///
/// The side data is a 3 × 3 matrix of native-endian 16.16 numbers, see `libavutil/display.h`.
fn rotation(stream: &Stream<'_>) -> u16 {
    use ffmpeg::packet::side_data::Type;
    let matrix = stream.side_data().find(|data| data.kind() == Type::DisplayMatrix);
    let Some(matrix) = matrix else { return 0 };
    let number = |i: usize| -> Option<f64> {
        let bytes = matrix.data().get(i * 4..i * 4 + 4)?;
        Some(f64::from(i32::from_ne_bytes(bytes.try_into().ok()?)))
    };
    let (Some(a), Some(b)) = (number(0), number(1)) else { return 0 };
    let quarter_turns = (b.atan2(a).to_degrees() / 90.0).round();
    #[expect(clippy::cast_possible_truncation, reason = "between -2 and 2")]
    let quarter_turns = (quarter_turns as i32).rem_euclid(4);
    [0, 90, 180, 270][quarter_turns.unsigned_abs() as usize]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_pixels_make_a_wider_picture() {
        assert_eq!(square_pixels(720, 576, Rational(16, 15)), (768, 576));
        assert_eq!(square_pixels(720, 576, Rational(0, 1)), (720, 576));
    }
}
