//! The sound that recognition gets: which tracks carry speech, and how their channels are mixed.

use std::fs::File;
use std::io::{BufReader, BufWriter, Read, Seek, Write};
use std::path::Path;

use ffmpeg::Packet;
use ffmpeg_next as ffmpeg;
use hound::{SampleFormat, WavSpec, WavWriter};

use super::MediaError;
use super::audio::AudioPath;

/// Samples per second that recognition wants.
pub const RATE: u32 = 16_000;

/// Samples of which one level is taken: a tenth of a second.
const WINDOW: u32 = RATE / 10;

/// Power below which a window is silent: 60 dB below full scale.
const SILENCE: f64 = 1e-6;

/// Tracks whose levels are correlated more than this are the same sound twice.
const SAME: f64 = 0.95;

/// The two channels cancel each other out, if their sum has less than this part of the power of their
/// difference.
const ANTIPHASE: f64 = 0.01;

const WAV: WavSpec = WavSpec {
    channels: 1,
    sample_rate: RATE,
    bits_per_sample: 16,
    sample_format: SampleFormat::Int,
};

/// One decoded track, kept in a file without a name until it is known what becomes of it.
pub struct SpeechTrack {
    /// Index of the stream.
    pub stream: usize,
    /// Decoder and clock.
    pub path: AudioPath,
    kept: Kept,
}

struct Kept {
    /// Sum and difference of the channels, by turns; the sum alone, where there is one channel.
    samples: BufWriter<File>,
    two: bool,
    power_of_sum: f64,
    power_of_difference: f64,
    /// Power of the window that is being filled, and its samples.
    window: (f64, u32),
    /// Power of each window.
    levels: Vec<f64>,
}

/// What was written for recognition.
pub struct Mixdown {
    /// The streams in it.
    pub streams: Vec<usize>,
    /// Whether the channels of the first of them cancel each other out.
    pub antiphase: bool,
}

impl SpeechTrack {
    /// Keeps samples in a file in `folder`.
    pub fn new(stream: usize, path: AudioPath, folder: &Path) -> Result<Self, MediaError> {
        let two = path.channels() > 1;
        let kept = Kept {
            samples: BufWriter::new(tempfile::tempfile_in(folder)?),
            two,
            power_of_sum: 0.0,
            power_of_difference: 0.0,
            window: (0.0, 0),
            levels: Vec::new(),
        };
        Ok(Self { stream, path, kept })
    }

    /// Decodes a packet, or drains everything at the end (`None`).
    pub fn feed(&mut self, packet: Option<&Packet>) -> Result<(), MediaError> {
        let kept = &mut self.kept;
        self.path.feed(packet, &mut |channels| {
            let left = channels.first().copied().unwrap_or_default();
            let right = channels.get(1).copied().unwrap_or(left);
            left.iter().zip(right).try_for_each(|(&l, &r)| kept.put(l, r))
        })
    }

    fn is_silent(&self) -> bool {
        !self.kept.levels.iter().any(|&level| level > SILENCE)
    }

    fn is_antiphase(&self) -> bool {
        self.kept.two && self.kept.power_of_sum < self.kept.power_of_difference * ANTIPHASE
    }
}

impl Kept {
    fn put(&mut self, left: f32, right: f32) -> Result<(), MediaError> {
        let (sum, difference) = (f32::midpoint(left, right), f32::midpoint(left, -right));
        self.samples.write_all(&to_i16(sum).to_ne_bytes())?;
        if self.two {
            self.samples.write_all(&to_i16(difference).to_ne_bytes())?;
        }
        let powers = (f64::from(sum).powi(2), f64::from(difference).powi(2));
        self.power_of_sum += powers.0;
        self.power_of_difference += powers.1;
        self.window.0 += powers.0 + powers.1;
        self.window.1 += 1;
        if self.window.1 == WINDOW {
            self.levels.push(self.window.0 / f64::from(WINDOW));
            self.window = (0.0, 0);
        }
        Ok(())
    }

    fn rewind(self) -> Result<BufReader<File>, MediaError> {
        let mut file = self.samples.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        file.rewind()?;
        Ok(BufReader::new(file))
    }
}

