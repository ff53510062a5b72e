//! An MP4 file in the making.

use std::path::Path;

use ffmpeg::format::context::Output as Muxer;
use ffmpeg::{Packet, Rational, Rescale};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::input::MS;

/// Index of the picture track.
pub const VIDEO: usize = 0;
/// Index of the sound track.
pub const AUDIO: usize = 1;

/// A web-playable MP4. No metadata of the original gets into it: phones write where and on which
/// device a video was made.
pub struct Mp4 {
    muxer: Muxer,
    time_bases: [Rational; 2],
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
        Ok(Self { muxer, time_bases, end_ms: 0 })
    }

    /// Writes a packet whose times are in units of `time_base`.
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
        packet.write_interleaved(&mut self.muxer).map_err(MediaError::during("write the rendition"))
    }

    /// Ends the file.
    pub fn finish(mut self) -> Result<u64, MediaError> {
        self.muxer.write_trailer().map_err(MediaError::during("end the rendition"))?;
        Ok(self.end_ms)
    }
}
