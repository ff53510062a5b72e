//! Reads a file once from end to end: measures it, and takes out sound and a poster.

use std::path::Path;

use ffmpeg::{Packet, Rescale, decoder, frame};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::{AudioTrack, MediaInfo, MediaScan, VideoTrack};

use super::audio::AudioPath;
use super::color::Colors;
use super::input::{Input, MS, codec_name};
use super::measure::{TrackMeasure, is_mov};
use super::options::MediaLimits;
use super::orientation::Orientation;
use super::scale::{Look, fit, scale_one, square_pixels};
use super::sniff::{appended_mp4_ms, is_cut_off_avi};
use super::speech_tracks::{self, SpeechTrack, mix_down};
use super::video::{VideoPath, check_size};
use super::{MediaError, Progress, native, playable, poster};

/// The poster is the first picture from here on: the very first ones are often black or blurred.
const POSTER_AT_MS: i64 = 1000;

/// Short side of the poster in pixels.
const POSTER_SIDE: u32 = 480;

/// Reads `path` and writes 16 kHz mono sound and a poster.
pub fn ingest(
    path: &Path,
    limits: &MediaLimits,
    wav: &Path,
    jpeg: &Path,
    progress: Progress<'_>,
) -> Result<MediaInfo, MediaError> {
    let mut input = Input::open(path)?;
    let decoder = input.video_decoder(1)?;
    check_size(decoder.width(), decoder.height(), limits.max_pixels)?;
    let mut reader = Reader::new(&input, limits, wav.parent().unwrap_or(Path::new(".")))?;
    reader.read(&mut input, progress)?;
    let poster = reader.poster.take();
    let info = reader.conclude(&input, &decoder, path, wav)?;
    let (poster, _) =
        poster.ok_or_else(|| MediaError::UnsupportedCodec(info.video.codec.clone()))?;
    poster::write_jpeg(&poster_of(&poster, &input)?, jpeg)?;
    progress(1.0);
    Ok(info)
}

/// The candidate for the poster, made upright and small.
fn poster_of(picture: &frame::Video, input: &Input) -> Result<frame::Video, MediaError> {
    let stream = input.stream(input.video)?;
    let orientation = Orientation::of(&stream);
    let aspect = native::container_aspect(&stream);
    let size = (picture.width(), picture.height());
    let shown = square_pixels(size, aspect.unwrap_or(picture.aspect_ratio()));
    let look = Look {
        size: fit(orientation.turn(shown), POSTER_SIDE),
        orientation,
        aspect,
        max_frame_rate: None,
        interlaced: native::is_interlaced(&stream),
        pixel_format: "yuvj420p",
        colors: Some(Colors::JPEG),
    };
    let scaled = scale_one(picture, look, input.video.time_base)?;
    scaled.ok_or_else(|| MediaError::UnsupportedCodec(codec_name(&stream)))
}

struct Reader {
    picture: TrackMeasure,
    sounds: Vec<(TrackMeasure, SpeechTrack)>,
    /// Gone once the poster is found: the rest of the pictures need no decoding.
    video: Option<VideoPath>,
    /// The best candidate for the poster so far, and whether it is late enough.
    poster: Option<(frame::Video, bool)>,
    limits: MediaLimits,
}

impl Reader {
    fn new(input: &Input, limits: &MediaLimits, folder: &Path) -> Result<Self, MediaError> {
        let mut sounds = Vec::new();
        for &track in &input.sounds {
            let path = AudioPath::new(input.audio_decoder(track)?, track, speech_tracks::RATE);
            let sound = SpeechTrack::new(track.index, path, folder)?;
            sounds.push((TrackMeasure::sound(track), sound));
        }
        Ok(Self {
            picture: TrackMeasure::picture(input)?,
            sounds,
            video: Some(VideoPath::new(input.video_decoder(1)?, limits.max_pixels)),
            poster: None,
            limits: *limits,
        })
    }

    fn read(&mut self, input: &mut Input, progress: Progress<'_>) -> Result<(), MediaError> {
        let bytes = input.demuxer.io_size().unwrap_or(0);
        let mut next_report = 0;
        while let Some(packet) = input.next_packet() {
            if packet.stream() == input.video.index {
                self.picture.count(&packet);
                self.see(Some(&packet), input)?;
            } else {
                let of = |(_, sound): &&mut (_, SpeechTrack)| sound.stream == packet.stream();
                let Some((measure, sound)) = self.sounds.iter_mut().find(of) else { continue };
                measure.count(&packet);
                sound.feed(Some(&packet))?;
            }
            if self.end_ms() > self.limits.max_duration_ms {
                return Err(MediaError::TooLong { limit_ms: self.limits.max_duration_ms });
            }
            let position = i64::try_from(packet.position()).unwrap_or(0);
            if position > next_report && bytes > 0 {
                #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
                progress(position as f32 / bytes as f32);
                next_report = position + bytes / 50;
            }
        }
        self.see(None, input)?;
        self.sounds.iter_mut().try_for_each(|(_, sound)| sound.feed(None))
    }

