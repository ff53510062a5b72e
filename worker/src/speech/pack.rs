//! Packs speech into windows, and maps a window's times to the recording's.

use huibao_models::domain::transcript::SpeechRegion;

use super::audio::{Audio, SAMPLES_PER_MS};

/// The longest window. Whisper takes up to 30 s, but the cost of attention grows with the square of the
/// length, and the base model loops or omits passages more often in longer windows.
pub const WINDOW_MS: u64 = 20_000;

/// Windows are not made shorter than this only to give each worker the same number.
const SHORTEST_EVEN_MS: u64 = 5000;

/// The length of the first window of a long recording, for early text.
const FIRST_MS: u64 = 5000;

/// The resolution of the common length.
const LIMIT_STEP_MS: u64 = 250;

/// Longer pauses are cut to this.
const PAUSE_MS: u64 = 600;

/// A window: speech regions with shortened pauses.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Window {
    /// The parts of the recording that it consists of, in order.
    pub spans: Vec<SpeechRegion>,
}

impl Window {
    /// Duration in milliseconds.
    pub fn length_ms(&self) -> u64 {
        self.spans.iter().map(|span| span.end_ms - span.start_ms).sum()
    }

    /// The samples.
    pub fn samples(&self, audio: &Audio) -> Vec<f32> {
        let length = usize::try_from(self.length_ms()).unwrap_or(0) * SAMPLES_PER_MS;
        let mut samples = Vec::with_capacity(length);
        for span in &self.spans {
            samples.extend(audio.slice(span.start_ms, span.end_ms));
        }
        samples
    }

    /// Maps a time in the window to the recording. Where two spans meet, an `end` maps to the end of the
    /// first and a start to the start of the second.
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

/// Packs regions, none longer than a window, into few windows of similar length; the number is a
/// multiple of `workers` unless they would be very short.
pub fn pack(regions: &[SpeechRegion], workers: usize) -> Vec<Window> {
    let fullest = fill(regions, WINDOW_MS);
    let total: u64 = fullest.iter().map(Window::length_ms).sum();
    let even = fullest.len().next_multiple_of(workers.max(1));
    let count = if total / (even.max(1) as u64) < SHORTEST_EVEN_MS { fullest.len() } else { even };
    // The smallest limit that needs no more windows.
    let limits = (1..=WINDOW_MS / LIMIT_STEP_MS).map(|steps| steps * LIMIT_STEP_MS);
    let attempts = limits.map(|limit| fill(regions, limit));
    let fits = |windows: &Vec<Window>| windows.len() <= count;
    attempts.into_iter().find(fits).unwrap_or(fullest)
}

/// A short first window, and the number of regions in it.
pub fn first(regions: &[SpeechRegion]) -> Option<(Window, usize)> {
    let window = fill(regions, FIRST_MS).into_iter().next()?;
    let end = window.spans.last().map_or(0, |span| span.end_ms);
    let count = regions.partition_point(|region| region.end_ms <= end);
    Some((window, count))
}

/// Packs regions into windows of at most `limit_ms`; a longer region has a window of its own.
fn fill(regions: &[SpeechRegion], limit_ms: u64) -> Vec<Window> {
    let mut windows: Vec<Window> = Vec::new();
    for region in regions {
        let fits = windows.last_mut().filter(|w| joined_ms(w, region) <= limit_ms);
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
        // Half of the pause after the one region, half before the other: recorded silence, not zeros.
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
    fn short_pauses_stay_and_long_ones_are_cut() {
        let windows = pack(&[region(1000, 2000), region(2500, 4000), region(9000, 9500)], 1);
        assert_eq!(windows, [Window { spans: vec![region(1000, 4300), region(8700, 9500)] }]);
        assert_eq!(windows[0].length_ms(), 4100);
    }

    fn lengths(windows: &[Window]) -> Vec<u64> {
        windows.iter().map(Window::length_ms).collect()
    }

    #[test]
    fn windows_are_filled_evenly_in_order_and_not_overfilled() {
        let regions: Vec<_> = (0..10).map(|i| region(i * 5000, i * 5000 + 4800)).collect();
        assert_eq!(lengths(&fill(&regions, WINDOW_MS)), [19_800, 19_800, 9800]);
        assert_eq!(lengths(&pack(&regions, 1)), [19_800, 19_800, 9800]);
        assert_eq!(lengths(&pack(&regions, 2)), [14_800, 14_800, 14_800, 4800]);
        let short = [region(0, 4000), region(5000, 9000)];
        assert_eq!(lengths(&pack(&short, 2)), [8600]);
        assert!(pack(&[], 2).is_empty());
    }

    #[test]
    fn a_first_window_is_short() {
        let regions = [region(0, 2000), region(2500, 4500), region(5000, 9000)];
        let (window, count) = first(&regions).unwrap();
        assert_eq!((window.length_ms(), count), (4500, 2));
        assert!(first(&[]).is_none());
    }

    #[test]
    fn a_region_of_a_whole_window_is_kept_whole() {
        let regions = [region(0, WINDOW_MS), region(WINDOW_MS + 100, WINDOW_MS + 900)];
        assert_eq!(lengths(&pack(&regions, 4)), [20_000, 800]);
    }

    #[test]
    fn times_map_to_the_recording() {
        let window = Window { spans: vec![region(1000, 2000), region(8000, 9000)] };
        assert_eq!(window.to_recording(0, false), 1000);
        assert_eq!(window.to_recording(999, false), 1999);
        assert_eq!(window.to_recording(1000, true), 2000);
        assert_eq!(window.to_recording(1000, false), 8000);
        assert_eq!(window.to_recording(5000, true), 9000);
    }

    #[test]
    fn samples_are_those_of_the_spans() {
        let audio = Audio::of((0_i16..160).map(|i| f32::from(i) / 1024.0));
        let window = Window { spans: vec![region(1, 2), region(5, 6)] };
        let samples = window.samples(&audio);
        assert_eq!((samples.len(), samples[0], samples[16]), (32, 16.0 / 1024.0, 80.0 / 1024.0));
    }
}
