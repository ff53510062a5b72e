//! How Chinese characters sound, without tones, and which sounds are taken for each other.

use pinyin::{Pinyin, ToPinyinMulti};

/// Readings of a character that are looked at: its usual ones come first.
const MOST_READINGS: usize = 3;

/// The ways in which a character can be said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sounds {
    /// Without tones, each once.
    plain: Vec<&'static str>,
    /// With the tone as a number at the end.
    toned: Vec<&'static str>,
}

/// How alike two characters sound.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// They do not.
    Different,
    /// Accents and recognisers take one for the other.
    Near,
    /// Tones apart, they sound the same.
    Same,
}

impl Sounds {
    /// The sounds of a character; `None` if it is not a Chinese one.
    pub fn of(c: char) -> Option<Self> {
        let readings = || c.to_pinyin_multi().into_iter().flatten().take(MOST_READINGS);
        let toned: Vec<&'static str> = readings().map(Pinyin::with_tone_num_end).collect();
        let mut plain: Vec<&'static str> = readings().map(Pinyin::plain).collect();
        plain.sort_unstable();
        plain.dedup();
        (!plain.is_empty()).then_some(Self { plain, toned })
    }

    /// The readings, without tones.
    pub fn plain(&self) -> &[&'static str] {
        &self.plain
    }

    /// Whether they share one with its tone.
    pub fn same_tone(&self, other: &Self) -> bool {
        self.toned.iter().any(|reading| other.toned.contains(reading))
    }

    /// How like another character's they are, in the best case.
    pub fn likeness(&self, other: &Self) -> Likeness {
        let pairs = || self.plain.iter().flat_map(|a| other.plain.iter().map(move |b| (*a, *b)));
        if pairs().any(|(a, b)| a == b) {
            Likeness::Same
        } else if pairs().any(|(a, b)| blurred(a) == blurred(b)) {
            Likeness::Near
        } else {
            Likeness::Different
        }
    }
}

/// The characters of a word and their sounds; `None` if it has others than Chinese ones.
pub fn spelled(word: &str) -> Option<Vec<(char, Sounds)>> {
    word.chars().map(|c| Some((c, Sounds::of(c)?))).collect()
}

/// A syllable without what southern accents leave out: retroflex initials, the difference of n and
/// l, and of final n and ng.
fn blurred(syllable: &str) -> String {
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

    fn likeness(a: char, b: char) -> Likeness {
        Sounds::of(a).unwrap().likeness(&Sounds::of(b).unwrap())
    }

    #[test]
    fn characters_are_alike_by_their_sounds() {
        assert_eq!(likeness('汇', '会'), Likeness::Same);
        // 行 is xing and hang.
        assert_eq!(likeness('行', '航'), Likeness::Same);
        assert_eq!(likeness('行', '星'), Likeness::Same);
        assert_eq!(likeness('支', '资'), Likeness::Near);
        assert_eq!(likeness('理', '你'), Likeness::Near);
        assert_eq!(likeness('成', '陈'), Likeness::Near);
        assert_eq!(likeness('党', '胆'), Likeness::Near);
        assert_eq!(likeness('党', '东'), Likeness::Different);
        assert_eq!(likeness('光', '关'), Likeness::Near);
        assert!(Sounds::of('a').is_none());
        let same_tone = |a, b| Sounds::of(a).unwrap().same_tone(&Sounds::of(b).unwrap());
        assert!(same_tone('城', '成') && !same_tone('买', '卖'));
    }
}
