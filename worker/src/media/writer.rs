//! Encodes finished pictures and sound into the rendition's file.

use std::collections::VecDeque;
use std::path::Path;

use ffmpeg::{Packet, Rational, Rescale, codec, encoder, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::encode::{VideoSettings, sound_base, video_encoder};
use super::input::MS;
use super::output::{AUDIO, Mp4, VIDEO, add_track};
use super::sound::SoundPath;

/// The file is begun with the first picture, because only then its colours are known. Sound that comes
/// before is encoded at once and waits in that form, which takes a tenth of the memory.
pub struct Writer<'a> {
    output: &'a Path,
    settings: VideoSettings,
    sound: SoundPath,
    early_sound: Vec<Packet>,
    pictures: Option<Pictures>,
}

struct Pictures {
    mp4: Mp4,
    encoder: encoder::video::Encoder,
    time_base: Rational,
    /// Time between two pictures, as far as the frame rate tells.
    spacing: i64,
    /// Times of the latest pictures, in order, for the durations of their packets.
    times: VecDeque<i64>,
    /// The picture that was encoded last.
    last: Option<(frame::Video, i64)>,
    /// A picture whose time is not after the last one's. It is shown only if it stays.
    held: Option<frame::Video>,
    /// Time of the first picture, and when its packet is decoded.
    first: (Option<i64>, Option<i64>),
    /// A packet that waits for the next one, because the last of all has a duration of its own.
    packet: Option<Packet>,
}

/// The last picture is not taken for longer than this from a low rate.
const LONGEST_SPACING_MS: i64 = 100;

/// More pictures than an encoder keeps back.
const TIMES: usize = 300;

impl<'a> Writer<'a> {
    /// The colours and the unit of time in `settings` are those of the first picture.
    pub fn new(output: &'a Path, settings: VideoSettings, sound: SoundPath) -> Self {
        Self { output, settings, sound, early_sound: Vec::new(), pictures: None }
    }

    /// End of what was written so far.
    pub fn end_ms(&self) -> u64 {
        self.pictures.as_ref().map_or(0, |pictures| pictures.mp4.end_ms)
    }

    /// Encodes a picture, whose time is in units of `time_base`.
    pub fn picture(
        &mut self,
        frame: frame::Video,
        time_base: Rational,
        colors: super::color::Colors,
    ) -> Result<(), MediaError> {
        if self.pictures.is_none() {
            self.settings.time_base = time_base;
            self.settings.colors = colors;
            self.pictures = Some(self.begin()?);
        }
        let base = self.settings.time_base;
        let time = frame.pts().unwrap_or(0).rescale(time_base, base);
        self.pictures.as_mut().map_or(Ok(()), |pictures| pictures.take(frame, time))
    }

    /// Takes a packet of a sound track, or ends the sound (`None`).
    pub fn sound(&mut self, packet: Option<&Packet>) -> Result<(), MediaError> {
        let (pictures, early) = (&mut self.pictures, &mut self.early_sound);
        self.sound.feed(packet, &mut |packet| {
            if let Some(pictures) = pictures {
                return pictures.mp4.write(packet, AUDIO, sound_base());
            }
            early.push(packet);
            Ok(())
        })
    }

    fn begin(&mut self) -> Result<Pictures, MediaError> {
        let encoder = video_encoder(&self.settings)?;
        let mut mp4 = Mp4::create(self.output, |muxer| {
            add_track(muxer, codec::Id::H264)?.set_parameters(&encoder);
            add_track(muxer, codec::Id::AAC)?.set_parameters(self.sound.encoder());
            Ok(())
        })?;
        for packet in self.early_sound.drain(..) {
            mp4.write(packet, AUDIO, sound_base())?;
        }
        Ok(Pictures {
            mp4,
            encoder,
            time_base: self.settings.time_base,
            spacing: spacing(self.settings.frame_rate, self.settings.time_base),
            times: VecDeque::new(),
            last: None,
            held: None,
            first: (None, None),
            packet: None,
        })
    }

