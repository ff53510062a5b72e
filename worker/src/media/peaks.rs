//! How loud a recording is over time, as the pages draw it.

use std::fs;
use std::path::Path;

use hound::WavReader;

use super::MediaError;
use super::speech_tracks::RATE;

/// Samples that one value stands for: 50 ms.
const WINDOW: u32 = RATE / 20;

/// Writes the loudest sample of each 50 ms of a 16 kHz mono WAV: a byte for each, the square root of its amplitude
/// (which shows quiet speech as well), 255 for full scale.
pub fn write_peaks(wav: &Path, peaks: &Path) -> Result<(), MediaError> {
    let mut reader = WavReader::open(wav)?;
    let mut found = Vec::with_capacity((reader.duration() / WINDOW) as usize + 1);
    let (mut loudest, mut count) = (0, 0);
    for sample in reader.samples::<i16>() {
        loudest = sample?.unsigned_abs().max(loudest);
        count += 1;
        if count == WINDOW {
            found.push(level(loudest));
            (loudest, count) = (0, 0);
        }
    }
    if count > 0 {
        found.push(level(loudest));
    }
    Ok(fs::write(peaks, found)?)
}

#[expect(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "it lies between 0 and 255"
)]
fn level(amplitude: u16) -> u8 {
    let part = f32::from(amplitude) / f32::from(i16::MIN.unsigned_abs());
    (part.sqrt() * 255.0).round() as u8
}

#[cfg(test)]
mod tests {
    use hound::{SampleFormat, WavSpec, WavWriter};

    use super::*;

    #[test]
    fn each_window_has_its_loudest_sample() {
        let folder = tempfile::tempdir().unwrap();
        let (wav, peaks) = (folder.path().join("a.wav"), folder.path().join("a.peaks"));
        let spec = WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let mut writer = WavWriter::create(&wav, spec).unwrap();
        // Silence, a click at a quarter of full scale, full scale, and a little more than that.
        for (loudest, length) in [(0_i16, WINDOW), (8192, WINDOW), (i16::MIN, WINDOW), (8192, 3)] {
            for at in 0..length {
                writer.write_sample(if at == 1 { loudest } else { 0 }).unwrap();
            }
        }
        writer.finalize().unwrap();
        write_peaks(&wav, &peaks).unwrap();
        assert_eq!(fs::read(&peaks).unwrap(), [0, 128, 255, 128]);
    }
}
