//! Correcting a transcript: what a person writes in place of sentences, and the times that follow from it.

use chinese_text::units::{letters, units};
use similar::{Algorithm, DiffOp, capture_diff_slices};

use super::transcript::{Segment, Transcript, Word};

/// What somebody writes in place of segments that stand together: another text for one, two texts for one
/// (splitting it), one for two (joining them), none (leaving it out).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Correction {
    /// The segments, as they were read. A correction of what says something else by now is refused, so that
    /// nobody overwrites what they have not seen.
    pub replaced: Vec<ReadSegment>,
    /// What is to stand there. Texts without any character count as none.
    pub by: Vec<String>,
}

/// A segment as somebody has read it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReadSegment {
    /// Its id.
    pub id: u32,
    /// Its text.
    pub text: String,
}

/// What a correction does to one segment.
#[derive(Debug, Clone, PartialEq)]
pub struct SegmentChange {
    /// The segment's id.
    pub id: u32,
    /// What it was; `None` if there was none.
    pub before: Option<Segment>,
    /// What it is; `None` if it is left out.
    pub after: Option<Segment>,
}

impl SegmentChange {
    /// The change that takes this one back.
    #[must_use]
    pub fn reversed(self) -> Self {
        Self { id: self.id, before: self.after, after: self.before }
    }
}

/// The transcript does not say what the correction replaces.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the transcript says something else by now")]
pub struct Outdated;

impl Transcript {
    /// What a correction changes. New segments get ids from `free` on; the first ones keep those of the
    /// segments that they replace. Nothing, if the text stays as it is.
    pub fn corrected(
        &self,
        correction: &Correction,
        free: u32,
    ) -> Result<Vec<SegmentChange>, Outdated> {
        let old = self.together(&correction.replaced)?;
        let by: Vec<String> = correction.by.iter().map(|text| tidy(text)).collect();
        let by: Vec<&str> = by.iter().map(String::as_str).filter(|text| !text.is_empty()).collect();
        if old.iter().map(|segment| segment.text.as_str()).eq(by.iter().copied()) {
            return Ok(Vec::new());
        }
        let ids = old.iter().map(|segment| segment.id).chain(free..);
        let mut new = retimed(old, &by);
        for (segment, id) in new.iter_mut().zip(ids) {
            segment.id = id;
        }
        let (before, mut after) = (old.iter().cloned(), new.into_iter());
        let mut changes: Vec<SegmentChange> = before
            .map(|segment| SegmentChange {
                id: segment.id,
                before: Some(segment),
                after: after.next(),
            })
            .collect();
        changes.extend(after.map(|segment| SegmentChange {
            id: segment.id,
            before: None,
            after: Some(segment),
        }));
        Ok(changes)
    }

    /// Makes segments what a change says they are.
    pub fn apply(&mut self, changes: impl IntoIterator<Item = (u32, Option<Segment>)>) {
        for (id, after) in changes {
            let place = self.segments.iter().position(|segment| segment.id == id);
            match (place, after) {
                (Some(place), Some(segment)) => self.segments[place] = segment,
                (Some(place), None) => drop(self.segments.remove(place)),
                (None, Some(segment)) => self.segments.push(segment),
                (None, None) => {}
            }
        }
        self.segments.sort_by_key(|segment| (segment.start_ms, segment.end_ms, segment.id));
    }

    /// The segments that were read, if they still say that and stand together.
    fn together(&self, read: &[ReadSegment]) -> Result<&[Segment], Outdated> {
        let first = read.first().ok_or(Outdated)?;
        let start = self.segments.iter().position(|segment| segment.id == first.id);
        let start = start.ok_or(Outdated)?;
        let found = self.segments.get(start..start + read.len()).ok_or(Outdated)?;
        let same = found
            .iter()
            .zip(read)
            .all(|(found, read)| found.id == read.id && found.text == read.text);
        if same { Ok(found) } else { Err(Outdated) }
    }
}

/// A text in one line.
fn tidy(text: &str) -> String {
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    line.trim().to_owned()
}

