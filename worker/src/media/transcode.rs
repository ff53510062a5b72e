//! The web-playable rendition.

use std::path::Path;

use ffmpeg::format::context::Output as Muxer;
use ffmpeg::{Packet, Rational, Rescale, codec, encoder, frame};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::{MediaInfo, Rendition};

use super::audio::AudioPath;
use super::input::{Input, frame_threads};
use super::output::{AUDIO, Mp4, VIDEO};
use super::remux::{is_web_playable, remux};
use super::video::{Look, VideoPath};
use super::{MediaError, Progress};

/// What a rendition may be like, and what making it may take.
#[derive(Debug, Clone, Copy)]
pub struct TranscodeOptions {
    /// Threads, all in all.
    pub threads: u32,
    /// The most pixels on the short side.
    pub max_short_side: u32,
    /// The most frames per second.
    pub max_frame_rate: u32,
}

/// Sound of a rendition: 48 kHz, 128 kbit/s.
const SOUND_RATE: u32 = 48_000;
const SOUND_BITS: usize = 128_000;

/// Samples in an AAC frame.
const AAC_FRAME: u32 = 1024;

/// Quality of the picture: x264's default of 23, at the speed that fits a queue of reports.
const X264: [(&str, &str); 3] = [("preset", "veryfast"), ("crf", "23"), ("profile", "high")];

/// Makes the rendition, by copying where that is enough.
pub fn transcode(
    path: &Path,
    info: &MediaInfo,
    output: &Path,
    options: &TranscodeOptions,
    progress: Progress<'_>,
) -> Result<Rendition, MediaError> {
    let mut input = Input::open(path)?;
    if is_web_playable(&input, info, options)? {
        let duration_ms = remux(&mut input, info, output, progress)?;
        let (width, height) = (info.video.width, info.video.height);
        return Ok(Rendition { width, height, duration_ms, remuxed: true });
    }
    encode(&mut input, info, output, options, progress)
}

fn encode(
    input: &mut Input,
    info: &MediaInfo,
    output: &Path,
    options: &TranscodeOptions,
    progress: Progress<'_>,
) -> Result<Rendition, MediaError> {
    let look = Look {
        rotation_degrees: info.video.rotation_degrees,
        max_short_side: options.max_short_side,
        max_frame_rate: (info.video.frame_rate > f64::from(options.max_frame_rate) + 0.5)
            .then_some(options.max_frame_rate),
        pixel_format: "yuv420p",
    };
    let layout = if info.audio.channels == 1 { "mono" } else { "stereo" };
    let format = format!("sample_fmts=fltp:channel_layouts={layout}");
    let mut video = VideoPath::new(input.video_decoder(1)?, input.video, look, u64::MAX);
    let mut audio = AudioPath::new(input.audio_decoder()?, input.audio, SOUND_RATE, &format)
        .with_frame_size(AAC_FRAME);
    let mut writer = Writer::new(output, options.threads, info.audio.channels == 1);
    let mut next_report = 0;
    loop {
        let packet = input.next_packet();
        let stream = packet.as_ref().map(Packet::stream);
        if stream.is_none() || stream == Some(input.video.index) {
            video.feed(packet.as_ref(), &mut |frame, base| writer.picture(frame, base))?;
        }
        if stream.is_none() || stream == Some(input.audio.index) {
            audio.feed(packet.as_ref(), &mut |frame| writer.sound(frame))?;
        }
        if packet.is_none() {
            break;
        }
        let end_ms = writer.end_ms();
        if end_ms >= next_report {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            progress((end_ms as f32 / info.duration_ms.max(1) as f32).min(1.0));
            next_report = end_ms + info.duration_ms / 100;
        }
    }
    writer.finish(&info.video.codec)
}

/// Encodes finished frames. The file is begun with the first picture, because only then its size
/// is known; sound that comes before waits.
struct Writer<'a> {
    output: &'a Path,
    /// For x264, which does nearly all of the work; decoding and scaling run on this thread and
    /// take turns with it.
    threads: u32,
    mono: bool,
    early_sound: Vec<frame::Audio>,
    open: Option<OpenWriter>,
}

struct OpenWriter {
    mp4: Mp4,
    video: encoder::video::Encoder,
    audio: encoder::audio::Encoder,
    video_base: Rational,
    last_pts: Option<i64>,
    sound_pts: i64,
    size: (u32, u32),
}

impl<'a> Writer<'a> {
    fn new(output: &'a Path, threads: u32, mono: bool) -> Self {
        Self { output, threads, mono, early_sound: Vec::new(), open: None }
    }

    fn end_ms(&self) -> u64 {
        self.open.as_ref().map_or(0, |open| open.mp4.end_ms)
    }

    fn picture(&mut self, frame: &frame::Video, time_base: Rational) -> Result<(), MediaError> {
        if self.open.is_none() {
            let mut open = OpenWriter::begin(self, frame, time_base)?;
            for sound in self.early_sound.drain(..) {
                open.sound(&sound)?;
            }
            self.open = Some(open);
        }
        match &mut self.open {
            Some(open) => open.picture(frame, time_base),
            None => Ok(()),
        }
    }

    fn sound(&mut self, frame: &frame::Audio) -> Result<(), MediaError> {
        let Some(open) = &mut self.open else {
            self.early_sound.push(frame.clone());
            return Ok(());
        };
        open.sound(frame)
    }

