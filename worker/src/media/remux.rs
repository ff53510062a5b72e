//! Copying: pictures that browsers play already are put into a new MP4, not encoded again; so is the
//! sound, if it is like that.

use std::path::Path;

use ffmpeg::format::context::Output as Muxer;
use ffmpeg::{Packet, codec, encoder};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::{MediaInfo, Rendition};

use super::color::Colors;
use super::encode::sound_base;
use super::input::{Input, TrackRef};
use super::output::{AUDIO, Mp4, VIDEO, add_track};
use super::sound::SoundPath;
use super::{MediaError, Progress, native};

/// How the sound gets into the file.
enum Sound {
    Copied(TrackRef),
    // On the heap: it is large.
    Encoded(Box<SoundPath>),
}

/// Copies the pictures, and the sound if it is playable.
pub fn remux(
    input: &mut Input,
    info: &MediaInfo,
    output: &Path,
    progress: Progress<'_>,
) -> Result<Rendition, MediaError> {
    let mut sound = if info.scan.sound_is_playable {
        Sound::Copied(*input.sounds.first().ok_or(MediaError::NoAudio)?)
    } else {
        Sound::Encoded(Box::new(SoundPath::new(input, info)?))
    };
    // Players guess colours that are not stated, and not all of them alike.
    let colors = Colors::of_decoder(&input.video_decoder(1)?);
    let mut mp4 = Mp4::create(output, |muxer| {
        copy_track(muxer, input, input.video, Some(&colors))?;
        match &sound {
            Sound::Copied(track) => copy_track(muxer, input, *track, None),
            Sound::Encoded(path) => {
                add_track(muxer, codec::Id::AAC)?.set_parameters(path.encoder());
                Ok(())
            }
        }
    })?;
    let mut next_report = 0;
    while let Some(packet) = input.next_packet() {
        if packet.stream() == input.video.index {
            mp4.write(packet, VIDEO, input.video.time_base)?;
        } else {
            sound.write(Some(packet), &mut mp4)?;
        }
        if mp4.end_ms >= next_report {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            progress(mp4.end_ms as f32 / info.duration_ms.max(1) as f32);
            next_report = mp4.end_ms + info.duration_ms / 20;
        }
    }
    sound.write(None, &mut mp4)?;
    let duration_ms = mp4.finish()?;
    let (width, height) = (info.video.width, info.video.height);
    let remuxed = info.scan.sound_is_playable;
    Ok(Rendition { width, height, duration_ms, remuxed, lost_ms: 0 })
}

impl Sound {
    /// Writes a packet of the input, or what is left at the end (`None`).
    fn write(&mut self, packet: Option<Packet>, mp4: &mut Mp4) -> Result<(), MediaError> {
        match self {
            Self::Copied(track) => {
                packet.map_or(Ok(()), |packet| mp4.write(packet, AUDIO, track.time_base))
            }
            Self::Encoded(path) => {
                path.feed(packet.as_ref(), &mut |packet| mp4.write(packet, AUDIO, sound_base()))
            }
        }
    }
}

fn copy_track(
    muxer: &mut Muxer,
    input: &Input,
    track: TrackRef,
    colors: Option<&Colors>,
) -> Result<(), MediaError> {
    let parameters = input.stream(track)?.parameters();
    let mut stream = muxer
        .add_stream(encoder::find(codec::Id::None))
        .map_err(MediaError::during("add a track"))?;
    stream.set_parameters(parameters);
    native::prepare_copy(&mut stream, colors);
    Ok(())
}
