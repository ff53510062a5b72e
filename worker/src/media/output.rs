//! An MP4 file in the making.

use std::collections::VecDeque;
use std::path::Path;

use ffmpeg::format::context::Output as Muxer;
use ffmpeg::{Packet, Rational, Rescale, codec, encoder};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::input::MS;

/// Index of the picture track.
pub const VIDEO: usize = 0;
/// Index of the sound track.
pub const AUDIO: usize = 1;

/// Adds a track that an encoder of this kind will fill.
pub fn add_track(muxer: &mut Muxer, id: codec::Id) -> Result<ffmpeg::StreamMut<'_>, MediaError> {
    muxer.add_stream(encoder::find(id)).map_err(MediaError::during("add a track"))
}

/// The most bytes of packets that wait for packets of the other track to stand beside.
const MAX_WAITING: usize = 16 << 20;

/// A web-playable MP4. No metadata of the original gets into it: phones write where and on which
/// device a video was made.
pub struct Mp4 {
    muxer: Muxer,
    time_bases: [Rational; 2],
    waiting: [VecDeque<Packet>; 2],
    waiting_bytes: usize,
    /// End of the last packet in milliseconds.
    pub end_ms: u64,
}

impl Mp4 {
    /// Starts the file; `set_up` adds the picture and then the sound track.
    pub fn create(
        path: &Path,
        set_up: impl FnOnce(&mut Muxer) -> Result<(), MediaError>,
    ) -> Result<Self, MediaError> {
        let mut muxer = ffmpeg::format::output_as(path, "mp4")
            .map_err(MediaError::during("create the rendition"))?;
        set_up(&mut muxer)?;
        let mut options = ffmpeg::Dictionary::new();
        // The index first, so that a player can begin before all is there.
        options.set("movflags", "+faststart");
        muxer.write_header_with(options).map_err(MediaError::during("begin the rendition"))?;
        let base = |index| muxer.stream(index).map_or(MS, |stream| stream.time_base());
        let time_bases = [base(VIDEO), base(AUDIO)];
        Ok(Self { muxer, time_bases, waiting: Default::default(), waiting_bytes: 0, end_ms: 0 })
    }

    /// Takes a packet whose times are in units of `time_base`. Each track's packets come in the order
    /// of decoding.
    pub fn write(
        &mut self,
        mut packet: Packet,
        track: usize,
        time_base: Rational,
    ) -> Result<(), MediaError> {
        let end = packet.pts().unwrap_or(0).saturating_add(packet.duration());
        self.end_ms = self.end_ms.max(u64::try_from(end.rescale(time_base, MS)).unwrap_or(0));
        packet.rescale_ts(time_base, self.time_bases[track]);
        packet.set_stream(track);
        packet.set_position(-1);
        self.waiting_bytes += packet.size();
        self.waiting[track].push_back(packet);
        while let Some(next) = self.next(self.waiting_bytes > MAX_WAITING) {
            self.pass_on(next)?;
        }
        Ok(())
    }

    /// The track whose first packet is next in the file, so that what is shown together stands
    /// together. If not `any`, it is only known once there are packets of both.
    fn next(&self, any: bool) -> Option<usize> {
        let time = |track: usize| -> Option<i64> {
            let packet = self.waiting[track].front()?;
            Some(packet.dts().unwrap_or(0).rescale(self.time_bases[track], MS))
        };
        match (time(VIDEO), time(AUDIO)) {
            (Some(video), Some(audio)) => Some(if video <= audio { VIDEO } else { AUDIO }),
            (Some(_), None) if any => Some(VIDEO),
            (None, Some(_)) if any => Some(AUDIO),
            _ => None,
        }
    }

    fn pass_on(&mut self, track: usize) -> Result<(), MediaError> {
        let Some(packet) = self.waiting[track].pop_front() else { return Ok(()) };
        self.waiting_bytes -= packet.size();
        let written = packet.write(&mut self.muxer);
        written.map(|_| ()).map_err(MediaError::during("write the rendition"))
    }

    /// Ends the file. Returns its duration in milliseconds.
    pub fn finish(mut self) -> Result<u64, MediaError> {
        while let Some(next) = self.next(true) {
            self.pass_on(next)?;
        }
        self.muxer.write_trailer().map_err(MediaError::during("end the rendition"))?;
        Ok(self.end_ms)
    }
}