/// Segments with these texts in place of others, without ids. What stays as it was keeps its time; what is new
/// shares the time of what it replaces.
fn retimed(old: &[Segment], texts: &[&str]) -> Vec<Segment> {
    let words: Vec<Word> = old.iter().flat_map(words_of).collect();
    let pieces: Vec<Vec<&str>> = texts.iter().map(|text| units(text)).collect();
    let (Some(first), Some(last)) = (old.first(), old.last()) else { return Vec::new() };
    let (start, end) = (first.start_ms, last.end_ms);
    let mut timed = align(&words, &pieces.concat(), start, end).into_iter();
    let mut at = start;
    let count = texts.len();
    let segment = |(index, text): (usize, &&str)| {
        let words: Vec<Word> = timed.by_ref().take(pieces[index].len()).collect();
        let start_ms =
            if index == 0 { start } else { words.first().map_or(at, |word| word.start_ms) };
        let end_ms =
            if index + 1 == count { end } else { words.last().map_or(at, |word| word.end_ms) };
        let (start_ms, end_ms) = (start_ms.max(at), end_ms.max(start_ms.max(at)));
        at = end_ms;
        let raw = |segment: &Segment| segment.raw_text.clone();
        Segment {
            id: 0,
            start_ms,
            end_ms,
            text: (*text).to_owned(),
            // What the model wrote is kept once.
            raw_text: if index == 0 { old.iter().map(raw).collect() } else { String::new() },
            confidence: mean(&words),
            words,
            // A person has looked twice.
            flags: Vec::new(),
        }
    };
    texts.iter().enumerate().map(segment).collect()
}

/// The words of a segment. Where the recogniser gave none, they share its time evenly.
pub(super) fn words_of(segment: &Segment) -> Vec<Word> {
    if !segment.words.is_empty() {
        return segment.words.clone();
    }
    let confidence = segment.confidence.unwrap_or(0.0);
    spread(&units(&segment.text), segment.start_ms, segment.end_ms, confidence)
}

/// Words that share a time evenly.
fn spread(texts: &[&str], start_ms: u64, end_ms: u64, confidence: f32) -> Vec<Word> {
    let (span, count) = (end_ms.saturating_sub(start_ms), texts.len() as u64);
    let at = |index: u64| start_ms + span * index / count.max(1);
    let word = |(index, text): (u64, &&str)| Word {
        start_ms: at(index),
        end_ms: at(index + 1),
        text: (*text).to_owned(),
        confidence,
        heard: None,
        scores: None,
    };
    (0..).zip(texts).map(word).collect()
}

/// Of a person's words there is no doubt to mark.
const BY_A_PERSON: f32 = 1.0;

/// New texts with the times of old words: compared by their letters, by Myers' algorithm.
fn align(old: &[Word], new: &[&str], start: u64, end: u64) -> Vec<Word> {
    let old_letters: Vec<String> = old.iter().map(|word| letters(&word.text)).collect();
    let new_letters: Vec<String> = new.iter().map(|text| letters(text)).collect();
    let mut timed: Vec<Word> = Vec::with_capacity(new.len());
    for op in capture_diff_slices(Algorithm::Myers, &old_letters, &new_letters) {
        let texts = &new[op.new_range()];
        let range = op.old_range();
        if let DiffOp::Equal { .. } = op {
            let kept = old[range].iter().zip(texts);
            timed
                .extend(kept.map(|(word, text)| Word { text: (*text).to_owned(), ..word.clone() }));
            continue;
        }
        let mut from = match (old.get(range.start), range.is_empty()) {
            (Some(word), false) => word.start_ms,
            _ => timed.last().map_or(start, |word| word.end_ms),
        };
        let to = match (range.is_empty(), old.get(range.start)) {
            (false, _) => old[range.end - 1].end_ms,
            (true, Some(next)) => next.start_ms,
            (true, None) => end,
        };
        // There was no time between the words: what is put in takes half of that before it.
        if to <= from
            && let Some(word) = timed.last_mut()
        {
            word.end_ms = word.start_ms.midpoint(word.end_ms);
            from = word.end_ms;
        }
        timed.extend(spread(texts, from, to.max(from), BY_A_PERSON));
    }
    timed
}

