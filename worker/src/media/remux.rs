//! Input that browsers play already is copied into a new MP4, not encoded again.

use std::path::Path;

use ffmpeg::codec::Profile;
use ffmpeg::codec::profile::AAC;
use ffmpeg::format::context::Output as Muxer;
use ffmpeg::{codec, decoder, encoder};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::MediaInfo;

use super::input::{Input, TrackRef};
use super::output::{AUDIO, Mp4, VIDEO};
use super::transcode::TranscodeOptions;
use super::{MediaError, Progress};

/// A little over 30: recordings said to have 30 frames per second often average a few more.
const RATE_TOLERANCE: f64 = 0.5;

/// Whether the tracks can be copied as they are.
pub fn is_web_playable(
    input: &Input,
    info: &MediaInfo,
    options: &TranscodeOptions,
) -> Result<bool, MediaError> {
    // MP4 and Matroska keep H.264 and AAC in the form that MP4 wants; others would need rewriting.
    let container = ["mov", "matroska"].iter().any(|name| info.container.starts_with(name));
    let video = &info.video;
    let picture = video.codec == "h264"
        && matches!(&*video.pixel_format, "yuv420p" | "yuvj420p")
        && video.rotation_degrees == 0
        && video.width.min(video.height) <= options.max_short_side
        && video.frame_rate > 0.0
        && video.frame_rate <= f64::from(options.max_frame_rate) + RATE_TOLERANCE
        && video.width.is_multiple_of(2)
        && video.height.is_multiple_of(2);
    let sound = info.audio.codec == "aac" && info.audio.channels <= 2;
    if !(container && picture && sound) {
        return Ok(false);
    }
    let picture: decoder::Video = input.video_decoder(1)?;
    let aspect = picture.aspect_ratio();
    let square = aspect.numerator() <= 0 || aspect.numerator() == aspect.denominator();
    let sound = input.audio_decoder()?;
    Ok(square && matches!(sound.profile(), Profile::AAC(AAC::Low) | Profile::Unknown))
}

/// Copies both tracks. Returns the duration in milliseconds.
pub fn remux(
    input: &mut Input,
    info: &MediaInfo,
    output: &Path,
    progress: Progress<'_>,
) -> Result<u64, MediaError> {
    let mut mp4 = Mp4::create(output, |muxer| {
        copy_track(muxer, input, input.video)?;
        copy_track(muxer, input, input.audio)
    })?;
    let mut next_report = 0;
    while let Some(mut packet) = input.next_packet() {
        let (track, index) = match packet.stream() {
            stream if stream == input.video.index => (input.video, VIDEO),
            stream if stream == input.audio.index => (input.audio, AUDIO),
            _ => continue,
        };
        packet.set_pts(packet.pts().map(|time| time - track.origin));
        packet.set_dts(packet.dts().map(|time| time - track.origin));
        mp4.write(packet, index, track.time_base)?;
        if mp4.end_ms >= next_report {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            progress(mp4.end_ms as f32 / info.duration_ms.max(1) as f32);
            next_report = mp4.end_ms + info.duration_ms / 20;
        }
    }
    mp4.finish()
}

fn copy_track(muxer: &mut Muxer, input: &Input, track: TrackRef) -> Result<(), MediaError> {
    let parameters = input.stream(track)?.parameters();
    let mut stream = muxer
        .add_stream(encoder::find(codec::Id::None))
        .map_err(MediaError::during("add a track"))?;
    stream.set_parameters(parameters);
    // SAFETY: the parameters belong to the stream that was just added, and nobody else has them.
    // The tag is the input container's name for the codec, which MP4 may not know; 0 lets the
    // muxer choose.
    #[expect(unsafe_code, reason = "no safe setter exists for the codec tag")]
    unsafe {
        (*stream.parameters().as_mut_ptr()).codec_tag = 0;
    }
    Ok(())
}
