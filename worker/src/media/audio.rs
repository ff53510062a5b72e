//! Decoded sound, brought to one rate and layout on the presentation's timeline.

use ffmpeg::{Packet, Rational, Rescale, decoder, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::filter::Filter;
use super::input::{TrackRef, check_channels};

/// Takes samples, one slice for each channel.
pub type SoundSink<'a> = &'a mut dyn FnMut(&[&[f32]]) -> Result<(), MediaError>;

/// Timestamps may be off by this many milliseconds before samples are added or left out. Containers
/// round, and recorders write times that waver; what is heard may be early or late by 40 ms at most.
const TOLERANCE_MS: i64 = 30;

/// Decodes packets and hands out samples without gaps, the first of them at time zero.
pub struct AudioPath {
    decoder: decoder::Audio,
    codec: &'static str,
    time_base: Rational,
    /// Whether the container states few times.
    sparse_times: bool,
    /// Where the last packet ends.
    packet_end: Option<i64>,
    rate: u32,
    channels: u16,
    filter: Option<(Filter, Shape)>,
    /// Samples that were handed out.
    emitted: i64,
    /// Place of the first sample that was put into the current filter, in samples that come out.
    base: i64,
    /// Samples that were put into the current filter.
    pushed: i64,
    /// The frame that was decoded last. It is placed once the next one is known.
    held: Option<frame::Audio>,
    /// Samples that are to be left out, because the time they belong to has passed.
    skip: usize,
    /// Whether any sample was decoded.
    pub heard: bool,
    /// How often samples had to be added or left out.
    pub corrections: u64,
    /// Packets that could not be decoded.
    pub undecodable: u64,
}

/// What a filter graph was built for.
type Shape = (u32, ffmpeg::format::Sample, u16);

impl AudioPath {
    /// Samples come out at `rate`, with one channel if the track has one, otherwise with two.
    pub fn new(decoder: decoder::Audio, track: TrackRef, rate: u32) -> Self {
        let channels = if decoder.channels() == 1 { 1 } else { 2 };
        Self {
            codec: decoder.id().name(),
            decoder,
            time_base: track.time_base,
            sparse_times: track.sparse_times,
            packet_end: None,
            rate,
            channels,
            filter: None,
            emitted: 0,
            base: 0,
            pushed: 0,
            held: None,
            skip: 0,
            heard: false,
            corrections: 0,
            undecodable: 0,
        }
    }

    /// How many channels come out.
    pub fn channels(&self) -> u16 {
        self.channels
    }

    /// Decodes a packet, or drains everything at the end (`None`).
    pub fn feed(&mut self, packet: Option<&Packet>, sink: SoundSink<'_>) -> Result<(), MediaError> {
        // A packet that cannot be decoded leaves a gap, which is filled with silence.
        let sent = match packet {
            Some(packet) if self.counts_on(packet) => self.decoder.send_packet(&untimed(packet)),
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        if sent.is_err() && packet.is_some() {
            self.undecodable += 1;
        }
        loop {
            let mut decoded = frame::Audio::empty();
            if self.decoder.receive_frame(&mut decoded).is_err() {
                break;
            }
            if decoded.samples() == 0 || decoded.rate() == 0 {
                continue;
            }
            check_channels(decoded.channels(), || self.codec.to_owned())?;
            self.heard = true;
            let next = decoded.timestamp();
            if let Some(frame) = self.held.replace(decoded) {
                self.put(&frame, next, sink)?;
            }
        }
        if packet.is_none() {
            if let Some(frame) = self.held.take() {
                self.put(&frame, None, sink)?;
            }
            self.finish(sink)?;
        }
        Ok(())
    }

    /// Whether a packet's time says no more than that it follows the one before. Counted with the rate
    /// of the track's first header, it would be wrong where the rate has changed since.
    fn counts_on(&mut self, packet: &Packet) -> bool {
        let end = packet.pts().map(|time| time.saturating_add(packet.duration()));
        let before = std::mem::replace(&mut self.packet_end, end);
        self.sparse_times && before.is_some() && packet.pts() == before
    }

    /// Puts a frame where its time says.
    fn put(
        &mut self,
        frame: &frame::Audio,
        next: Option<i64>,
        sink: SoundSink<'_>,
    ) -> Result<(), MediaError> {
        self.place(frame, next, sink)?;
        // The filter takes the samples out of the frame.
        let count = i64::try_from(frame.samples()).unwrap_or(0);
        self.filter_for(frame)?.push(frame)?;
        self.pushed += count;
        self.drain(sink)
    }

    /// Fills a gap before a frame, or has samples left out that overlap with what came before. `next`
    /// is the time of the frame after it: a time that is off alone is wrong, as in transport streams,
    /// which state the time of every tenth frame or so and let the rest be guessed.
    fn place(
        &mut self,
        frame: &frame::Audio,
        next: Option<i64>,
        sink: SoundSink<'_>,
    ) -> Result<(), MediaError> {
        let shape = (frame.rate(), frame.format(), frame.channels());
        if self.filter.as_ref().is_some_and(|(_, built)| *built != shape) {
            // Sound that changes its shape in the middle: a phone call does that to a recording.
            self.finish(sink)?;
        }
        let Some(time) = frame.timestamp() else { return Ok(()) };
        let target = time.rescale(self.time_base, self.unit());
        let fresh = self.filter.is_none();
        let pushed = if fresh { 0 } else { self.pushed };
        let position = self.base + self.samples_out(pushed, frame.rate());
        // Where a filter begins, the place is exact; the milliseconds of Matroska are not.
        let tolerance = if fresh { 1 } else { TOLERANCE_MS } * i64::from(self.rate) / 1000;
        let off = target.saturating_sub(position);
        if off.abs() <= tolerance {
            return Ok(());
        }
        if let (Some(next), false) = (next, fresh) {
            let length = i64::try_from(frame.samples()).unwrap_or(0);
            let position = position + self.samples_out(length, frame.rate());
            let next = next.rescale(self.time_base, self.unit());
            if next.saturating_sub(position).abs() <= tolerance {
                return Ok(());
            }
        }
        if self.emitted > 0 || target < 0 {
            self.corrections += 1;
        }
        self.finish(sink)?;
        self.skip_or_fill(target, sink)
    }

    fn skip_or_fill(&mut self, target: i64, sink: SoundSink<'_>) -> Result<(), MediaError> {
        let missing = target.saturating_sub(self.emitted);
        self.base = target;
        self.skip = usize::try_from(-missing).unwrap_or(0);
        let silence = vec![0.0; self.rate as usize];
        let mut missing = usize::try_from(missing).unwrap_or(0);
        while missing > 0 {
            let count = missing.min(silence.len());
            self.emit(&vec![&silence[..count]; usize::from(self.channels)], sink)?;
            missing -= count;
        }
        Ok(())
    }

    /// The unit of times that are counted in samples.
    fn unit(&self) -> Rational {
        // Rates are far below the limit.
        Rational(1, i32::try_from(self.rate).unwrap_or(i32::MAX))
    }

    /// How many samples come out for `count` samples at `rate`.
    fn samples_out(&self, count: i64, rate: u32) -> i64 {
        count.rescale(Rational(1, i32::try_from(rate).unwrap_or(i32::MAX)), self.unit())
    }

    fn filter_for(&mut self, frame: &frame::Audio) -> Result<&mut Filter, MediaError> {
        let built = if let Some(built) = self.filter.take() {
            built
        } else {
            let layout = if self.channels == 1 { "mono" } else { "stereo" };
            let spec = format!(
                "aresample={},aformat=sample_fmts=fltp:channel_layouts={layout}",
                self.rate
            );
            let filter = Filter::audio(frame, self.time_base, &spec)?;
            (filter, (frame.rate(), frame.format(), frame.channels()))
        };
        Ok(&mut self.filter.insert(built).0)
    }

    /// Ends the current filter. The next one begins where its samples end.
    fn finish(&mut self, sink: SoundSink<'_>) -> Result<(), MediaError> {
        if let Some((filter, _)) = &mut self.filter {
            filter.finish()?;
            self.drain(sink)?;
            self.filter = None;
            self.base = self.emitted.saturating_sub(i64::try_from(self.skip).unwrap_or(0));
        }
        self.pushed = 0;
        Ok(())
    }

    fn drain(&mut self, sink: SoundSink<'_>) -> Result<(), MediaError> {
        let mut ready = frame::Audio::empty();
        while self.filter.as_mut().is_some_and(|(filter, _)| filter.pull(&mut ready)) {
            let channels: Vec<&[f32]> = (0..ready.planes()).map(|i| ready.plane(i)).collect();
            self.emit(&channels, sink)?;
        }
        Ok(())
    }

    fn emit(&mut self, channels: &[&[f32]], sink: SoundSink<'_>) -> Result<(), MediaError> {
        let count = channels.first().map_or(0, |samples| samples.len());
        let skipped = self.skip.min(count);
        self.skip -= skipped;
        if skipped == count {
            return Ok(());
        }
        self.emitted += i64::try_from(count - skipped).unwrap_or(0);
        let rest: Vec<&[f32]> = channels.iter().map(|samples| &samples[skipped..]).collect();
        sink(&rest)
    }
}

/// The packet without its time.
fn untimed(packet: &Packet) -> Packet {
    let mut packet = packet.clone();
    packet.set_pts(None);
    packet.set_dts(None);
    packet
}