#[expect(clippy::cast_precision_loss, reason = "a sentence has few words")]
fn mean(words: &[Word]) -> Option<f32> {
    let sum: f32 = words.iter().map(|word| word.confidence).sum();
    (!words.is_empty()).then(|| sum / words.len() as f32)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::domain::transcript::{RecognizerInfo, SegmentFlag};

    fn word(text: &str, start_ms: u64, end_ms: u64) -> Word {
        Word { start_ms, end_ms, text: text.into(), confidence: 0.5, heard: None, scores: None }
    }

    /// A segment whose words last a second each.
    fn segment(id: u32, start: u64, text: &str) -> Segment {
        let words: Vec<_> =
            (start..).zip(units(text)).map(|(s, t)| word(t, s * 1000, (s + 1) * 1000)).collect();
        Segment {
            id,
            start_ms: start * 1000,
            end_ms: words.last().map_or(start * 1000, |word| word.end_ms),
            text: text.into(),
            raw_text: text.into(),
            confidence: Some(0.5),
            words,
            flags: vec![SegmentFlag::Repetition],
        }
    }

    fn transcript(segments: Vec<Segment>) -> Transcript {
        let recognizer = RecognizerInfo {
            engine: String::new(),
            model: String::new(),
            model_sha256: String::new(),
            parameters: serde_json::Value::Null,
        };
        let (language, speech) = ("zh".into(), vec![]);
        Transcript { language, no_speech: false, duration_ms: 60_000, segments, speech, recognizer }
    }

    fn read(of: &[&Segment]) -> Vec<ReadSegment> {
        of.iter().map(|it| ReadSegment { id: it.id, text: it.text.clone() }).collect()
    }

    fn correct(
        transcript: &mut Transcript,
        of: &[usize],
        by: &[&str],
        free: u32,
    ) -> Vec<SegmentChange> {
        let replaced = of.iter().map(|at| &transcript.segments[*at]).collect::<Vec<_>>();
        let by = by.iter().map(|text| (*text).to_owned()).collect();
        let correction = Correction { replaced: read(&replaced), by };
        let changes = transcript.corrected(&correction, free).unwrap();
        transcript.apply(changes.iter().map(|change| (change.id, change.after.clone())));
        changes
    }

    fn times(segment: &Segment) -> Vec<(&str, u64, u64)> {
        segment.words.iter().map(|it| (it.text.as_str(), it.start_ms, it.end_ms)).collect()
    }

    #[test]
    fn words_that_stay_keep_their_times() {
        let mut it = transcript(vec![segment(1, 0, "我志园加入。")]);
        correct(&mut it, &[0], &["我，志愿加入！"], 2);
        let made = &it.segments[0];
        assert_eq!((made.id, made.start_ms, made.end_ms), (1, 0, 5000));
        assert_eq!(
            times(made),
            [
                ("我，", 0, 1000),
                ("志", 1000, 2000),
                ("愿", 2000, 3000),
                ("加", 3000, 4000),
                ("入！", 4000, 5000)
            ]
        );
        let sure: Vec<f32> = made.words.iter().map(|word| word.confidence).collect();
        assert_eq!(sure, [0.5, 0.5, 1.0, 0.5, 0.5]);
        assert!(made.flags.is_empty(), "somebody has looked twice");
        assert_eq!(made.raw_text, "我志园加入。");
    }

    #[test]
    fn words_that_are_put_in_take_half_of_the_one_before() {
        let mut it = transcript(vec![segment(1, 0, "学习党")]);
        correct(&mut it, &[0], &["学习了党史"], 2);
        assert_eq!(
            times(&it.segments[0]),
            [
                ("学", 0, 1000),
                ("习", 1000, 1500),
                ("了", 1500, 2000),
                ("党", 2000, 2500),
                ("史", 2500, 3000)
            ]
        );
    }

    #[test]
    fn a_sentence_is_split_where_its_words_are() {
        let mut it = transcript(vec![segment(1, 0, "一二，三四五。"), segment(2, 5, "六")]);
        let changes = correct(&mut it, &[0], &["一二。", "三四五。"], 3);
        let found: Vec<_> = it
            .segments
            .iter()
            .map(|it| (it.id, it.text.as_str(), it.start_ms, it.end_ms))
            .collect();
        assert_eq!(
            found,
            [(1, "一二。", 0, 2000), (3, "三四五。", 2000, 5000), (2, "六", 5000, 6000)]
        );
        assert_eq!(changes.len(), 2);
        assert_eq!((changes[1].id, &changes[1].before), (3, &None));
        // And joined again.
        let changes = correct(&mut it, &[0, 1], &["一二，三四五。"], 4);
        assert_eq!(it.segments.len(), 2);
        assert_eq!((changes[1].id, &changes[1].after), (3, &None));
        assert_eq!(it.segments[0].words.len(), 5);
    }

    #[test]
    fn a_sentence_is_left_out_and_put_back() {
        let before =
            transcript(vec![segment(1, 0, "一"), segment(2, 1, "请订阅"), segment(3, 4, "二")]);
        let mut it = before.clone();
        let changes = correct(&mut it, &[1], &["  "], 4);
        assert_eq!(it.segments.iter().map(|it| it.id).collect::<Vec<_>>(), [1, 3]);
        let back = changes.into_iter().map(SegmentChange::reversed);
        it.apply(back.map(|change| (change.id, change.after)));
        assert_eq!(it, before);
    }

    #[test]
    fn what_has_changed_meanwhile_is_not_overwritten() {
        let it = transcript(vec![segment(1, 0, "一"), segment(2, 1, "二"), segment(3, 2, "三")]);
        let [one, two, three] = &it.segments[..] else { unreachable!() };
        let mut other = two.clone();
        other.text = "两".into();
        let unknown = segment(9, 0, "一");
        for replaced in
            [read(&[&other]), read(&[&unknown]), read(&[one, three]), read(&[three, one]), vec![]]
        {
            let correction = Correction { replaced, by: vec!["零".into()] };
            assert_eq!(it.corrected(&correction, 4), Err(Outdated), "{correction:?}");
        }
        let same = Correction { replaced: read(&[two]), by: vec![" 二\n".into()] };
        assert_eq!(it.corrected(&same, 4), Ok(vec![]), "nothing to change");
    }

    #[test]
    fn what_has_no_words_is_timed_by_its_length() {
        let mut bare = segment(1, 0, "一二三四");
        bare.words.clear();
        let mut it = transcript(vec![bare]);
        correct(&mut it, &[0], &["一二", "三四"], 2);
        assert_eq!((it.segments[0].end_ms, it.segments[1].start_ms), (2000, 2000));
    }

    proptest! {
        /// Whatever is written, segments stay in order, within the time of what they replace, and their words
        /// are their text.
        #[test]
        fn times_stay_in_order(
            old in "[一二三四,。a1 ]{0,12}",
            new in proptest::collection::vec("[一二三五,。b1 ]{0,8}", 0..4),
        ) {
            let mut it = transcript(vec![segment(1, 0, "前"), segment(2, 3, &old), segment(3, 20, "后")]);
            let by: Vec<&str> = new.iter().map(String::as_str).collect();
            let end = it.segments[1].end_ms;
            correct(&mut it, &[1], &by, 4);
            let texts: Vec<&str> = by.iter().map(|text| text.trim()).filter(|text| !text.is_empty()).collect();
            let made = &it.segments[1..it.segments.len() - 1];
            prop_assert_eq!(made.iter().map(|it| it.text.as_str()).collect::<Vec<_>>(), texts);
            let mut at = 3000;
            for segment in made {
                prop_assert!(segment.start_ms >= at && segment.end_ms >= segment.start_ms);
                prop_assert!(segment.end_ms <= end);
                let mut within = segment.start_ms;
                for word in &segment.words {
                    prop_assert!(word.start_ms >= within && word.end_ms >= word.start_ms, "{:?}", segment);
                    within = word.end_ms;
                }
                prop_assert!(within <= segment.end_ms);
                if !segment.words.is_empty() {
                    let joined: String = segment.words.iter().map(|word| word.text.as_str()).collect();
                    prop_assert_eq!(joined, segment.text.clone());
                }
                at = segment.end_ms;
            }
        }
    }
}
