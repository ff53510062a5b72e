//! What is really in a file, whatever its header says: duration, damage, and whether its tracks can be
//! copied as they are.

use ffmpeg::packet::side_data::Type as SideData;
use ffmpeg::{Packet, Rescale};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::input::{Input, MS, TrackRef};
use super::native::{self, PictureHeader, PictureParser};

/// Less than this of what the index lists could be read: the file is cut off.
const WHOLE: f64 = 0.97;

/// Bits per second of pictures that a phone's connection carries while they are shown.
const MAX_BIT_RATE: u64 = 5_000_000;

/// By so much, tracks of one recording may differ in their length.
const SHORTER_MS: u64 = 1000;

/// The longest that AAC encoders begin early.
const PRIMING_MS: i64 = 100;

/// The packets of one track.
pub struct TrackMeasure {
    track: TrackRef,
    packets: u64,
    bytes: u64,
    /// Sum of the packets' durations, in the track's unit.
    length: i64,
    end_ms: u64,
    last_dts: Option<i64>,
    parser: Option<PictureParser>,
    header: Option<PictureHeader>,
    /// See [`native::unit_length_bytes`].
    unit_length_bytes: Option<usize>,
    /// The largest picture, where the parser knows sizes.
    largest: Option<(u32, u32)>,
    /// Whether the packets can be put into an MP4 file as they are.
    plain: bool,
}

impl TrackMeasure {
    /// For a sound track.
    pub fn sound(track: TrackRef) -> Self {
        Self {
            track,
            packets: 0,
            bytes: 0,
            length: 0,
            end_ms: 0,
            last_dts: None,
            parser: None,
            unit_length_bytes: None,
            header: None,
            largest: None,
            plain: true,
        }
    }

    /// For the picture track.
    pub fn picture(input: &Input) -> Result<Self, MediaError> {
        let stream = input.stream(input.video)?;
        let parser = PictureParser::new(&stream);
        let unit_length_bytes = native::unit_length_bytes(&stream);
        Ok(Self { parser, unit_length_bytes, ..Self::sound(input.video) })
    }

    /// Takes note of a packet.
    pub fn count(&mut self, packet: &Packet) {
        let is_first = self.packets == 0;
        self.packets += 1;
        self.bytes += packet.size() as u64;
        self.length = self.length.saturating_add(packet.duration().max(0));
        let hidden = native::is_hidden(packet);
        if let Some(start) = packet.pts().or(packet.dts())
            && !hidden
        {
            let end = start.saturating_add(packet.duration()).rescale(self.track.time_base, MS);
            self.end_ms = self.end_ms.max(u64::try_from(end).unwrap_or(0));
        }
        let in_order = match (packet.dts(), packet.pts()) {
            (Some(dts), Some(pts)) => pts >= dts && self.last_dts.is_none_or(|last| dts > last),
            _ => false,
        };
        self.last_dts = packet.dts();
        let mut side_data = packet.side_data();
        let changes = side_data.any(|data| data.kind() == SideData::NewExtraData);
        let hidden = hidden && !(self.parser.is_none() && self.is_priming(packet));
        self.plain &= in_order && !hidden && !changes && !packet.is_corrupt();
        if packet.is_key()
            && let Some(length) = self.unit_length_bytes
        {
            // Where a group of pictures refers to the one before, players fail when they jump into it.
            self.plain &= packet.data().is_some_and(|data| starts_afresh(data, length));
        }
        if let Some(parser) = &mut self.parser {
            self.plain &= !is_first || packet.is_key();
            if let Some(header) = parser.parse(packet) {
                self.look_at(header);
            }
        }
    }

    /// Whether a packet only fills an audio decoder before the first sample that is heard.
    fn is_priming(&self, packet: &Packet) -> bool {
        let start = packet.pts().unwrap_or(0).rescale(self.track.time_base, MS);
        (-PRIMING_MS..0).contains(&start)
    }