/// Writes the sound of those tracks that carry something of their own. The first of the tracks is what
/// players take; the others are mixed in, unless they are silent or the same sound again.
pub fn mix_down(tracks: Vec<SpeechTrack>, wav: &Path) -> Result<Mixdown, MediaError> {
    let mut tracks: Vec<_> = tracks.into_iter().filter(|track| track.path.heard).collect();
    // A silent track only has a place where all are.
    if tracks.iter().any(|track| !track.is_silent()) {
        tracks.retain(|track| !track.is_silent());
    }
    let mut chosen: Vec<SpeechTrack> = Vec::new();
    for track in tracks {
        let same = |other: &SpeechTrack| correlation(&other.kept.levels, &track.kept.levels) > SAME;
        if chosen.is_empty() || !(track.is_silent() || chosen.iter().any(same)) {
            chosen.push(track);
        }
    }
    let first = chosen.first().ok_or(MediaError::NoAudio)?;
    let mixdown = Mixdown {
        streams: chosen.iter().map(|track| track.stream).collect(),
        antiphase: first.is_antiphase(),
    };
    let mut writer = WavWriter::create(wav, WAV)?;
    let mut sources = Vec::new();
    for track in chosen {
        let (two, antiphase) = (track.kept.two, track.is_antiphase());
        sources.push((track.kept.rewind()?, two, antiphase));
    }
    loop {
        let (mut sum, mut any) = (0_i32, false);
        for (source, two, antiphase) in &mut sources {
            let Some(middle) = read_i16(source)? else { continue };
            let side = if *two { read_i16(source)?.unwrap_or(0) } else { 0 };
            sum += i32::from(if *antiphase { side } else { middle });
            any = true;
        }
        if !any {
            break;
        }
        // Clamped to what fits.
        writer.write_sample(i16::try_from(sum.clamp(-32768, 32767)).unwrap_or(0))?;
    }
    writer.finalize()?;
    Ok(mixdown)
}

fn read_i16(source: &mut impl Read) -> Result<Option<i16>, MediaError> {
    let mut bytes = [0; 2];
    match source.read_exact(&mut bytes) {
        Ok(()) => Ok(Some(i16::from_ne_bytes(bytes))),
        Err(error) if error.kind() == std::io::ErrorKind::UnexpectedEof => Ok(None),
        Err(error) => Err(error.into()),
    }
}

#[expect(clippy::cast_possible_truncation, reason = "saturates where it does not fit")]
fn to_i16(sample: f32) -> i16 {
    (sample * 32768.0).round() as i16
}

/// Correlation of two tracks' levels in decibels, between -1 and 1.
fn correlation(a: &[f64], b: &[f64]) -> f64 {
    let count = a.len().max(b.len());
    let decibels = |levels: &[f64]| -> Vec<f64> {
        let at = |i| levels.get(i).copied().unwrap_or(0.0);
        (0..count).map(|i| 10.0 * at(i).max(SILENCE).log10()).collect()
    };
    let (a, b) = (decibels(a), decibels(b));
    #[expect(clippy::cast_precision_loss, reason = "a count of windows")]
    let mean = |values: &[f64]| values.iter().sum::<f64>() / count.max(1) as f64;
    let (mean_a, mean_b) = (mean(&a), mean(&b));
    let (mut both, mut of_a, mut of_b) = (0.0, 0.0, 0.0);
    for (x, y) in a.iter().zip(&b) {
        both += (x - mean_a) * (y - mean_b);
        of_a += (x - mean_a).powi(2);
        of_b += (y - mean_b).powi(2);
    }
    if of_a <= 0.0 || of_b <= 0.0 { 0.0 } else { both / (of_a * of_b).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_same_sound_is_correlated_and_another_is_not() {
        let speech = [0.1, 1e-5, 0.2, 0.05, 1e-6, 0.1, 1e-4, 0.3];
        let quieter = speech.map(|level| level / 3.0);
        let other = [1e-6, 0.1, 1e-6, 1e-6, 0.1, 1e-6, 0.2, 1e-6];
        assert!(correlation(&speech, &quieter) > SAME);
        assert!(correlation(&speech, &other) < 0.5);
        assert!(correlation(&speech, &[]).abs() < f64::EPSILON);
    }
}
