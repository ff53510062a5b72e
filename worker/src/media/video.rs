//! Decoding pictures.

use ffmpeg::{Packet, decoder, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;

/// So many pictures that cannot be decoded in a row, when a decoder is drained, are its end.
const MAX_FAILURES: u32 = 100;

/// Decodes packets of a picture track.
pub struct VideoPath {
    decoder: decoder::Video,
    max_pixels: u64,
    /// Time of the latest picture and the distance to the one before, in the track's unit.
    latest: Option<(i64, i64)>,
    /// Packets that could not be decoded and pictures with errors in them.
    pub undecodable: u64,
}

impl VideoPath {
    /// Pictures larger than `max_pixels` end the work.
    pub fn new(decoder: decoder::Video, max_pixels: u64) -> Self {
        Self { decoder, max_pixels, latest: None, undecodable: 0 }
    }

    /// Decodes a packet, or drains everything at the end (`None`). Every picture that comes out has a
    /// time.
    pub fn feed(
        &mut self,
        packet: Option<&Packet>,
        sink: &mut dyn FnMut(frame::Video) -> Result<(), MediaError>,
    ) -> Result<(), MediaError> {
        // A packet that cannot be decoded costs its picture and no more.
        let sent = match packet {
            Some(packet) => self.decoder.send_packet(packet),
            None => self.decoder.send_eof(),
        };
        if sent.is_err() && packet.is_some() {
            self.undecodable += 1;
        }
        let mut failures = 0;
        loop {
            let mut decoded = frame::Video::empty();
            match self.decoder.receive_frame(&mut decoded) {
                Ok(()) => {}
                Err(ffmpeg::Error::Eof | ffmpeg::Error::Other { .. }) => return Ok(()),
                Err(_) => {
                    self.undecodable += 1;
                    failures += 1;
                    if packet.is_some() || failures > MAX_FAILURES {
                        return Ok(());
                    }
                    continue;
                }
            }
            if !decoded.decode_error_flags().is_empty() {
                self.undecodable += 1;
            }
            check_size(decoded.width(), decoded.height(), self.max_pixels)?;
            let (last, step) = self.latest.unwrap_or((0, 0));
            let time = decoded.timestamp().unwrap_or(last.saturating_add(step));
            if self.latest.is_some() && time > last {
                self.latest = Some((time, time.saturating_sub(last)));
            } else {
                self.latest = Some((time, step));
            }
            decoded.set_pts(Some(time));
            sink(decoded)?;
        }
    }
}

/// Refuses pictures that would take too much memory.
pub fn check_size(width: u32, height: u32, limit: u64) -> Result<(), MediaError> {
    if u64::from(width) * u64::from(height) > limit {
        return Err(MediaError::TooLarge { width, height, limit });
    }
    Ok(())
}
