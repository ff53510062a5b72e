//! Where a written report has other words than were heard, in the middle of words that agree.

use std::ops::Range;

use chinese_text::alignment::{Likeness, Sounds, Step, align};

/// How many units to either side tell whether the two texts say the same there.
const AROUND: usize = 8;

/// At least so many of them must sound the same…
const MIN_AGREEING: usize = 5;

/// …and at least this share.
const MIN_SHARE: f64 = 0.7;

/// The most units of either text that stand for each other without sounding the same: a clause that was said
/// otherwise is not taken for a misheard one.
const LONGEST: usize = 6;

/// By so many units the two may differ in number.
const MAX_DIFFERENCE: usize = 1;

/// How the words sound that stand for each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Sound {
    /// The same syllables, tones included: no sound can tell them apart.
    SameTones,
    /// The same syllables.
    SameSyllables,
    /// Otherwise.
    Other,
}

/// Written words that may have been said where others were heard.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The heard units.
    pub heard: Range<usize>,
    /// The written units.
    pub written: Range<usize>,
    /// How they sound.
    pub sound: Sound,
}

/// What the written report tells of a window.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Compared {
    /// The candidates, in order and not overlapping.
    pub candidates: Vec<Candidate>,
    /// For each heard unit, whether it is written as well, in the middle of others that are.
    pub confirmed: Vec<bool>,
}

/// Compares what was heard in a window with the written report.
pub fn compare(heard: &Sounds, written: &Sounds) -> Compared {
    let mut compared = Compared { candidates: Vec::new(), confirmed: vec![false; heard.len()] };
    let steps = align(heard, written);
    for passage in steps.split(|step| *step == Step::Jump) {
        add_passage(&mut compared, passage, [heard, written]);
    }
    compared
}

/// A passage of both texts in the same order.
fn add_passage(compared: &mut Compared, passage: &[Step], texts: [&Sounds; 2]) {
    let mut at = 0;
    while at < passage.len() {
        let differs = !is_equal(&passage[at]);
        let length = passage[at..].iter().take_while(|step| is_equal(step) != differs).count();
        let block = at..at + length;
        at = block.end;
        if !says_the_same(passage, &block) {
            continue;
        }
        if differs {
            let found =
                parts(passage, block).into_iter().filter_map(|part| candidate(&passage[part]));
            compared.candidates.extend(found.filter(|found| is_possible(found, texts)));
        } else {
            for step in &passage[block] {
                if let Step::Both { heard, .. } = step {
                    compared.confirmed[*heard] = true;
                }
            }
        }
    }
}

fn is_equal(step: &Step) -> bool {
    matches!(step, Step::Both { likeness: Likeness::Equal, .. })
}

fn sounds_same(step: &Step) -> bool {
    matches!(step, Step::Both { likeness, .. } if likeness.sounds_same())
}

/// Whether most of what stands around a block sounds the same in both texts.
fn says_the_same(passage: &[Step], block: &Range<usize>) -> bool {
    let before = &passage[block.start.saturating_sub(AROUND)..block.start];
    let after = &passage[block.end..(block.end + AROUND).min(passage.len())];
    let inside = if is_equal(&passage[block.start]) { &passage[block.clone()] } else { &[] };
    let around = || before.iter().chain(after).chain(inside);
    let agreeing = around().filter(|step| sounds_same(step)).count();
    let beside = before
        .iter()
        .rev()
        .take_while(|step| is_equal(step))
        .count()
        .max(after.iter().take_while(|step| is_equal(step)).count());
    #[expect(clippy::cast_precision_loss, reason = "a few units")]
    let share = agreeing as f64 / around().count().max(1) as f64;
    agreeing >= MIN_AGREEING && share >= MIN_SHARE && (beside >= 2 || !inside.is_empty())
}

/// A block of steps that differ, parted: what sounds the same at its ends is judged for itself.
fn parts(passage: &[Step], block: Range<usize>) -> Vec<Range<usize>> {
    let steps = &passage[block.clone()];
    let front = steps.iter().take_while(|step| sounds_same(step)).count();
    if front == steps.len() {
        return vec![block];
    }
    let back = steps.iter().rev().take_while(|step| sounds_same(step)).count();
    let (first, last) = (block.start + front, block.end - back);
    let parts = [block.start..first, first..last, last..block.end];
    parts.into_iter().filter(|part| !part.is_empty()).collect()
}

/// The units of steps; `None` if there is nothing on one side.
fn candidate(steps: &[Step]) -> Option<Candidate> {
    let (mut heard, mut written) = (Vec::new(), Vec::new());
    for step in steps {
        match step {
            Step::Both { heard: at, written: of, .. } => {
                heard.push(*at);
                written.push(*of);
            }
            Step::Heard(at) => heard.push(*at),
            Step::Written(of) => written.push(*of),
            Step::Jump => {}
        }
    }
    let range = |units: &[usize]| Some(*units.first()?..units.last()? + 1);
    let sounds = steps.iter().map(|step| match step {
        Step::Both { likeness: Likeness::Equal | Likeness::SameTone, .. } => Sound::SameTones,
        Step::Both { likeness: Likeness::SameSyllable, .. } => Sound::SameSyllables,
        _ => Sound::Other,
    });
    let sound = sounds.max().unwrap_or(Sound::Other);
    Some(Candidate { heard: range(&heard)?, written: range(&written)?, sound })
}