    fn end_ms(&self) -> u64 {
        let sounds = self.sounds.iter().map(|(measure, _)| measure.end_ms());
        sounds.max().unwrap_or(0).max(self.picture.end_ms())
    }

    /// Decodes until there is a picture for the poster.
    fn see(&mut self, packet: Option<&Packet>, input: &Input) -> Result<(), MediaError> {
        let Some(video) = &mut self.video else { return Ok(()) };
        let poster = &mut self.poster;
        video.feed(packet, &mut |frame| {
            let time = frame.pts().unwrap_or(0).rescale(input.video.time_base, MS);
            if !poster.as_ref().is_some_and(|&(_, late)| late) {
                *poster = Some((frame, time >= POSTER_AT_MS));
            }
            Ok(())
        })?;
        if packet.is_none() || poster.as_ref().is_some_and(|&(_, late)| late) {
            self.video = None;
        }
        Ok(())
    }

    /// Decides what the file is, and writes the sound.
    fn conclude(
        self,
        input: &Input,
        decoder: &decoder::Video,
        path: &Path,
        wav: &Path,
    ) -> Result<MediaInfo, MediaError> {
        let duration_ms = self.end_ms();
        if input.demuxer.format().name() == "avi" && is_cut_off_avi(path)? {
            return Err(MediaError::Truncated("a part of it reaches past its end".into()));
        }
        let mut lost_ms = self.picture.lost_ms(input, 0)?;
        if is_mov(input) {
            lost_ms = lost_ms.saturating_add(appended_mp4_ms(path)?);
        }
        let mut measures = Vec::new();
        let mut tracks = Vec::new();
        for (measure, sound) in self.sounds {
            measures.push((sound.stream, measure, sound.path.undecodable, sound.path.corrections));
            tracks.push(sound);
        }
        let mixdown = mix_down(tracks, wav)?;
        measures.retain(|(stream, ..)| mixdown.streams.contains(stream));
        for (_, measure, undecodable, _) in &measures {
            lost_ms = lost_ms.max(measure.lost_ms(input, *undecodable)?);
        }
        let main = input.sounds.iter().find(|track| mixdown.streams.first() == Some(&track.index));
        let (main, (_, measure, _, corrections)) =
            main.copied().zip(measures.first()).ok_or(MediaError::NoAudio)?;
        let sound_is_playable =
            playable::sound_is_playable(input, main, measure, &mixdown, *corrections)?;
        let audio = input.audio_decoder(main)?;
        Ok(MediaInfo {
            duration_ms,
            container: input.demuxer.format().name().to_owned(),
            video: video_track(input, decoder, self.picture.largest())?,
            audio: AudioTrack {
                codec: codec_name(&input.stream(main)?),
                sample_rate: audio.rate(),
                channels: audio.channels(),
            },
            scan: MediaScan {
                lost_ms,
                picture_is_playable: self.picture.lasts_until(duration_ms)
                    && playable::picture_is_playable(input, decoder, &self.picture)?,
                sound_is_playable,
                antiphase: mixdown.antiphase,
                sound_streams: mixdown.streams,
            },
        })
    }
}

/// What is known of the picture track.
fn video_track(
    input: &Input,
    decoder: &decoder::Video,
    largest: Option<(u32, u32)>,
) -> Result<VideoTrack, MediaError> {
    let stream = input.stream(input.video)?;
    let orientation = Orientation::of(&stream);
    let aspect = native::container_aspect(&stream).unwrap_or(decoder.aspect_ratio());
    let coded = largest.unwrap_or((decoder.width(), decoder.height()));
    let (width, height) = orientation.turn(square_pixels(coded, aspect));
    let rate = stream.avg_frame_rate();
    Ok(VideoTrack {
        codec: codec_name(&stream),
        width,
        height,
        rotation_degrees: orientation.degrees(),
        frame_rate: if rate.denominator() == 0 { 0.0 } else { f64::from(rate) },
        pixel_format: decoder.format().descriptor().map_or("none", |d| d.name()).to_owned(),
    })
}
