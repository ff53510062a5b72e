//! The encoders of a rendition: x264 and ffmpeg's AAC.

use ffmpeg::{Rational, codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::color::Colors;
use super::input::frame_threads;

/// Sound of a rendition: 48 kHz, 128 kbit/s.
pub const SOUND_RATE: u32 = 48_000;
const SOUND_BITS: usize = 128_000;

/// Samples in an AAC frame.
pub const AAC_FRAME: usize = 1024;

/// Quality of the picture: x264's default of 23, at the speed that fits a queue of reports.
const X264: [(&str, &str); 3] = [("preset", "veryfast"), ("crf", "23"), ("profile", "high")];

/// What the H.264 encoder has to know.
#[derive(Debug, Clone, Copy)]
pub struct VideoSettings {
    /// Width and height, even.
    pub size: (u32, u32),
    /// Unit of the pictures' times.
    pub time_base: Rational,
    /// Pictures per second, by which the level is chosen.
    pub frame_rate: Rational,
    /// What the stream and its container say of the colours.
    pub colors: Colors,
    /// Threads.
    pub threads: u32,
}

/// Starts the H.264 encoder.
pub fn video_encoder(settings: &VideoSettings) -> Result<encoder::video::Encoder, MediaError> {
    let failed = MediaError::during("start the H.264 encoder");
    let codec = encoder::find_by_name("libx264").ok_or(MediaError::Missing("libx264 encoder"))?;
    let mut context = codec::Context::new_with_codec(codec);
    // Closed, as the `ffmpeg` command has it by default: where a group of pictures refers to the one
    // before, players fail when they jump into it.
    context.set_flags(codec::Flags::GLOBAL_HEADER | codec::Flags::CLOSED_GOP);
    context.set_threading(frame_threads(settings.threads));
    let mut encoder = context.encoder().video().map_err(&failed)?;
    encoder.set_width(settings.size.0);
    encoder.set_height(settings.size.1);
    encoder.set_format(ffmpeg::format::Pixel::YUV420P);
    encoder.set_time_base(settings.time_base);
    encoder.set_frame_rate(Some(settings.frame_rate));
    encoder.set_aspect_ratio(Rational(1, 1));
    encoder.set_colorspace(settings.colors.matrix);
    encoder.set_color_range(settings.colors.range);
    encoder.set_color_primaries(settings.colors.primaries);
    encoder.set_color_transfer_characteristic(settings.colors.transfer);
    let mut options = ffmpeg::Dictionary::new();
    for (name, value) in X264 {
        options.set(name, value);
    }
    encoder.open_with(options).map_err(failed)
}

/// Starts the AAC encoder.
pub fn audio_encoder(channels: u16) -> Result<encoder::audio::Encoder, MediaError> {
    let failed = MediaError::during("start the AAC encoder");
    let codec = encoder::find(codec::Id::AAC).ok_or(MediaError::Missing("AAC encoder"))?;
    let mut context = codec::Context::new_with_codec(codec);
    context.set_flags(codec::Flags::GLOBAL_HEADER);
    let mut encoder = context.encoder().audio().map_err(&failed)?;
    encoder.set_rate(SOUND_RATE.cast_signed());
    encoder.set_format(SOUND_FORMAT);
    encoder.set_channel_layout(layout(channels));
    encoder.set_bit_rate(SOUND_BITS);
    encoder.set_time_base(sound_base());
    encoder.open().map_err(failed)
}

const SOUND_FORMAT: ffmpeg::format::Sample =
    ffmpeg::format::Sample::F32(ffmpeg::format::sample::Type::Planar);

/// The unit of the sound's times: one sample.
pub fn sound_base() -> Rational {
    // 48 000 fits.
    Rational(1, SOUND_RATE.cast_signed())
}

/// A frame for the AAC encoder, of one `Vec` of samples for each channel.
pub fn sound_frame(channels: &[Vec<f32>], time: i64) -> frame::Audio {
    let samples = channels.first().map_or(0, Vec::len);
    let count = u16::try_from(channels.len()).unwrap_or(1);
    let mut frame = frame::Audio::new(SOUND_FORMAT, samples, layout(count));
    frame.set_rate(SOUND_RATE);
    frame.set_pts(Some(time));
    for (index, channel) in channels.iter().enumerate().take(frame.planes()) {
        frame.plane_mut::<f32>(index).copy_from_slice(channel);
    }
    frame
}

fn layout(channels: u16) -> ffmpeg::ChannelLayout {
    if channels == 1 { ffmpeg::ChannelLayout::MONO } else { ffmpeg::ChannelLayout::STEREO }
}