    fn look_at(&mut self, header: PictureHeader) {
        self.plain &= !header.interlaced && self.header.is_none_or(|first| first == header);
        self.header.get_or_insert(header);
        let area = |(width, height): (u32, u32)| u64::from(width) * u64::from(height);
        let size = (header.width, header.height);
        if area(size) > self.largest.map_or(0, area) {
            self.largest = Some(size);
        }
    }

    /// Whether the track lasts about as long as the whole: the last picture of slides may have no
    /// duration, and would never be shown.
    pub fn lasts_until(&self, end_ms: u64) -> bool {
        self.end_ms + SHORTER_MS >= end_ms
    }

    /// End of the last packet that is shown.
    pub fn end_ms(&self) -> u64 {
        self.end_ms
    }

    /// The largest picture, where its size is not that of the decoder's first.
    pub fn largest(&self) -> Option<(u32, u32)> {
        self.largest
    }

    /// Whether the packets can be put into an MP4 file as they are.
    pub fn is_plain(&self) -> bool {
        self.plain && self.packets > 0
    }

    /// Whether a phone's connection carries the track while it is shown.
    pub fn has_sane_bit_rate(&self) -> bool {
        self.bytes * 8 * 1000 <= MAX_BIT_RATE * self.end_ms.max(1000)
    }

    /// Milliseconds of the track that could not be read, and of `undecodable` packets. An index (MP4
    /// and QuickTime have one) tells how many packets there should be; other recordings are as long as
    /// what can be read of them.
    pub fn lost_ms(&self, input: &Input, undecodable: u64) -> Result<u64, MediaError> {
        let listed = if is_mov(input) {
            native::index_entries(&input.stream(self.track)?)
        } else {
            self.packets
        };
        let unread = listed.saturating_sub(self.packets);
        #[expect(clippy::cast_precision_loss, reason = "a ratio of counts")]
        if (self.packets as f64) < listed as f64 * WHOLE {
            let read = self.packets;
            return Err(MediaError::Truncated(format!("{read} of {listed} packets could be read")));
        }
        let length_ms = u64::try_from(self.length.rescale(self.track.time_base, MS)).unwrap_or(0);
        Ok((unread + undecodable) * length_ms / self.packets.max(1))
    }
}

/// Whether an H.264 picture is an instantaneous decoding refresh: nothing after it refers to anything before
/// it. Units have their lengths before them, in so many bytes; the type is in the lowest five bits of the
/// first byte (ITU-T H.264, table 7-1).
fn starts_afresh(mut data: &[u8], length_bytes: usize) -> bool {
    const SLICE: u8 = 1;
    const REFRESH: u8 = 5;
    while let Some((length, rest)) = data.split_at_checked(length_bytes) {
        let length = length.iter().fold(0, |sum, byte| sum << 8 | usize::from(*byte));
        match rest.first().map(|byte| byte & 31) {
            Some(REFRESH) => return true,
            Some(SLICE) | None => return false,
            Some(_) => data = rest.get(length..).unwrap_or_default(),
        }
    }
    false
}

/// Whether a file is of the family of QuickTime and MP4.
pub fn is_mov(input: &Input) -> bool {
    input.demuxer.format().name().starts_with("mov")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refresh_is_found_behind_other_units() {
        let unit = |kind: u8| [&[0, 0, 0, 2][..], &[kind, 0]].concat();
        let (delimiter, slice, refresh) = (unit(9), unit(0x41), unit(0x65));
        assert!(starts_afresh(&[delimiter.clone(), refresh].concat(), 4));
        assert!(!starts_afresh(&[delimiter.clone(), slice].concat(), 4));
        assert!(!starts_afresh(&delimiter, 4));
        assert!(!starts_afresh(&[0, 0, 0, 200, 9], 4), "it ends early");
        assert!(!starts_afresh(&[], 4));
    }
}
