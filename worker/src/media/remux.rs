//! Copying: input that browsers play already is put into a new MP4, not encoded again.

use std::path::Path;

use ffmpeg::format::context::Output as Muxer;
use ffmpeg::{codec, encoder};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::{MediaInfo, Rendition};

use super::color::Colors;
use super::input::{Input, TrackRef};
use super::output::{AUDIO, Mp4, VIDEO};
use super::{MediaError, Progress, native};

/// Copies both tracks.
pub fn remux(
    input: &mut Input,
    info: &MediaInfo,
    output: &Path,
    progress: Progress<'_>,
) -> Result<Rendition, MediaError> {
    let sound = *input.sounds.first().ok_or(MediaError::NoAudio)?;
    // Players guess colours that are not stated, and not all of them alike.
    let colors = Colors::of_decoder(&input.video_decoder(1)?);
    let mut mp4 = Mp4::create(output, |muxer| {
        copy_track(muxer, input, input.video, Some(&colors))?;
        copy_track(muxer, input, sound, None)
    })?;
    let mut next_report = 0;
    while let Some(packet) = input.next_packet() {
        let (track, index) = if packet.stream() == input.video.index {
            (input.video, VIDEO)
        } else {
            (sound, AUDIO)
        };
        mp4.write(packet, index, track.time_base)?;
        if mp4.end_ms >= next_report {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            progress(mp4.end_ms as f32 / info.duration_ms.max(1) as f32);
            next_report = mp4.end_ms + info.duration_ms / 20;
        }
    }
    let duration_ms = mp4.finish()?;
    let (width, height) = (info.video.width, info.video.height);
    Ok(Rendition { width, height, duration_ms, remuxed: true, lost_ms: 0 })
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
