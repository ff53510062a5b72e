//! Lays what was heard beside a written text that may say the same, by sound.
//!
//! The cheapest way through both texts is found by dynamic programming. The written text may be gone through in
//! another order: what was heard continues anywhere in it for a price (as in a Viterbi decoder whose states are the
//! places of the written text), so passages that were moved, left out or repeated are found where they are.

use std::collections::HashMap;

use crate::readings::{Readings, Similarity};
use crate::units::units;

/// The price of going on at another place of the written text. Lower than that of a few units without a partner,
/// higher than a coincidence of two saves.
const JUMP: f32 = 3.0;

/// The price of a unit that has no partner in the other text.
const ALONE: f32 = 1.0;

/// The particles that all sound *de* when they are particles, which is most often.
const PARTICLES: [&str; 3] = ["的", "地", "得"];

/// How alike two units are, the most alike first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Likeness {
    /// The same letters.
    Equal,
    /// Characters of the same sound, tone included.
    SameTone,
    /// Characters of the same syllable.
    SameSyllable,
    /// Characters whose syllables are often confused.
    Near,
    /// Others.
    Different,
}

impl Likeness {
    /// Whether the two sound alike but for the tone.
    pub fn sounds_same(self) -> bool {
        self <= Self::SameSyllable
    }

    const fn price(self) -> f32 {
        match self {
            Self::Equal => 0.0,
            Self::SameTone => 0.25,
            Self::SameSyllable => 0.35,
            Self::Near => 0.6,
            Self::Different => 1.1,
        }
    }
}

/// A text as units that can be compared.
#[derive(Debug, Clone, Default)]
pub struct Sounds {
    /// The letters of each unit, small ones, without punctuation.
    letters: Vec<String>,
    /// An index into `distinct` for each unit.
    ids: Vec<usize>,
    distinct: Vec<(String, Option<Readings>)>,
}

impl Sounds {
    /// Takes a text apart.
    pub fn of(text: &str) -> Self {
        let mut sounds = Self::default();
        let mut known: HashMap<String, usize> = HashMap::new();
        for unit in units(text) {
            let letters: String = unit.chars().filter(|c| c.is_alphanumeric()).collect();
            let folded = letters.to_lowercase();
            let id = *known.entry(folded).or_insert_with_key(|folded| {
                let mut characters = folded.chars();
                let alone = characters.next().filter(|_| characters.next().is_none());
                sounds.distinct.push((folded.clone(), alone.and_then(Readings::of)));
                sounds.distinct.len() - 1
            });
            sounds.ids.push(id);
            sounds.letters.push(letters);
        }
        sounds
    }

    /// How many units there are.
    pub const fn len(&self) -> usize {
        self.ids.len()
    }

    /// Whether there are none.
    pub const fn is_empty(&self) -> bool {
        self.ids.is_empty()
    }

    /// The letters of a unit; nothing beyond the end.
    pub fn letters(&self, unit: usize) -> &str {
        self.letters.get(unit).map_or("", String::as_str)
    }
}

fn likeness(a: &(String, Option<Readings>), b: &(String, Option<Readings>)) -> Likeness {
    if a.0 == b.0 {
        return Likeness::Equal;
    }
    let (first, second) = (a.0.as_str(), b.0.as_str());
    let (Some(a), Some(b)) = (&a.1, &b.1) else { return Likeness::Different };
    // A rare reading is no reason to take one for the other: 从 is zòng in few words, and is not 总.
    let syllable = |reading: &'static str| reading.trim_end_matches(char::is_numeric);
    let (usual_a, usual_b) = (a.usual(), b.usual());
    let particles = [first, second].iter().all(|letters| PARTICLES.contains(letters));
    if usual_a == usual_b || particles {
        Likeness::SameTone
    } else if syllable(usual_a) == syllable(usual_b) {
        Likeness::SameSyllable
    } else if a.similarity(b) == Similarity::Different {
        Likeness::Different
    } else {
        Likeness::Near
    }
}

/// A step through both texts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// A unit of each, which stand for each other.
    Both {
        /// The index of the heard unit.
        heard: usize,
        /// The index of the written one.
        written: usize,
        /// How alike they are.
        likeness: Likeness,
    },
    /// A heard unit that is not written.
    Heard(usize),
    /// A written unit that was not heard.
    Written(usize),
    /// The next written unit is elsewhere.
    Jump,
}

/// Where the best way to a place comes from.
#[derive(Clone, Copy)]
enum From {
    Both,
    Heard,
    Written,
    Jump,
}

