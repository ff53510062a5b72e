//! Lays a text over stretches of voice.
//!
//! Dynamic programming over the stretches: for each, where in the text it begins. A choice costs by
//! how much more or less text a stretch gets than its length has room for, by pauses that fall where
//! nobody pauses, and by how far the engine's own times are off.

use super::units::Unit;
use super::voice::Voice;

/// What a pause without punctuation costs. This and the next two were chosen on the sample, against
/// the cross-attention times of another whisper (faster-whisper's): the median difference went from
/// 186 ms with 1, 400 and 0 to 110 ms, of which 85 are a constant.
const NO_STOP: f32 = 4.0;

/// The engine's times at the ends of its segments are about so good, in milliseconds.
const ENGINE_MS: f32 = 400.0;

/// Inside a segment they are made up, and worse by this much of the way to its nearer end.
const ENGINE_DRIFT: f32 = 0.1;

/// Beyond this cost they are taken for wrong, and how wrong they are makes no difference.
const ENGINE_MOST: f32 = 4.0;

/// The text of a window.
#[derive(Default)]
pub struct Text {
    /// Syllables before each unit, and all of them in the end.
    before: Vec<f32>,
    /// When each unit begins according to the engine.
    engine_ms: Vec<f32>,
    /// How good that is.
    engine_within_ms: Vec<f32>,
    /// Whether a speaker may well pause before it.
    after_stop: Vec<bool>,
}

impl Text {
    /// Adds a segment's words, which the engine heard from `start_ms` to `end_ms`.
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

    /// What it costs that a stretch begins at `ms` with this unit, which is there.
    fn begins(&self, unit: usize, ms: u64) -> f32 {
        #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
        let off = (self.engine_ms[unit] - ms as f32) / self.engine_within_ms[unit];
        (off * off).min(ENGINE_MOST) + if self.after_stop[unit] { 0.0 } else { NO_STOP }
    }
}

/// Start and end of each unit in milliseconds, in order and without overlaps.
pub fn align(text: &Text, voice: &Voice) -> Vec<(u64, u64)> {
    let stretches = &voice.stretches;
    if text.len() == 0 || stretches.is_empty() {
        return text.engine_ms.iter().map(|ms| (round(*ms), round(*ms))).collect();
    }
    let begins = split(text, stretches);
    let mut times = Vec::with_capacity(text.len());
    for (i, (start_ms, end_ms)) in stretches.iter().enumerate() {
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

/// The first unit of each stretch, and the number of units in the end.
fn split(text: &Text, stretches: &[(u64, u64)]) -> Vec<usize> {
    let units = text.len();
    #[expect(clippy::cast_precision_loss, reason = "milliseconds of a recording")]
    let lengths: Vec<f32> = stretches.iter().map(|(start, end)| (end - start) as f32).collect();
    let rate = text.syllables(0, units) / lengths.iter().sum::<f32>().max(1.0);
    // `costs[s]`: the least that the stretches so far can cost if the next begins with unit `s`.
    let mut costs = vec![f32::INFINITY; units + 1];
    costs[0] = 0.0;
    let mut ways: Vec<Vec<usize>> = Vec::with_capacity(stretches.len());
    for ((start_ms, _), length) in stretches.iter().zip(&lengths) {
        let room = rate * length;
        let mut next = vec![f32::INFINITY; units + 1];
        let mut way = vec![0; units + 1];
        for from in (0..=units).filter(|from| costs[*from].is_finite()) {
            for to in from..=units {
                let excess = text.syllables(from, to) - room;
                let begin = if to > from { text.begins(from, *start_ms) } else { 0.0 };
                let cost = costs[from] + excess * excess / (room + 1.0) + begin;
                if cost < next[to] {
                    (next[to], way[to]) = (cost, from);
                }
            }
        }
        costs = next;
        ways.push(way);
    }
    let mut begins = vec![units];
    for way in ways.iter().rev() {
        let at = begins[begins.len() - 1];
        begins.push(way[at]);
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
        let voice = Voice { stretches: vec![(100, 900), (2000, 3200)] };
        let times = align(&text, &voice);
        assert_eq!((times[0], times[3], times[4]), ((100, 300), (700, 900), (2000, 2200)));
        assert_eq!(times[9], (3000, 3200));
        assert!(times.windows(2).all(|pair| pair[0].1 <= pair[1].0), "{times:?}");
    }

    #[test]
    fn a_noise_without_text_gets_none() {
        let text = text(&[("敬爱的党组织", 1000, 2200)]);
        let voice = Voice { stretches: vec![(0, 100), (1000, 2200)] };
        assert_eq!(align(&text, &voice)[0], (1000, 1200));
    }

    #[test]
    fn without_a_voice_the_engine_is_believed() {
        let text = text(&[("您好", 1000, 2000)]);
        assert_eq!(align(&text, &Voice { stretches: vec![] }), [(1000, 1000), (1500, 1500)]);
        assert!(align(&Text::default(), &Voice { stretches: vec![(0, 10)] }).is_empty());
    }
}
