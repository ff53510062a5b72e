//! Aligns a text with voiced intervals.
//!
//! Dynamic programming over the intervals: for each, the unit of the text that it begins with. The cost
//! is the deviation of an interval's text from its duration, pauses where nobody pauses, and the
//! deviation from the engine's own times.

use super::units::Unit;
use super::voice::Voice;

/// The cost of a pause without punctuation. This and the next two constants were chosen on the sample,
/// against faster-whisper's cross-attention times: the median difference went from 186 ms with 1, 400
/// and 0 to 110 ms, of which 85 are a constant.
const NO_STOP: f32 = 4.0;

/// The error of the engine's times at the ends of its segments, in milliseconds.
const ENGINE_MS: f32 = 400.0;

/// Within a segment they are interpolated; the error grows by this share of the distance to the nearer
/// end.
const ENGINE_DRIFT: f32 = 0.1;

/// The highest cost of a deviation: beyond, the engine's time is taken for wrong.
const MAX_ENGINE_COST: f32 = 4.0;

/// The text of a window.
#[derive(Default)]
pub struct Text {
    /// Syllables before each unit, and in total.
    before: Vec<f32>,
    /// Each unit's start by the engine.
    engine_ms: Vec<f32>,
    /// The error of that.
    engine_within_ms: Vec<f32>,
    /// Whether a speaker may pause before it.
    after_stop: Vec<bool>,
}

impl Text {
    /// Adds a segment's units, with the engine's times.
    pub fn add(&mut self, units: &[Unit], start_ms: u64, end_ms: u64) {
        let total: f32 = units.iter().map(|unit| unit.syllables).sum();
        let mut sum = self.before.pop().unwrap_or(0.0);
        let (first, mut stop) = (sum, true);
        for unit in units {
            self.before.push(sum);
            self.after_stop.push(stop);
            #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
            let (start, end) = (start_ms as f32, end_ms as f32);
            let ms = start + (sum - first) / total * (end - start);
            self.engine_ms.push(ms);
            self.engine_within_ms.push(ENGINE_MS + ENGINE_DRIFT * (ms - start).min(end - ms));
            (sum, stop) = (sum + unit.syllables, unit.stops());
        }
        self.before.push(sum);
    }

    fn len(&self) -> usize {
        self.engine_ms.len()
    }

    fn syllables(&self, from: usize, to: usize) -> f32 {
        self.before[to] - self.before[from]
    }

    /// The cost of an interval that begins at `ms` with this unit.
    fn start_cost(&self, unit: usize, ms: u64) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
        let off = (self.engine_ms[unit] - ms as f32) / self.engine_within_ms[unit];
        (off * off).min(MAX_ENGINE_COST) + if self.after_stop[unit] { 0.0 } else { NO_STOP }
    }
}

/// Start and end of each unit in milliseconds, in order and without overlaps.
pub fn align(text: &Text, voice: &Voice) -> Vec<(u64, u64)> {
    let intervals = &voice.intervals;
    if text.len() == 0 || intervals.is_empty() {
        return text.engine_ms.iter().map(|ms| (round(*ms), round(*ms))).collect();
    }
    let begins = split(text, intervals);
    let mut times = Vec::with_capacity(text.len());
    for (i, (start_ms, end_ms)) in intervals.iter().enumerate() {
        let (from, to) = (begins[i], begins[i + 1]);
        let all = text.syllables(from, to);
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
        let at = |unit: usize| {
            *start_ms as f32 + text.syllables(from, unit) / all * (end_ms - start_ms) as f32
        };
        times.extend((from..to).map(|unit| (round(at(unit)), round(at(unit + 1)))));
    }
    times
}

/// The first unit of each interval, and the number of units.
fn split(text: &Text, intervals: &[(u64, u64)]) -> Vec<usize> {
    let units = text.len();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
    let lengths: Vec<f32> = intervals.iter().map(|(start, end)| (end - start) as f32).collect();
    let rate = text.syllables(0, units) / lengths.iter().sum::<f32>().max(1.0);
    // `costs[s]`: the minimal cost of the intervals so far if the next begins with unit `s`.
    let mut costs = vec![f32::INFINITY; units + 1];
    costs[0] = 0.0;
    let mut previous: Vec<Vec<usize>> = Vec::with_capacity(intervals.len());
    for ((start_ms, _), length) in intervals.iter().zip(&lengths) {
        let room = rate * length;
        let mut next = vec![f32::INFINITY; units + 1];
        let mut from_of = vec![0; units + 1];
        for from in (0..=units).filter(|from| costs[*from].is_finite()) {
            for to in from..=units {
                let excess = text.syllables(from, to) - room;
                let start = if to > from { text.start_cost(from, *start_ms) } else { 0.0 };
                let cost = costs[from] + excess * excess / (room + 1.0) + start;
                if cost < next[to] {
                    (next[to], from_of[to]) = (cost, from);
                }
            }
        }
        costs = next;
        previous.push(from_of);
    }
    let mut begins = vec![units];
    for from_of in previous.iter().rev() {
        let at = begins[begins.len() - 1];
        begins.push(from_of[at]);
    }
    begins.reverse();
    begins
}

fn round(ms: f32) -> u64 {
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "not negative")]
    let ms = ms.round().max(0.0) as u64;
    ms
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(segments: &[(&str, u64, u64)]) -> Text {
        let mut text = Text::default();
        for (words, start_ms, end_ms) in segments {
            let unit = |c: char| Unit { text: c.into(), syllables: 1.0, confidence: 1.0 };
            let units: Vec<Unit> = words.chars().map(unit).collect();
            text.add(&units, *start_ms, *end_ms);
        }
        text
    }

    #[test]
    fn a_pause_falls_where_the_text_has_one() {
        // The engine's times know nothing of the pause from 800 to 2000.
        let text = text(&[("敬爱的党", 0, 2000), ("您好我是小明", 2000, 3200)]);
        let voice = Voice { intervals: vec![(100, 900), (2000, 3200)] };
        let times = align(&text, &voice);
        assert_eq!((times[0], times[3], times[4]), ((100, 300), (700, 900), (2000, 2200)));
        assert_eq!(times[9], (3000, 3200));
        assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{times:?}");
    }

    #[test]
    fn noise_gets_no_text() {
        let text = text(&[("敬爱的党组织", 1000, 2200)]);
        let voice = Voice { intervals: vec![(0, 100), (1000, 2200)] };
        assert_eq!(align(&text, &voice)[0], (1000, 1200));
    }

    #[test]
    fn without_voiced_intervals_the_engines_times_are_used() {
        let text = text(&[("您好", 1000, 2000)]);
        assert_eq!(align(&text, &Voice { intervals: vec![] }), [(1000, 1000), (1500, 1500)]);
        assert!(align(&Text::default(), &Voice { intervals: vec![(0, 10)] }).is_empty());
    }
}
