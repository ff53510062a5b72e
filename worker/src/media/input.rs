//! Opening untrusted files: tracks, packets and decoders.

use std::path::Path;

use ffmpeg::codec::context::Context as CodecContext;
use ffmpeg::format::context::Input as Demuxer;
use ffmpeg::format::stream::Disposition;
use ffmpeg::{Packet, Rational, Rescale, Stream, decoder, media};
use ffmpeg_next as ffmpeg;

use super::sniff::is_cut_off_mp4;
use super::timeline::Timeline;
use super::{MediaError, native};

/// Containers of recordings. Nothing that follows references to other files or addresses, such as
/// playlists, is among them.
const DEMUXERS: &str = "mov,mp4,m4a,3gp,3g2,mj2,matroska,webm,mpegts,mpeg,avi,flv,live_flv,asf,ogg,\
                        wav,mp3,aac,flac,amr,caf,aiff";

/// So many unreadable packets in a row are the end of what can be read.
const BROKEN_IN_A_ROW: u32 = 200;

/// The most sound tracks that are looked at.
const MAX_SOUNDS: usize = 8;

/// The most channels of a sound track.
const MAX_CHANNELS: u16 = 8;

/// Milliseconds.
pub const MS: Rational = Rational(1, 1000);

/// Microseconds.
const US: Rational = Rational(1, 1_000_000);

/// An opened file and its tracks.
pub struct Input {
    /// The demuxer.
    pub demuxer: Demuxer,
    /// The picture.
    pub video: TrackRef,
    /// The sound: the best track first, then others that can be decoded.
    pub sounds: Vec<TrackRef>,
    timeline: Timeline,
    broken: u32,
}

