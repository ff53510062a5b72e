//! What two texts are compared by: words and numbers, whatever form they are written in.

use std::collections::HashMap;
use std::ops::Range;

use chinese_text::numerals::value;
use chinese_text::punctuation::{ends_phrase, ends_sentence};

use super::super::letters::folded;

/// A text as tokens: a unit each, or the units of a number.
#[derive(Debug, Default)]
pub(super) struct Tokens {
    /// What each is compared by: a number for each word.
    pub(super) keys: Vec<u32>,
    /// Which units each is made of.
    pub(super) units: Vec<Range<usize>>,
    /// How much of an end is behind each: 0 none, 1 that of a clause, 2 that of a sentence or line.
    pub(super) ends: Vec<u8>,
}

impl Tokens {
    pub(super) const fn len(&self) -> usize {
        self.keys.len()
    }

    /// How much of an end is before the token at `at`, as in [`Self::ends`].
    pub(super) fn ends_before(&self, at: usize) -> u8 {
        at.checked_sub(1).map_or(2, |before| self.ends[before])
    }
}

/// Words as numbers, which are compared more quickly.
#[derive(Debug, Default)]
pub(super) struct Vocabulary(HashMap<String, u32>);

impl Vocabulary {
    /// Adds units that stand together to a text. No number goes on behind them.
    pub(super) fn add(&mut self, tokens: &mut Tokens, units: &[&str]) {
        let text = Characters::of(units);
        let first = tokens.units.last().map_or(0, |last| last.end);
        let mut at = 0;
        while at < units.len() {
            let (word, count) = text.number(at).unwrap_or_else(|| (plain(units[at]), 1));
            let next = u32::try_from(self.0.len()).unwrap_or(u32::MAX);
            tokens.keys.push(*self.0.entry(word).or_insert(next));
            tokens.units.push(first + at..first + at + count);
            at += count;
            tokens.ends.push(end(units[at - 1]));
        }
    }
}

/// A word without punctuation, case, accents and widths, simplified.
fn plain(unit: &str) -> String {
    unit.chars().flat_map(folded).filter(|c| c.is_alphanumeric()).collect()
}

fn end(unit: &str) -> u8 {
    if unit.contains('\n') || ends_sentence(unit) { 2 } else { u8::from(ends_phrase(unit)) }
}

/// The characters of units, and where each unit is among them.
struct Characters {
    text: Vec<char>,
    /// Of each unit, its letters.
    letters: Vec<Range<usize>>,
}

impl Characters {
    fn of(units: &[&str]) -> Self {
        let (mut text, mut letters) = (Vec::new(), Vec::new());
        for unit in units {
            let start = text.len();
            text.extend(unit.chars());
            let is_letter = |c: &char| c.is_alphanumeric();
            let first = text[start..].iter().position(is_letter).map_or(start, |at| start + at);
            let last = text[first..].iter().rposition(is_letter).map_or(first, |at| first + at + 1);
            letters.push(first..last);
        }
        Self { text, letters }
    }

    /// The value of the number that begins with a unit, and how many units it takes. A number ends with a unit: `3G` has
    /// none.
    fn number(&self, unit: usize) -> Option<(String, usize)> {
        let start = self.letters[unit].start;
        let before = start.checked_sub(1).map(|before| self.text[before]);
        let number = value(&self.text[start..], before)?;
        let end = start + number.length;
        let taken = self.letters[unit..].iter().take_while(|letters| letters.end <= end).count();
        let next = self.letters.get(unit + taken);
        let whole = taken > 0 && next.is_none_or(|letters| letters.start >= end);
        whole.then_some((number.digits, taken))
    }
}

#[cfg(test)]
mod tests {
    use chinese_text::units::units;

    use super::*;

    fn keys(vocabulary: &mut Vocabulary, text: &str) -> Vec<u32> {
        let mut tokens = Tokens::default();
        vocabulary.add(&mut tokens, &units(text));
        tokens.keys
    }

    #[test]
    fn words_are_equal_however_they_are_written() {
        let mut vocabulary = Vocabulary::default();
        for (one, other) in [
            ("增长百分之十二。", "增长12%"),
            ("二〇二四年，", "２０２４年"),
            ("一千二百人", "1,200 人"),
            ("第三次", "第3次"),
            ("黨員WiFi", "党员wifi"),
        ] {
            assert_eq!(keys(&mut vocabulary, one), keys(&mut vocabulary, other), "{one} {other}");
        }
        for (one, other) in
            [("二〇二四年", "2023年"), ("12%", "12"), ("3G", "3"), ("三四个", "34个")]
        {
            assert_ne!(keys(&mut vocabulary, one), keys(&mut vocabulary, other), "{one} {other}");
        }
    }

    #[test]
    fn a_token_has_its_units_and_its_end() {
        let mut tokens = Tokens::default();
        let mut vocabulary = Vocabulary::default();
        vocabulary.add(&mut tokens, &units("好，百分之十二。"));
        vocabulary.add(&mut tokens, &units("三"));
        assert_eq!(tokens.units, [0..1, 1..6, 6..7]);
        assert_eq!(tokens.ends, [1, 2, 0]);
        assert_eq!([0, 1, 2].map(|at| tokens.ends_before(at)), [2, 1, 2]);
    }
}
