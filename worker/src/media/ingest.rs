//! Reads a file once from end to end: measures it, and takes out sound and a poster.

use std::fs::File;
use std::io::BufWriter;
use std::path::Path;

use ffmpeg::{Packet, Rescale, frame};
use ffmpeg_next as ffmpeg;
use hound::{SampleFormat, WavSpec, WavWriter};
use huibao_models::domain::media::MediaInfo;

use super::audio::AudioPath;
use super::input::{Input, MS, MediaLimits, TrackRef};
use super::video::{Look, VideoPath, check_size};
use super::{MediaError, Progress, poster};

/// Samples per second that recognition wants.
const RATE: u32 = 16_000;

/// The poster is the first picture from here on: the very first ones are often black or blurred.
const POSTER_AT_MS: i64 = 1000;

/// Short side of the poster in pixels.
const POSTER_SIDE: u32 = 480;

/// Less than this of what the index lists could be read: the file is cut off.
const WHOLE: f64 = 0.97;

/// Reads `path` and writes 16 kHz mono sound and a poster.
pub fn ingest(
    path: &Path,
    limits: &MediaLimits,
    wav: &Path,
    jpeg: &Path,
    progress: Progress<'_>,
) -> Result<MediaInfo, MediaError> {
    let mut input = Input::open(path)?;
    let video_decoder = input.video_decoder(1)?;
    let audio_decoder = input.audio_decoder()?;
    check_size(video_decoder.width(), video_decoder.height(), limits.max_pixels)?;
    let mut info = MediaInfo {
        duration_ms: 0,
        container: input.demuxer.format().name().to_owned(),
        video: input.video_track(&video_decoder)?,
        audio: input.audio_track(&audio_decoder)?,
    };
    let look = Look {
        rotation_degrees: info.video.rotation_degrees,
        max_short_side: POSTER_SIDE,
        max_frame_rate: None,
        pixel_format: "yuvj420p",
    };
    let mut reader = Reader {
        audio: AudioPath::new(
            audio_decoder,
            input.audio,
            RATE,
            "sample_fmts=s16:channel_layouts=mono",
        ),
        video: Some(VideoPath::new(video_decoder, input.video, look, limits.max_pixels)),
        wav: WavWriter::create(wav, WAV)?,
        poster: None,
        measured: Measured::default(),
        limits: *limits,
    };
    reader.read(&mut input, progress)?;
    info.duration_ms = reader.measured.end_ms;
    reader.measured.check_whole(&input)?;
    if !reader.audio.heard {
        return Err(MediaError::NoAudio);
    }
    reader.wav.finalize()?;
    let poster = reader.poster.ok_or(MediaError::UnsupportedCodec(info.video.codec.clone()))?;
    poster::write_jpeg(&poster, jpeg)?;
    progress(1.0);
    Ok(info)
}

const WAV: WavSpec = WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

struct Reader {
    audio: AudioPath,
    /// Gone once the poster is found: the rest of the pictures need no decoding.
    video: Option<VideoPath>,
    wav: WavWriter<BufWriter<File>>,
    poster: Option<frame::Video>,
    measured: Measured,
    limits: MediaLimits,
}

impl Reader {
    fn read(&mut self, input: &mut Input, progress: Progress<'_>) -> Result<(), MediaError> {
        let bytes = input.demuxer.io_size().unwrap_or(0);
        let mut next_report = 0;
        while let Some(packet) = input.next_packet() {
            let video = packet.stream() == input.video.index;
            if !video && packet.stream() != input.audio.index {
                continue;
            }
            let track = if video { input.video } else { input.audio };
            self.measured.count(&packet, track, video);
            if self.measured.end_ms > self.limits.max_duration_ms {
                return Err(MediaError::TooLong { limit_ms: self.limits.max_duration_ms });
            }
            if video {
                self.see(Some(&packet))?;
            } else {
                self.hear(Some(&packet))?;
            }
            let position = i64::try_from(packet.position()).unwrap_or(0);
            if position > next_report && bytes > 0 {
                #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
                progress(position as f32 / bytes as f32);
                next_report = position + bytes / 50;
            }
        }
        self.see(None)?;
        self.hear(None)
    }

    fn hear(&mut self, packet: Option<&Packet>) -> Result<(), MediaError> {
        let wav = &mut self.wav;
        self.audio.feed(packet, &mut |frame| {
            for &sample in frame.plane::<i16>(0) {
                wav.write_sample(sample)?;
            }
            Ok(())
        })
    }

    fn see(&mut self, packet: Option<&Packet>) -> Result<(), MediaError> {
        let Some(video) = &mut self.video else { return Ok(()) };
        let (poster, mut found) = (&mut self.poster, packet.is_none());
        video.feed(packet, &mut |frame, time_base| {
            if !found {
                found = frame.pts().unwrap_or(0).rescale(time_base, MS) >= POSTER_AT_MS;
                *poster = Some(frame.clone());
            } else if poster.is_none() {
                *poster = Some(frame.clone());
            }
            Ok(())
        })?;
        if found {
            self.video = None;
        }
        Ok(())
    }
}

/// What was really in the file, whatever its header says.
#[derive(Default)]
struct Measured {
    end_ms: u64,
    video_packets: u64,
    audio_packets: u64,
    /// In the units of its track: samples, where sound is not compressed.
    audio_length: u64,
}

impl Measured {
    fn count(&mut self, packet: &Packet, track: TrackRef, video: bool) {
        if video {
            self.video_packets += 1;
        } else {
            self.audio_packets += 1;
            self.audio_length += packet.duration().unsigned_abs();
        }
        if let Some(start) = packet.pts().or(packet.dts()) {
            let end = start.saturating_add(packet.duration()).saturating_sub(track.origin);
            let end_ms = end.rescale(track.time_base, MS);
            self.end_ms = self.end_ms.max(u64::try_from(end_ms).unwrap_or(0));
        }
    }

    /// An index (MP4 and QuickTime have one) says how many packets there should be, or samples where
    /// sound is not compressed. Recordings without one are as long as what can be read of them.
    fn check_whole(&self, input: &Input) -> Result<(), MediaError> {
        let is_pcm = input.stream(input.audio)?.parameters().id().name().starts_with("pcm_");
        let audio = if is_pcm { self.audio_length } else { self.audio_packets };
        for (track, read) in [(input.video, self.video_packets), (input.audio, audio)] {
            let listed = input.stream(track)?.frames();
            #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
            if listed > 0 && (read as f64) < listed as f64 * WHOLE {
                let detail = format!("{read} of {listed} packets or samples could be read");
                return Err(MediaError::Truncated(detail));
            }
        }
        Ok(())
    }
}