/// Where a track is and what its times mean.
#[derive(Debug, Clone, Copy)]
pub struct TrackRef {
    /// Index of the stream.
    pub index: usize,
    /// Unit of its times.
    pub time_base: Rational,
    /// Start of the presentation in that unit: the earliest of the tracks' starts.
    pub origin: i64,
    /// Whether the container states the times of some packets only, as transport streams do. The others
    /// are counted on from there by durations that the codec's first header gave.
    pub sparse_times: bool,
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
        let video = pick_video(&demuxer)?;
        let sounds = pick_sounds(&demuxer)?;
        let is_broadcast = native::times_may_jump(&demuxer);
        let timeline = Timeline::new(is_broadcast);
        let video = TrackRef { sparse_times: is_broadcast, ..video };
        let sounds =
            sounds.into_iter().map(|t| TrackRef { sparse_times: is_broadcast, ..t }).collect();
        let mut input = Self { demuxer, video, sounds, timeline, broken: 0 };
        input.align()?;
        Ok(input)
    }

    /// Keeps only those sound tracks that are named, if there are any of them.
    pub fn keep_sounds(&mut self, streams: &[usize]) {
        let kept: Vec<_> =
            self.sounds.iter().copied().filter(|track| streams.contains(&track.index)).collect();
        if kept.is_empty() {
            self.sounds.truncate(1);
        } else {
            self.sounds = kept;
        }
    }

    /// Gives all tracks the same origin.
    fn align(&mut self) -> Result<(), MediaError> {
        let mut origin = i64::MAX;
        for track in self.sounds.iter().chain([&self.video]) {
            let start = self.stream(*track)?.start_time();
            // A start that is not known counts as zero.
            let known = start != ffmpeg::ffi::AV_NOPTS_VALUE;
            origin = origin.min(if known { start.rescale(track.time_base, US) } else { 0 });
        }
        for track in self.sounds.iter_mut().chain([&mut self.video]) {
            track.origin = origin.rescale(US, track.time_base);
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

    /// The next readable packet of one of the tracks, with its times on the presentation's timeline,
    /// or `None` at the end. Broken ones in between are passed over.
    pub fn next_packet(&mut self) -> Option<Packet> {
        loop {
            let mut packet = Packet::empty();
            match packet.read(&mut self.demuxer) {
                Ok(()) => {
                    self.broken = 0;
                    let index = packet.stream();
                    let track = self.sounds.iter().chain([&self.video]).find(|t| t.index == index);
                    if let Some(&track) = track {
                        self.place(&mut packet, track);
                        return Some(packet);
                    }
                }
                Err(ffmpeg::Error::Eof) => return None,
                Err(_) if self.broken < BROKEN_IN_A_ROW => self.broken += 1,
                Err(_) => return None,
            }
        }
    }

    /// Moves a packet's times so that the presentation begins at zero and runs on.
    fn place(&mut self, packet: &mut Packet, track: TrackRef) {
        let Some(time) = packet.dts().or(packet.pts()) else { return };
        let [time, shown, duration] = [time, packet.pts().unwrap_or(time), packet.duration()]
            .map(|value| value.rescale(track.time_base, US));
        // What an edit list hides goes back to a key frame before what is shown next; that is no new
        // start of the recording.
        let shift = if native::is_hidden(packet) {
            self.timeline.current_shift(track.index)
        } else {
            self.timeline.shift(track.index, time, shown, duration)
        };
        let offset = shift.rescale(US, track.time_base).saturating_sub(track.origin);
        packet.set_pts(packet.pts().map(|time| time.saturating_add(offset)));
        packet.set_dts(packet.dts().map(|time| time.saturating_add(offset)));
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

    /// A decoder for a sound track.
    pub fn audio_decoder(&self, track: TrackRef) -> Result<decoder::Audio, MediaError> {
        audio_decoder(&self.stream(track)?)
    }
}

/// A codec's thread pool of this size.
pub fn frame_threads(count: u32) -> ffmpeg::threading::Config {
    ffmpeg::threading::Config {
        kind: ffmpeg::threading::Type::Frame,
        ..ffmpeg::threading::Config::count(count.max(1) as usize)
    }
}

/// ffmpeg's name of a track's codec.
pub fn codec_name(stream: &Stream<'_>) -> String {
    stream.parameters().id().name().to_owned()
}

fn audio_decoder(stream: &Stream<'_>) -> Result<decoder::Audio, MediaError> {
    let context = CodecContext::from_parameters(stream.parameters())
        .map_err(MediaError::during("read the audio parameters"))?;
    let mut decoder = context.decoder();
    decoder.set_packet_time_base(stream.time_base());
    let unsupported = |_| MediaError::UnsupportedCodec(codec_name(stream));
    let decoder = decoder.audio().map_err(unsupported)?;
    check_channels(decoder.channels(), || codec_name(stream))?;
    Ok(decoder)
}

/// Refuses layouts that cannot be mixed down, because it is not known where their channels belong.
pub fn check_channels(count: u16, codec: impl FnOnce() -> String) -> Result<(), MediaError> {
    if count > MAX_CHANNELS {
        return Err(MediaError::UnsupportedCodec(format!("{} with {count} channels", codec())));
    }
    Ok(())
}

/// The tracks of a kind, the best one by ffmpeg's rules first. A cover picture is no video.
fn tracks(demuxer: &Demuxer, kind: media::Type) -> Vec<Stream<'_>> {
    let is_cover = |s: &Stream<'_>| s.disposition().contains(Disposition::ATTACHED_PIC);
    let best = demuxer.streams().best(kind).map(|stream| stream.index());
    let mut tracks: Vec<_> = demuxer
        .streams()
        .filter(|stream| stream.parameters().medium() == kind && !is_cover(stream))
        .collect();
    tracks.sort_by_key(|stream| Some(stream.index()) != best);
    tracks
}

fn track_ref(stream: &Stream<'_>) -> TrackRef {
    TrackRef {
        index: stream.index(),
        time_base: stream.time_base(),
        origin: 0,
        sparse_times: false,
    }
}

fn pick_video(demuxer: &Demuxer) -> Result<TrackRef, MediaError> {
    let tracks = tracks(demuxer, media::Type::Video);
    let first = tracks.first().ok_or(MediaError::NoVideo)?;
    let decodable = |s: &&Stream<'_>| decoder::find(s.parameters().id()).is_some();
    let stream = tracks.iter().find(decodable).unwrap_or(first);
    if shows_only_with_dolby_vision(stream) {
        return Err(MediaError::UnsupportedCodec("Dolby Vision without a base layer".into()));
    }
    Ok(track_ref(stream))
}

/// Whether the colours of a track are those of Dolby Vision profile 5, which other decoders show
/// green and violet. The side data is a structure of bytes, the profile the third of them.
fn shows_only_with_dolby_vision(stream: &Stream<'_>) -> bool {
    use ffmpeg::packet::side_data::Type;
    let record = stream.side_data().find(|data| data.kind() == Type::DOVI_CONF);
    record.is_some_and(|record| record.data().get(2) == Some(&5))
}

/// Those sound tracks that can be decoded; if there is none, why not.
fn pick_sounds(demuxer: &Demuxer) -> Result<Vec<TrackRef>, MediaError> {
    let tracks = tracks(demuxer, media::Type::Audio);
    let mut failure = MediaError::NoAudio;
    let mut picked = Vec::new();
    for stream in &tracks {
        match audio_decoder(stream) {
            Ok(_) if picked.len() < MAX_SOUNDS => picked.push(track_ref(stream)),
            Ok(_) => {}
            Err(error) => failure = error,
        }
    }
    if picked.is_empty() { Err(failure) } else { Ok(picked) }
}

fn not_opened(path: &Path, error: ffmpeg::Error) -> MediaError {
    match is_cut_off_mp4(path) {
        Ok(true) => MediaError::Truncated(error.to_string()),
        _ => MediaError::NotMedia(error.to_string()),
    }
}
