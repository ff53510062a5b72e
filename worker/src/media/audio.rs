//! Decoded sound, brought to one rate and layout on the presentation's timeline.

use ffmpeg::{Packet, decoder, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::filter::Filter;
use super::input::TrackRef;

/// Decodes packets and hands out filtered frames.
pub struct AudioPath {
    decoder: decoder::Audio,
    track: TrackRef,
    spec: String,
    frame_size: Option<u32>,
    filter: Option<(Filter, Shape)>,
    /// Whether any sample was decoded.
    pub heard: bool,
}

/// What a filter graph was built for.
type Shape = (u32, ffmpeg::format::Sample, u16);

impl AudioPath {
    /// Frames come out as `format` (arguments of ffmpeg's `aformat`) at `rate`, with gaps filled
    /// and a late start padded by silence.
    pub fn new(decoder: decoder::Audio, track: TrackRef, rate: u32, format: &str) -> Self {
        // `async` fills gaps and trims overlaps, `first_pts` makes the timeline begin at zero.
        let spec = format!("aresample={rate}:async=1:first_pts=0,aformat={format}");
        Self { decoder, track, spec, frame_size: None, filter: None, heard: false }
    }

    /// Makes frames come out with this many samples, but for the last.
    pub fn with_frame_size(mut self, samples: u32) -> Self {
        self.frame_size = Some(samples);
        self
    }

    /// Decodes a packet, or drains everything at the end (`None`).
    pub fn feed(
        &mut self,
        packet: Option<&Packet>,
        sink: &mut dyn FnMut(&frame::Audio) -> Result<(), MediaError>,
    ) -> Result<(), MediaError> {
        // A packet that cannot be decoded leaves a gap, which the filter fills with silence.
        let _ = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        let mut decoded = frame::Audio::empty();
        while self.decoder.receive_frame(&mut decoded).is_ok() {
            if decoded.samples() == 0 {
                continue;
            }
            self.heard = true;
            let pts = decoded.timestamp().map(|time| time - self.track.origin);
            decoded.set_pts(pts);
            self.filter_for(&decoded, sink)?.push(&decoded)?;
            self.drain(sink)?;
        }
        if packet.is_none() {
            self.finish(sink)?;
        }
        Ok(())
    }

    /// The graph for frames like this one. Sound that changes its shape in the middle of a file
    /// (a phone call does that to a recording) gets a new one.
    fn filter_for(
        &mut self,
        frame: &frame::Audio,
        sink: &mut dyn FnMut(&frame::Audio) -> Result<(), MediaError>,
    ) -> Result<&mut Filter, MediaError> {
        let shape = (frame.rate(), frame.format(), frame.channels());
        if self.filter.as_ref().is_some_and(|(_, built)| *built != shape) {
            self.finish(sink)?;
            self.spec = self.spec.replace(":first_pts=0", "");
        }
        let built = if let Some(built) = self.filter.take() {
            built
        } else {
            let mut filter = Filter::audio(frame, self.track.time_base, &self.spec)?;
            if let Some(samples) = self.frame_size {
                filter.set_frame_size(samples);
            }
            (filter, shape)
        };
        Ok(&mut self.filter.insert(built).0)
    }

    fn finish(
        &mut self,
        sink: &mut dyn FnMut(&frame::Audio) -> Result<(), MediaError>,
    ) -> Result<(), MediaError> {
        if let Some((filter, _)) = &mut self.filter {
            filter.finish()?;
        }
        self.drain(sink)?;
        self.filter = None;
        Ok(())
    }

    fn drain(
        &mut self,
        sink: &mut dyn FnMut(&frame::Audio) -> Result<(), MediaError>,
    ) -> Result<(), MediaError> {
        let Some((filter, _)) = &mut self.filter else { return Ok(()) };
        let mut ready = frame::Audio::empty();
        while filter.pull(&mut ready) {
            sink(&ready)?;
        }
        Ok(())
    }
}