/// Whether the written words may have been said: not if they only sound alike and say another number, or the
/// opposite.
fn is_possible(candidate: &Candidate, [heard, written]: [&Sounds; 2]) -> bool {
    if candidate.sound != Sound::Other {
        return true;
    }
    let (a, b) = (candidate.heard.len(), candidate.written.len());
    let decisive = |text: &Sounds, units: &Range<usize>| -> Vec<char> {
        let letters = units.clone().flat_map(|unit| text.letters(unit).chars());
        letters.filter(|c| is_decisive(*c)).collect()
    };
    a.max(b) <= LONGEST
        && a.abs_diff(b) <= MAX_DIFFERENCE
        && decisive(heard, &candidate.heard) == decisive(written, &candidate.written)
}

/// Numerals, negations, and who is meant: what turns a sentence into another.
fn is_decisive(c: char) -> bool {
    c.is_numeric()
        || "〇零一二两三四五六七八九十百千万亿半第不没无未非别莫勿否我你您他她它们".contains(c)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is written where something else was heard: `heard→written sound`.
    fn found(heard: &str, written: &str) -> Vec<String> {
        let (heard, written) = (Sounds::of(heard), Sounds::of(written));
        let letters = |text: &Sounds, units: &Range<usize>| {
            units.clone().map(|unit| text.letters(unit)).collect::<String>()
        };
        let text = |found: &Candidate| {
            let sound = found.sound;
            format!(
                "{}→{} {sound:?}",
                letters(&heard, &found.heard),
                letters(&written, &found.written)
            )
        };
        compare(&heard, &written).candidates.iter().map(text).collect()
    }

    #[test]
    fn words_are_compared_in_the_middle_of_others_that_agree() {
        assert_eq!(
            found(
                "参观了怀海战役经验馆,讲计员说那时候的老百姓",
                "我们参观了淮海战役纪念馆。讲解员说，那时候的老百姓"
            ),
            ["怀→淮 SameTones", "经验→纪念 Other", "计→解 Other"]
        );
        assert_eq!(
            found("在属家里我去了一所小学的教室", "在暑假里，我去了一所小学的教室"),
            ["属家→暑假 SameSyllables"]
        );
    }

    #[test]
    fn what_sounds_the_same_is_told_apart_from_what_does_not() {
        // Other numbers beside them stay.
        assert_eq!(
            found("我们大家都说了五跳意见和建议", "我们大家都说了三条意见和建议"),
            ["跳→条 SameSyllables"]
        );
        assert_eq!(
            found("她再也不用买鸡蛋凑药费了大家", "她再也不用卖鸡蛋凑药费了大家"),
            ["买→卖 SameSyllables"]
        );
    }

    #[test]
    fn other_numbers_opposites_and_people_are_no_candidates() {
        for (heard, written) in [
            ("一共开展了十四次读书活动参加", "一共开展了四十次读书活动参加"),
            ("遇到困难的时候不够冷静和成熟", "遇到困难的时候足够冷静和成熟"),
            ("后来我们一起去操场打了篮球", "后来他们一起去操场打了篮球"),
            ("献了300毫升的血护士姐姐说", "献了400毫升的血护士姐姐说"),
        ] {
            assert_eq!(found(heard, written), Vec::<String>::new(), "{heard}");
        }
    }

    #[test]
    fn clauses_are_neither_added_nor_left_out() {
        let said = "那里的条件比较艰苦没有空调也没有电脑但是孩子们的眼睛里有光";
        let written = "那里的条件比较艰苦，但是孩子们的眼睛里有光";
        assert_eq!(found(said, written), Vec::<String>::new());
        assert_eq!(found(written, said), Vec::<String>::new());
        // Nor a word.
        assert_eq!(
            found("大家都很高兴地说起了这件事", "大家都高兴地说起了这件事"),
            Vec::<String>::new()
        );
    }

    #[test]
    fn another_report_has_nothing_to_say() {
        let heard = "寒假期间我回到了家乡湖南跟着村里的第一书记走访了三十多户人家";
        let written =
            "各位同志，大家下午好。我是药学院的研究生，今天谈一谈学习的体会，请大家监督。";
        let compared = compare(&Sounds::of(heard), &Sounds::of(written));
        assert_eq!(compared.candidates, []);
        assert!(compared.confirmed.iter().all(|confirmed| !confirmed));
        assert!(compare(&Sounds::of(heard), &Sounds::of(heard)).confirmed.iter().all(|it| *it));
    }
}