/// The cheapest way through all that was heard. It may begin and end anywhere in the written text. Takes time and
/// memory for each pair of units.
pub fn align(heard: &Sounds, written: &Sounds) -> Vec<Step> {
    let table: Vec<Vec<Likeness>> = heard
        .distinct
        .iter()
        .map(|a| written.distinct.iter().map(|b| likeness(a, b)).collect())
        .collect();
    let columns = written.len() + 1;
    let mut from = Vec::with_capacity(heard.len() * columns);
    // The cheapest place of each row, from where a jump begins.
    let mut cheapest = Vec::with_capacity(heard.len());
    let mut above = vec![0.0_f32; columns];
    for id in &heard.ids {
        let prices = &table[*id];
        let row = from.len();
        let mut costs = Vec::with_capacity(columns);
        costs.push(above[0] + ALONE);
        from.push(From::Heard);
        for (at, written) in written.ids.iter().enumerate() {
            let both = above[at] + prices[*written].price();
            let alone = above[at + 1] + ALONE;
            costs.push(both.min(alone));
            from.push(if both <= alone { From::Both } else { From::Heard });
        }
        let (mut lowest, mut least) = (0, f32::INFINITY);
        for (at, cost) in costs.iter().enumerate() {
            if *cost < least {
                (lowest, least) = (at, *cost);
            }
        }
        cheapest.push(lowest);
        for at in 0..columns {
            if at > 0 && costs[at - 1] + ALONE < costs[at] {
                costs[at] = costs[at - 1] + ALONE;
                from[row + at] = From::Written;
            }
            if least + JUMP < costs[at] {
                costs[at] = least + JUMP;
                from[row + at] = From::Jump;
            }
        }
        above = costs;
    }
    let end = (0..columns).min_by(|a, b| above[*a].total_cmp(&above[*b])).unwrap_or(0);
    steps_back(heard, written, &table, &from, &cheapest, end)
}

/// Goes back from the end of the best way.
fn steps_back(
    heard: &Sounds,
    written: &Sounds,
    table: &[Vec<Likeness>],
    from: &[From],
    cheapest: &[usize],
    end: usize,
) -> Vec<Step> {
    let columns = written.len() + 1;
    let (mut row, mut at) = (heard.len(), end);
    let mut steps = Vec::new();
    while row > 0 {
        match from[(row - 1) * columns + at] {
            From::Both => {
                (row, at) = (row - 1, at - 1);
                let likeness = table[heard.ids[row]][written.ids[at]];
                steps.push(Step::Both { heard: row, written: at, likeness });
            }
            From::Heard => {
                row -= 1;
                steps.push(Step::Heard(row));
            }
            From::Written => {
                at -= 1;
                steps.push(Step::Written(at));
            }
            From::Jump => {
                at = cheapest[row - 1];
                steps.push(Step::Jump);
            }
        }
    }
    steps.reverse();
    steps
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Pairs as `heard` and `written` letters, `+` for what has no partner, `/` for a jump.
    fn aligned(heard: &str, written: &str) -> String {
        let (heard, written) = (Sounds::of(heard), Sounds::of(written));
        let steps = align(&heard, &written).into_iter().map(|step| match step {
            Step::Both { likeness: Likeness::Equal, heard: at, .. } => heard.letters(at).to_owned(),
            Step::Both { heard: a, written: b, .. } => {
                format!("({}{})", heard.letters(a), written.letters(b))
            }
            Step::Heard(at) => format!("({}+)", heard.letters(at)),
            Step::Written(at) => format!("(+{})", written.letters(at)),
            Step::Jump => "/".to_owned(),
        });
        steps.collect()
    }

    #[test]
    fn what_sounds_alike_stands_for_each_other() {
        assert_eq!(
            aligned("我是入当几几分子,学校的", "亲爱的党：我是入党积极分子。学习的人"),
            "我是入(当党)(几积)(几极)分子学(校习)的"
        );
        assert_eq!(aligned("他说了三跳意见", "他说了五条意见"), "他说了(三五)(跳条)意见");
        assert_eq!(aligned("大家都很高兴地说", "大家都高兴地说"), "大家都(很+)高兴地说");
        assert_eq!(aligned("大家都高兴地说", "大家都很高兴地说"), "大家都(+很)高兴地说");
        assert_eq!(aligned("学 Python 2024", "学 python、2024"), "学Python2024");
    }

    #[test]
    fn passages_are_found_in_another_order() {
        assert_eq!(
            aligned(
                "努力学习理论知识按时参加会议",
                "按时参加会议，还有别的很多事情。努力学习理论知识"
            ),
            "努力学习理论知识/按时参加会议"
        );
    }

    #[test]
    fn one_text_may_be_empty() {
        assert_eq!(aligned("", "一二"), "");
        assert_eq!(aligned("一二", ""), "(一+)(二+)");
    }

    #[test]
    fn likeness_is_of_sound() {
        let of = |a: &str, b: &str| {
            let (a, b) = (Sounds::of(a), Sounds::of(b));
            likeness(&a.distinct[0], &b.distinct[0])
        };
        assert_eq!(of("党", "党"), Likeness::Equal);
        assert_eq!(of("成", "程"), Likeness::SameTone);
        assert_eq!(of("买", "卖"), Likeness::SameSyllable);
        assert_eq!(of("四", "十"), Likeness::Near);
        assert_eq!(of("的", "地"), Likeness::SameTone);
        // Both can be zong; one hardly ever is.
        assert_eq!(of("总", "从"), Likeness::Near);
        assert_eq!(of("不", "足"), Likeness::Different);
        assert_eq!(of("a", "b"), Likeness::Different);
    }
}