    fn finish(self, codec: &str) -> Result<Rendition, MediaError> {
        let mut open = self.open.ok_or_else(|| MediaError::UnsupportedCodec(codec.to_owned()))?;
        let failed = MediaError::during("end encoding");
        open.video.send_eof().map_err(&failed)?;
        open.audio.send_eof().map_err(&failed)?;
        open.drain()?;
        let (width, height) = open.size;
        Ok(Rendition { width, height, duration_ms: open.mp4.finish()?, remuxed: false })
    }
}

impl OpenWriter {
    fn begin(
        writer: &Writer<'_>,
        frame: &frame::Video,
        video_base: Rational,
    ) -> Result<Self, MediaError> {
        let video = video_encoder(frame, video_base, writer.threads)?;
        let audio = audio_encoder(writer.mono)?;
        let mp4 = Mp4::create(writer.output, |muxer| {
            add_track(muxer, codec::Id::H264)?.set_parameters(&video);
            add_track(muxer, codec::Id::AAC)?.set_parameters(&audio);
            Ok(())
        })?;
        let size = (frame.width(), frame.height());
        Ok(Self { mp4, video, audio, video_base, last_pts: None, sound_pts: 0, size })
    }

    fn picture(&mut self, frame: &frame::Video, time_base: Rational) -> Result<(), MediaError> {
        let pts = frame.pts().unwrap_or(0).rescale(time_base, self.video_base);
        // Times that stand still or go back would make a file that no player takes.
        if self.last_pts.is_some_and(|last| pts <= last)
            || self.size != (frame.width(), frame.height())
        {
            return Ok(());
        }
        self.last_pts = Some(pts);
        let mut frame = frame.clone();
        frame.set_pts(Some(pts));
        frame.set_kind(ffmpeg::picture::Type::None);
        self.video.send_frame(&frame).map_err(MediaError::during("encode a picture"))?;
        self.drain()
    }

    fn sound(&mut self, frame: &frame::Audio) -> Result<(), MediaError> {
        // The filter made the timeline gapless from zero, so counting samples is exact.
        let mut frame = frame.clone();
        frame.set_pts(Some(self.sound_pts));
        self.sound_pts += i64::try_from(frame.samples()).unwrap_or(0);
        self.audio.send_frame(&frame).map_err(MediaError::during("encode sound"))?;
        self.drain()
    }

    fn drain(&mut self) -> Result<(), MediaError> {
        let mut packet = Packet::empty();
        while self.video.receive_packet(&mut packet).is_ok() {
            let ready = std::mem::replace(&mut packet, Packet::empty());
            self.mp4.write(ready, VIDEO, self.video_base)?;
        }
        while self.audio.receive_packet(&mut packet).is_ok() {
            let ready = std::mem::replace(&mut packet, Packet::empty());
            self.mp4.write(ready, AUDIO, sound_base())?;
        }
        Ok(())
    }
}

fn sound_base() -> Rational {
    // 48 000 fits.
    Rational(1, SOUND_RATE.cast_signed())
}

fn add_track(muxer: &mut Muxer, id: codec::Id) -> Result<ffmpeg::StreamMut<'_>, MediaError> {
    muxer.add_stream(encoder::find(id)).map_err(MediaError::during("add a track"))
}

fn video_encoder(
    frame: &frame::Video,
    time_base: Rational,
    threads: u32,
) -> Result<encoder::video::Encoder, MediaError> {
    let failed = MediaError::during("start the H.264 encoder");
    let codec = encoder::find_by_name("libx264").ok_or(MediaError::Missing("libx264 encoder"))?;
    let mut context = codec::Context::new_with_codec(codec);
    context.set_flags(codec::Flags::GLOBAL_HEADER);
    context.set_threading(frame_threads(threads));
    let mut encoder = context.encoder().video().map_err(&failed)?;
    encoder.set_width(frame.width());
    encoder.set_height(frame.height());
    encoder.set_format(frame.format());
    encoder.set_time_base(time_base);
    encoder.set_aspect_ratio(Rational(1, 1));
    encoder.set_colorspace(frame.color_space());
    encoder.set_color_range(frame.color_range());
    encoder.set_color_primaries(frame.color_primaries());
    encoder.set_color_transfer_characteristic(frame.color_transfer_characteristic());
    let mut options = ffmpeg::Dictionary::new();
    for (name, value) in X264 {
        options.set(name, value);
    }
    encoder.open_with(options).map_err(failed)
}

fn audio_encoder(mono: bool) -> Result<encoder::audio::Encoder, MediaError> {
    let failed = MediaError::during("start the AAC encoder");
    let codec = encoder::find(codec::Id::AAC).ok_or(MediaError::Missing("AAC encoder"))?;
    let mut context = codec::Context::new_with_codec(codec);
    context.set_flags(codec::Flags::GLOBAL_HEADER);
    let mut encoder = context.encoder().audio().map_err(&failed)?;
    encoder.set_rate(SOUND_RATE.cast_signed());
    encoder.set_format(ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar));
    encoder.set_channel_layout(if mono {
        ffmpeg::ChannelLayout::MONO
    } else {
        ffmpeg::ChannelLayout::STEREO
    });
    encoder.set_bit_rate(SOUND_BITS);
    encoder.set_time_base(sound_base());
    encoder.open().map_err(failed)
}
