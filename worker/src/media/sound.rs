//! The sound of a rendition: decoded, mixed and encoded.

use ffmpeg::{Packet, encoder};
use ffmpeg_next as ffmpeg;
use huibao_models::domain::media::MediaInfo;

use super::MediaError;
use super::audio::AudioPath;
use super::encode::{AAC_FRAME, SOUND_RATE, audio_encoder, sound_frame};
use super::input::Input;
use super::mix::Mixer;

/// Takes encoded packets, whose times are in units of `encode::sound_base`.
pub type PacketSink<'a> = &'a mut dyn FnMut(Packet) -> Result<(), MediaError>;

/// The sound tracks of an input on their way to one AAC track.
pub struct SoundPath {
    tracks: Vec<(usize, AudioPath)>,
    mixer: Mixer,
    encoder: encoder::audio::Encoder,
    /// Samples that were put into the encoder.
    time: i64,
}

impl SoundPath {
    /// For the sound tracks of an input.
    pub fn new(input: &Input, info: &MediaInfo) -> Result<Self, MediaError> {
        let mut tracks = Vec::new();
        for &track in &input.sounds {
            let path = AudioPath::new(input.audio_decoder(track)?, track, SOUND_RATE);
            tracks.push((track.index, path));
        }
        let channels = tracks.iter().map(|(_, path)| path.channels()).max().unwrap_or(1);
        Ok(Self {
            mixer: Mixer::new(tracks.len(), channels, SOUND_RATE, AAC_FRAME)
                .invert_right(info.scan.antiphase),
            tracks,
            encoder: audio_encoder(channels)?,
            time: 0,
        })
    }

    /// The encoder, whose parameters are those of the track.
    pub fn encoder(&self) -> &encoder::audio::Encoder {
        &self.encoder
    }

    /// End of the sound so far, in units of `encode::sound_base`.
    pub fn time(&self) -> i64 {
        self.time
    }

    /// Takes a packet of one of the tracks, or ends all of them (`None`).
    pub fn feed(
        &mut self,
        packet: Option<&Packet>,
        sink: PacketSink<'_>,
    ) -> Result<(), MediaError> {
        let mixer = &mut self.mixer;
        for (index, (stream, path)) in self.tracks.iter_mut().enumerate() {
            if packet.is_some_and(|packet| packet.stream() != *stream) {
                continue;
            }
            path.feed(packet, &mut |samples| {
                mixer.add(index, samples);
                Ok(())
            })?;
            if packet.is_none() {
                mixer.end(index);
            }
        }
        let (encoder, time) = (&mut self.encoder, &mut self.time);
        self.mixer.drain(&mut |channels| {
            let frame = sound_frame(&channels, *time);
            *time += i64::try_from(frame.samples()).unwrap_or(0);
            encoder.send_frame(&frame).map_err(MediaError::during("encode sound"))?;
            drain(encoder, sink)
        })?;
        if packet.is_none() {
            self.encoder.send_eof().map_err(MediaError::during("end encoding"))?;
            drain(&mut self.encoder, sink)?;
        }
        Ok(())
    }
}

fn drain(encoder: &mut encoder::audio::Encoder, sink: PacketSink<'_>) -> Result<(), MediaError> {
    let mut packet = Packet::empty();
    while encoder.receive_packet(&mut packet).is_ok() {
        sink(std::mem::replace(&mut packet, Packet::empty()))?;
    }
    Ok(())
}
