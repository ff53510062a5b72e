//! Several sound tracks of one recording, mixed into one in blocks of a fixed size.

use std::collections::VecDeque;

use super::MediaError;

/// A track that has nothing for so many seconds, while another one has, counts as silent.
const PATIENCE_SECONDS: usize = 20;

/// Adds up tracks that come in pieces.
pub struct Mixer {
    channels: usize,
    block: usize,
    /// Most samples of one channel that wait for another track.
    patience: usize,
    tracks: Vec<Waiting>,
    /// Whether the right channel of the first track is turned over.
    invert_right: bool,
}

#[derive(Default)]
struct Waiting {
    /// Samples that were not yet mixed, the channels one after the other.
    samples: VecDeque<f32>,
    /// Samples that come too late and are left out.
    late: usize,
    ended: bool,
}

impl Mixer {
    /// For `tracks` tracks of at most `channels` channels at `rate`; blocks have `block` samples, but
    /// for the last.
    pub fn new(tracks: usize, channels: u16, rate: u32, block: usize) -> Self {
        Self {
            channels: usize::from(channels),
            block,
            patience: rate as usize * PATIENCE_SECONDS,
            tracks: (0..tracks).map(|_| Waiting::default()).collect(),
            invert_right: false,
        }
    }

    /// Turns over the right channel of the first track, where its two cancel each other out.
    pub fn invert_right(mut self, invert: bool) -> Self {
        self.invert_right = invert;
        self
    }

    /// Adds samples of a track. A track with fewer channels is put into all.
    pub fn add(&mut self, track: usize, samples: &[&[f32]]) {
        let invert = self.invert_right && track == 0 && samples.len() > 1;
        let Some(waiting) = self.tracks.get_mut(track) else { return };
        let count = samples.first().map_or(0, |channel| channel.len());
        let late = waiting.late.min(count);
        waiting.late -= late;
        for i in late..count {
            for channel in 0..self.channels {
                let sample = samples.get(channel).or(samples.first()).map_or(0.0, |from| from[i]);
                waiting.samples.push_back(if invert && channel == 1 { -sample } else { sample });
            }
        }
    }

    /// Says that no more samples of a track will come.
    pub fn end(&mut self, track: usize) {
        if let Some(waiting) = self.tracks.get_mut(track) {
            waiting.ended = true;
        }
    }

    /// Hands out the blocks that are complete, each as one `Vec` for every channel.
    pub fn drain(
        &mut self,
        sink: &mut dyn FnMut(Vec<Vec<f32>>) -> Result<(), MediaError>,
    ) -> Result<(), MediaError> {
        while let Some(count) = self.ready() {
            sink(self.take(count))?;
        }
        Ok(())
    }

    /// How many samples can be mixed now.
    fn ready(&self) -> Option<usize> {
        let lengths = || self.tracks.iter().map(|track| track.samples.len() / self.channels);
        let longest = lengths().max().unwrap_or(0);
        let open = self.tracks.iter().filter(|track| !track.ended);
        let shortest = open.map(|track| track.samples.len() / self.channels).min();
        let available = match shortest {
            None => longest,
            Some(_) if longest > self.patience => longest,
            Some(shortest) => shortest,
        };
        let last = shortest.is_none() && available > 0;
        (available >= self.block || last).then_some(available.min(self.block))
    }

    fn take(&mut self, count: usize) -> Vec<Vec<f32>> {
        let mut mixed = vec![vec![0.0_f32; count]; self.channels];
        for track in &mut self.tracks {
            let waiting = track.samples.len() / self.channels;
            for i in 0..count.min(waiting) {
                for channel in &mut mixed {
                    channel[i] += track.samples.pop_front().unwrap_or(0.0);
                }
            }
            if !track.ended {
                track.late += count.saturating_sub(waiting);
            }
        }
        for sample in mixed.iter_mut().flatten() {
            *sample = sample.clamp(-1.0, 1.0);
        }
        mixed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drained(mixer: &mut Mixer) -> Vec<f32> {
        let mut all = Vec::new();
        mixer
            .drain(&mut |block| {
                all.extend_from_slice(&block[0]);
                Ok(())
            })
            .unwrap();
        all
    }

    #[test]
    fn tracks_are_added_up() {
        let mut mixer = Mixer::new(2, 1, 10, 2);
        mixer.add(0, &[&[0.1, 0.2, 0.3]]);
        assert_eq!(drained(&mut mixer), [] as [f32; 0], "the other track may still come");
        mixer.add(1, &[&[0.5, 0.5]]);
        assert_eq!(drained(&mut mixer), [0.6, 0.7]);
        mixer.end(0);
        mixer.end(1);
        assert_eq!(drained(&mut mixer), [0.3]);
    }

    #[test]
    fn a_track_that_lags_is_not_waited_for_and_stays_in_step() {
        let mut mixer = Mixer::new(2, 1, 1, 4);
        mixer.add(0, &[&[0.1; 24]]);
        assert_eq!(drained(&mut mixer), [0.1; 4], "until it is within bounds again");
        mixer.add(1, &[&[0.5; 12]]);
        assert_eq!(drained(&mut mixer), [0.6; 8], "four came too late");
    }
}
