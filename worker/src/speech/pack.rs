//! Fills windows with speech, and finds the way back from a window's time to the recording's.

use huibao_models::transcript::SpeechRegion;

use super::{Audio, SAMPLES_PER_MS};

/// The longest window. Whisper hears 30 s; the rest is margin for its own padding.
pub const WINDOW_MS: u64 = 28_000;

/// Pauses up to this stay as they are; longer ones are cut to this.
const PAUSE_MS: u64 = 600;

/// A window: regions whose pauses were shortened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// What it is made of, in order: stretches of the recording, one after the other.
    pub spans: Vec<SpeechRegion>,
}

impl Window {
    /// Length in milliseconds.
    pub fn length_ms(&self) -> u64 {
        self.spans.iter().map(|span| span.end_ms - span.start_ms).sum()
    }

    /// The samples.
    pub fn samples(&self, audio: &Audio) -> Vec<f32> {
        let length = usize::try_from(self.length_ms()).unwrap_or(0) * SAMPLES_PER_MS;
        let mut samples = Vec::with_capacity(length);
        for span in &self.spans {
            samples.extend_from_slice(audio.slice(span.start_ms, span.end_ms));
        }
        samples
    }

    /// The recording's time at which the window's time `ms` begins or (`end`) ends. The two differ
    /// where spans meet: an end stays with the span before, a start goes to the span after.
    pub fn to_recording(&self, ms: u64, end: bool) -> u64 {
        let mut passed = 0;
        for span in &self.spans {
            let length = span.end_ms - span.start_ms;
            if ms < passed + length || (end && ms == passed + length) {
                return span.start_ms + (ms - passed);
            }
            passed += length;
        }
        self.spans.last().map_or(0, |span| span.end_ms)
    }
}

/// Packs regions, none longer than a window, into as few windows as their order allows.
pub fn pack(regions: &[SpeechRegion]) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for region in regions {
        let fits = windows.last_mut().filter(|w| joined_ms(w, region) <= WINDOW_MS);
        match fits {
            Some(window) => join(window, region),
            None => windows.push(Window { spans: vec![*region] }),
        }
    }
    windows
}

fn pause_ms(window: &Window, region: &SpeechRegion) -> u64 {
    let end = window.spans.last().map_or(0, |span| span.end_ms);
    (region.start_ms - end).min(PAUSE_MS)
}

fn joined_ms(window: &Window, region: &SpeechRegion) -> u64 {
    window.length_ms() + pause_ms(window, region) + (region.end_ms - region.start_ms)
}

fn join(window: &mut Window, region: &SpeechRegion) {
    let pause = pause_ms(window, region);
    if let Some(last) = window.spans.last_mut() {
        if region.start_ms - last.end_ms <= PAUSE_MS {
            last.end_ms = region.end_ms;
            return;
        }
        // Half of the pause after the one, half before the other: both are the room's own quiet.
        last.end_ms += pause / 2;
    }
    let start_ms = region.start_ms - (pause - pause / 2);
    window.spans.push(SpeechRegion { start_ms, end_ms: region.end_ms });
}

#[cfg(test)]
mod tests {
    use super::*;

    fn region(start_ms: u64, end_ms: u64) -> SpeechRegion {
        SpeechRegion { start_ms, end_ms }
    }

    #[test]
    fn short_pauses_stay_and_long_ones_shrink() {
        let windows = pack(&[region(1000, 2000), region(2500, 4000), region(9000, 9500)]);
        assert_eq!(windows, [Window { spans: vec![region(1000, 4300), region(8700, 9500)] }]);
        assert_eq!(windows[0].length_ms(), 4100);
    }

    #[test]
    fn windows_are_filled_in_order_and_not_overfilled() {
        let regions = [region(0, 20_000), region(20_100, 27_000), region(27_200, 40_000)];
        let windows = pack(&regions);
        let lengths: Vec<_> = windows.iter().map(Window::length_ms).collect();
        assert_eq!(lengths, [27_000, 12_800]);
        assert!(pack(&[]).is_empty());
    }

    #[test]
    fn times_find_their_way_back() {
        let window = Window { spans: vec![region(1000, 2000), region(8000, 9000)] };
        assert_eq!(window.to_recording(0, false), 1000);
        assert_eq!(window.to_recording(999, false), 1999);
        assert_eq!(window.to_recording(1000, true), 2000);
        assert_eq!(window.to_recording(1000, false), 8000);
        assert_eq!(window.to_recording(5000, true), 9000);
    }

    #[test]
    fn samples_are_those_of_the_spans() {
        let audio = Audio { samples: (0_i16..160).map(f32::from).collect() };
        let window = Window { spans: vec![region(1, 2), region(5, 6)] };
        let samples = window.samples(&audio);
        assert_eq!((samples.len(), samples[0], samples[16]), (32, 16.0, 80.0));
    }
}
