//! What every browser and phone plays as it is. The rule is strict: what does not follow it is encoded
//! again.

use ffmpeg::codec::Profile;
use ffmpeg::codec::profile::{AAC, H264};
use ffmpeg::decoder;
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::MediaInfo;

use super::color::Colors;
use super::input::{Input, TrackRef};
use super::measure::TrackMeasure;
use super::options::TranscodeOptions;
use super::orientation::Orientation;
use super::speech_tracks::Mixdown;
use super::{MediaError, native};

/// A little over 30: recordings said to have 30 frames per second often average a few more.
pub const RATE_TOLERANCE: f64 = 0.5;

/// Level 4.1 of H.264, times ten: the highest that phones of the last ten years have in common.
const MAX_LEVEL: i32 = 41;

/// Whether a file's pictures are H.264 that can be copied, whatever their size and rate.
pub fn picture_is_playable(
    input: &Input,
    decoder: &decoder::Video,
    measured: &TrackMeasure,
) -> Result<bool, MediaError> {
    let stream = input.stream(input.video)?;
    let aspect = native::container_aspect(&stream).unwrap_or(decoder.aspect_ratio());
    let square = aspect.numerator() <= 0 || aspect.numerator() == aspect.denominator();
    let profile = matches!(
        decoder.profile(),
        Profile::H264(H264::ConstrainedBaseline | H264::Main | H264::High)
    );
    Ok(keeps_form(input)
        && decoder.id() == ffmpeg::codec::Id::H264
        && profile
        && (1..=MAX_LEVEL).contains(&native::level(&stream))
        && decoder.format() == ffmpeg::format::Pixel::YUV420P
        && Colors::of_decoder(decoder).are_common()
        && square
        && decoder.width().is_multiple_of(2)
        && decoder.height().is_multiple_of(2)
        && Orientation::of(&stream).is_upright()
        && !native::is_interlaced(&stream)
        && measured.is_plain()
        && measured.has_sane_bit_rate())
}

/// Whether a file's sound is AAC that can be copied.
pub fn sound_is_playable(
    input: &Input,
    track: TrackRef,
    measured: &TrackMeasure,
    mixdown: &Mixdown,
    corrections: u64,
) -> Result<bool, MediaError> {
    let decoder = input.audio_decoder(track)?;
    Ok(keeps_form(input)
        && decoder.id() == ffmpeg::codec::Id::AAC
        && matches!(decoder.profile(), Profile::AAC(AAC::Low) | Profile::Unknown)
        && matches!(decoder.channels(), 1 | 2)
        && (8000..=48_000).contains(&decoder.rate())
        && mixdown.streams == [track.index]
        && !mixdown.antiphase
        && corrections == 0
        && measured.is_plain())
}

/// MP4 and Matroska keep H.264 and AAC in the form that MP4 wants; others would need rewriting.
fn keeps_form(input: &Input) -> bool {
    let format = input.demuxer.format();
    ["mov", "matroska"].iter().any(|name| format.name().starts_with(name))
}

/// Whether a rendition may have a copy of the pictures.
pub fn picture_may_be_copied(info: &MediaInfo, options: &TranscodeOptions) -> bool {
    let video = &info.video;
    info.scan.picture_is_playable
        // Decoders stop where something is missing.
        && info.scan.lost_ms == 0
        && video.width.min(video.height) <= options.max_short_side
        && video.frame_rate > 0.0
        && video.frame_rate <= f64::from(options.max_frame_rate) + RATE_TOLERANCE
}