    /// Ends the file, after the sound has ended. The last picture is shown until `end_ms` or until the sound ends. Returns the
    /// duration in milliseconds, or `None` if there was no picture.
    pub fn finish(self, end_ms: u64) -> Result<Option<u64>, MediaError> {
        let failed = MediaError::during("end encoding");
        let base = self.settings.time_base;
        let sound_end = self.sound.time().rescale(sound_base(), base);
        let end = i64::try_from(end_ms).unwrap_or(0).rescale(MS, base).max(sound_end);
        let Some(mut pictures) = self.pictures else { return Ok(None) };
        pictures.hold_until(end)?;
        pictures.encoder.send_eof().map_err(&failed)?;
        pictures.drain()?;
        pictures.write_last()?;
        Ok(Some(pictures.mp4.finish()?))
    }
}

impl Pictures {
    /// Encodes a picture, unless its time stands still or goes back, which would make a file that no
    /// player takes. Such a picture is shown after the last one, if it stays.
    fn take(&mut self, frame: frame::Video, time: i64) -> Result<(), MediaError> {
        let Some(&(_, last)) = self.last.as_ref() else { return self.encode(frame, time) };
        if let Some(held) = self.held.take() {
            let shown = last + self.spacing;
            if time >= shown + self.spacing / 2 {
                self.encode(held, shown)?;
                return self.take(frame, time);
            }
        }
        if time - last < self.spacing / 4 {
            self.held = Some(frame);
            return Ok(());
        }
        self.encode(frame, time)
    }

    /// Shows the last picture again shortly before the end, if it would not last so long.
    fn hold_until(&mut self, end: i64) -> Result<(), MediaError> {
        let Some(&(_, last)) = self.last.as_ref() else { return Ok(()) };
        let spacing = self.spacing;
        if let Some(held) = self.held.take()
            && end > last + spacing
        {
            self.encode(held, last + spacing)?;
        }
        let Some((frame, last)) = self.last.take() else { return Ok(()) };
        if end - last > spacing * 3 / 2 {
            self.encode(frame, (end - spacing).max(last + spacing))?;
        }
        Ok(())
    }

    fn encode(&mut self, mut frame: frame::Video, time: i64) -> Result<(), MediaError> {
        frame.set_pts(Some(time));
        frame.set_kind(ffmpeg::picture::Type::None);
        self.encoder.send_frame(&frame).map_err(MediaError::during("encode a picture"))?;
        self.last = Some((frame, time));
        self.first.0 = self.first.0.or(Some(time));
        self.times.push_back(time);
        if self.times.len() > TIMES {
            self.times.pop_front();
        }
        self.drain()
    }

    fn drain(&mut self) -> Result<(), MediaError> {
        loop {
            let mut packet = Packet::empty();
            if self.encoder.receive_packet(&mut packet).is_err() {
                return Ok(());
            }
            self.first.1 = self.first.1.or(packet.dts());
            if let Some(mut before) = self.packet.replace(packet) {
                before.set_duration(self.duration(&before));
                self.mp4.write(before, VIDEO, self.time_base)?;
            }
        }
    }

    /// How long the picture of a packet is shown.
    fn duration(&self, packet: &Packet) -> i64 {
        let shown = packet.pts().unwrap_or(0);
        let next = self.times.partition_point(|&time| time <= shown);
        self.times.get(next).map_or(self.spacing, |next| next - shown)
    }

    /// Writes the last packet in the order of decoding. The track lasts as long as the decoding times
    /// say, which run behind where there are B-frames; its duration makes up for that.
    fn write_last(&mut self) -> Result<(), MediaError> {
        let Some(mut packet) = self.packet.take() else { return Ok(()) };
        let (Some(start), Some(first), Some(last)) = (self.first.0, self.first.1, packet.dts())
        else {
            return self.mp4.write(packet, VIDEO, self.time_base);
        };
        let end = self.times.back().map_or(start, |last| last + self.spacing);
        packet.set_duration((end - start - (last - first)).max(self.spacing));
        let end_ms = u64::try_from(end.rescale(self.time_base, MS)).unwrap_or(0);
        let end_ms = self.mp4.end_ms.max(end_ms);
        self.mp4.write(packet, VIDEO, self.time_base)?;
        self.mp4.end_ms = end_ms;
        Ok(())
    }
}

/// Time between two pictures at a rate, in units of `time_base`. Slides have a mean rate far below that
/// of their last picture's end.
fn spacing(rate: Rational, time_base: Rational) -> i64 {
    let longest = LONGEST_SPACING_MS.rescale(MS, time_base);
    1.rescale(rate.invert(), time_base).min(longest).max(1)
}
