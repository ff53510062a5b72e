//! The web-playable rendition: a copy where that is enough, otherwise encoded.

use std::path::Path;

use ffmpeg::{Packet, Rational};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::{MediaInfo, Rendition};

use super::color::Colors;
use super::encode::VideoSettings;
use super::input::Input;
use super::options::TranscodeOptions;
use super::orientation::Orientation;
use super::playable::{RATE_TOLERANCE, picture_may_be_copied};
use super::remux::remux;
use super::scale::{Look, Scaler, fit};
use super::sound::SoundPath;
use super::video::VideoPath;
use super::writer::Writer;
use super::{MediaError, Progress, native};

/// Makes the rendition. Whatever goes wrong while copying, encoding may still do.
pub fn transcode(
    path: &Path,
    info: &MediaInfo,
    output: &Path,
    options: &TranscodeOptions,
    progress: Progress<'_>,
) -> Result<Rendition, MediaError> {
    let open = || -> Result<Input, MediaError> {
        let mut input = Input::open(path)?;
        input.keep_sounds(&info.scan.sound_streams);
        Ok(input)
    };
    if picture_may_be_copied(info, options) {
        match remux(&mut open()?, info, output, progress) {
            Ok(rendition) => return Ok(rendition),
            Err(error) => tracing::debug!(%error, "not copied, but encoded"),
        }
    }
    encode(&mut open()?, info, output, options, progress)
}

/// Decoding, scaling and encoding, all of one file.
struct Work<'a> {
    video: VideoPath,
    scaler: Scaler,
    writer: Writer<'a>,
}

fn encode(
    input: &mut Input,
    info: &MediaInfo,
    output: &Path,
    options: &TranscodeOptions,
    progress: Progress<'_>,
) -> Result<Rendition, MediaError> {
    let size = fit((info.video.width, info.video.height), options.max_short_side);
    let mut work = Work::new(input, info, output, options, size)?;
    let mut next_report = 0;
    while let Some(packet) = input.next_packet() {
        if packet.stream() == input.video.index {
            work.see(Some(&packet))?;
        } else {
            work.writer.sound(Some(&packet))?;
        }
        let end_ms = work.writer.end_ms();
        if end_ms >= next_report {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            progress((end_ms as f32 / info.duration_ms.max(1) as f32).min(1.0));
            next_report = end_ms + info.duration_ms / 100;
        }
    }
    work.see(None)?;
    work.writer.sound(None)?;
    let duration_ms = work
        .writer
        .finish(info.duration_ms)?
        .ok_or_else(|| MediaError::UnsupportedCodec(info.video.codec.clone()))?;
    let per_picture =
        if info.video.frame_rate > 0.0 { 1000.0 / info.video.frame_rate } else { 33.0 };
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_precision_loss,
        clippy::cast_sign_loss,
        reason = "an estimate"
    )]
    let lost_ms = (work.video.undecodable as f64 * per_picture) as u64;
    let (width, height) = size;
    Ok(Rendition { width, height, duration_ms, remuxed: false, lost_ms })
}

impl<'a> Work<'a> {
    fn new(
        input: &mut Input,
        info: &MediaInfo,
        output: &'a Path,
        options: &TranscodeOptions,
        size: (u32, u32),
    ) -> Result<Self, MediaError> {
        let sound = SoundPath::new(input, info)?;
        let stream = input.stream(input.video)?;
        let most = f64::from(options.max_frame_rate);
        let look = Look {
            size,
            orientation: Orientation::of(&stream),
            aspect: native::container_aspect(&stream),
            max_frame_rate: (info.video.frame_rate > most + RATE_TOLERANCE)
                .then_some(options.max_frame_rate),
            interlaced: native::is_interlaced(&stream),
            pixel_format: "yuv420p",
            colors: None,
        };
        let max_frame_rate = Rational(i32::try_from(options.max_frame_rate).unwrap_or(30), 1);
        let settings = VideoSettings {
            size,
            time_base: input.video.time_base,
            frame_rate: frame_rate(input, max_frame_rate),
            colors: Colors::BT709,
            // For x264, which does nearly all of the work; decoding and scaling run on this thread
            // and take turns with it.
            threads: options.threads,
        };
        Ok(Self {
            video: VideoPath::new(input.video_decoder(1)?, u64::MAX),
            scaler: Scaler::new(look, input.video.time_base),
            writer: Writer::new(output, settings, sound),
        })
    }

    /// Decodes a packet of the picture track, or drains everything at the end (`None`).
    fn see(&mut self, packet: Option<&Packet>) -> Result<(), MediaError> {
        let (scaler, writer) = (&mut self.scaler, &mut self.writer);
        self.video.feed(packet, &mut |frame| {
            let mut ready = Vec::new();
            scaler.push(&frame, &mut |frame, base| {
                ready.push((frame, base));
                Ok(())
            })?;
            let colors = scaler.colors();
            ready.into_iter().try_for_each(|(frame, base)| writer.picture(frame, base, colors))
        })?;
        if packet.is_none() {
            let colors = scaler.colors();
            scaler.finish(&mut |frame, base| writer.picture(frame, base, colors))?;
        }
        Ok(())
    }
}

/// Pictures per second, as the plain `ffmpeg` command takes it for the encoder.
fn frame_rate(input: &mut Input, most: Rational) -> Rational {
    let index = input.video.index;
    let guessed = native::frame_rate(&mut input.demuxer, index);
    if guessed.numerator() > 0 && guessed.denominator() > 0 && guessed <= most {
        guessed
    } else {
        most
    }
}
