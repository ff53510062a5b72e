//! Readings of Chinese characters (pinyin), and which syllables are confused with each other.

use pinyin::{Pinyin, ToPinyinMulti};

/// Readings of a character that are considered, the most frequent first.
const MAX_READINGS: usize = 3;

/// The readings of a character.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Readings {
    /// Without tones, sorted and distinct.
    plain: Vec<&'static str>,
    /// With the tone's number at the end.
    toned: Vec<&'static str>,
}

/// How similar two characters sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Similarity {
    /// Different syllables.
    Different,
    /// Syllables that southern accents, and recognisers, confuse.
    Near,
    /// The same syllable, tones ignored.
    Same,
}

impl Readings {
    /// The readings of a character; `None` if it has none, as anything but a Chinese character.
    pub fn of(c: char) -> Option<Self> {
        let readings = || c.to_pinyin_multi().into_iter().flatten().take(MAX_READINGS);
        let toned: Vec<&'static str> = readings().map(Pinyin::with_tone_num_end).collect();
        let mut plain: Vec<&'static str> = readings().map(Pinyin::plain).collect();
        plain.sort_unstable();
        plain.dedup();
        (!plain.is_empty()).then_some(Self { plain, toned })
    }

    /// The readings without tones.
    pub fn plain(&self) -> &[&'static str] {
        &self.plain
    }

    /// Whether the two share a reading, tone included.
    pub fn shares_tone(&self, other: &Self) -> bool {
        self.toned.iter().any(|reading| other.toned.contains(reading))
    }

    /// The most frequent reading, the tone's number at its end.
    pub fn usual(&self) -> &'static str {
        self.toned.first().copied().unwrap_or_default()
    }

    /// The similarity of the most similar pair of readings.
    pub fn similarity(&self, other: &Self) -> Similarity {
        let pairs = || self.plain.iter().flat_map(|a| other.plain.iter().map(move |b| (*a, *b)));
        if pairs().any(|(a, b)| a == b) {
            Similarity::Same
        } else if pairs().any(|(a, b)| merged(a) == merged(b)) {
            Similarity::Near
        } else {
            Similarity::Different
        }
    }
}

/// The characters of a word with their readings; `None` unless all are Chinese characters.
pub fn word_readings(word: &str) -> Option<Vec<(char, Readings)>> {
    word.chars().map(|c| Some((c, Readings::of(c)?))).collect()
}

/// A syllable with the distinctions merged that southern accents merge: retroflex initials, n and
/// l, final n and ng.
fn merged(syllable: &str) -> String {
    let (first, rest) = match syllable.as_bytes() {
        [b'z' | b'c' | b's', b'h', ..] => (&syllable[..1], &syllable[2..]),
        [b'l' | b'n', ..] => ("l", &syllable[1..]),
        _ => ("", syllable),
    };
    let rest = match rest.strip_suffix('g') {
        Some(front) if front.ends_with("in") || front.ends_with("en") || front.ends_with("an") => {
            front
        }
        _ => rest,
    };
    format!("{first}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn similarity(a: char, b: char) -> Similarity {
        Readings::of(a).unwrap().similarity(&Readings::of(b).unwrap())
    }

    #[test]
    fn the_usual_reading_is_the_most_frequent() {
        for (c, usual) in [('从', "cong2"), ('总', "zong3"), ('党', "dang3"), ('不', "bu4")] {
            assert_eq!(Readings::of(c).unwrap().usual(), usual);
        }
    }

    #[test]
    fn characters_are_similar_by_their_readings() {
        assert_eq!(similarity('汇', '会'), Similarity::Same);
        // 行 is xing and hang.
        assert_eq!(similarity('行', '航'), Similarity::Same);
        assert_eq!(similarity('行', '星'), Similarity::Same);
        assert_eq!(similarity('支', '资'), Similarity::Near);
        assert_eq!(similarity('理', '你'), Similarity::Near);
        assert_eq!(similarity('成', '陈'), Similarity::Near);
        assert_eq!(similarity('党', '胆'), Similarity::Near);
        assert_eq!(similarity('党', '东'), Similarity::Different);
        assert_eq!(similarity('光', '关'), Similarity::Near);
        assert!(Readings::of('a').is_none());
        let shares_tone = |a, b| Readings::of(a).unwrap().shares_tone(&Readings::of(b).unwrap());
        assert!(shares_tone('城', '成') && !shares_tone('买', '卖'));
    }
}
