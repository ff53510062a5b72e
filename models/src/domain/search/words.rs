//! Words that are looked for, and where they stand.

use std::collections::BTreeSet;
use std::ops::Range;

use super::runs::{Kind, Run, runs};
use super::{Passage, TextSource};

/// More is not a question but a text.
const MOST_LETTERS: usize = 100;

/// An excerpt has about so many bytes: two lines of Chinese on a phone.
const EXCERPT_BYTES: usize = 240;

/// So many bytes of it stand before the first word.
const BEFORE_BYTES: usize = 60;

/// Words that are looked for; all of them must be in a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Words(Vec<Run>);

/// A passage that has some of the words, or as much of it as a list shows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Excerpt {
    /// Where it comes from.
    pub source: TextSource,
    /// When it is said, in milliseconds from the start of the video.
    pub start_ms: Option<u64>,
    /// Its text; all parts joined are the excerpt.
    pub parts: Vec<Part>,
}

/// A part of an excerpt.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Part {
    /// The text.
    pub text: String,
    /// Whether it is one of the words.
    pub found: bool,
}

/// Where words stand in a passage.
struct Found<'a> {
    passage: &'a Passage,
    /// How many of the words it has.
    words: usize,
    /// Their places, in order and apart from each other.
    places: Vec<Range<usize>>,
}

impl Words {
    /// The words of a text; `None` if there are none, or far too many.
    pub fn parse(text: &str) -> Option<Self> {
        let runs = runs(text);
        let letters: usize = runs.iter().map(|run| run.letters.len()).sum();
        (1..=MOST_LETTERS).contains(&letters).then_some(Self(runs))
    }

    /// What an index must know of a report for it to have all words.
    pub fn terms(&self) -> BTreeSet<String> {
        self.0.iter().flat_map(Run::terms_of_query).collect()
    }

    /// The passages that have words, the ones with most of them first, at most `limit`, and how many there are;
    /// `None` if one of the words is in none of those from `source`.
    pub fn find(
        &self,
        passages: &[Passage],
        source: Option<TextSource>,
        limit: usize,
    ) -> Option<(Vec<Excerpt>, usize)> {
        let mut missing: BTreeSet<usize> = (0..self.0.len()).collect();
        let mut found = Vec::new();
        for passage in passages.iter().filter(|one| source.is_none_or(|from| from == one.source)) {
            let here = runs(&passage.text);
            let mut places = Vec::new();
            let mut words = 0;
            for (number, word) in self.0.iter().enumerate() {
                let before = places.len();
                places.extend(here.iter().flat_map(|run| places_in(word, run)));
                if places.len() > before {
                    words += 1;
                    missing.remove(&number);
                }
            }
            if words > 0 {
                found.push(Found { passage, words, places: apart(places) });
            }
        }
        if !missing.is_empty() {
            return None;
        }
        let count = found.len();
        // Stable: those with as many stay in order.
        found.sort_by_key(|one| std::cmp::Reverse(one.words));
        Some((found.into_iter().take(limit).map(Found::excerpt).collect(), count))
    }
}

/// Where a word stands in a run.
fn places_in<'a>(word: &'a Run, run: &'a Run) -> impl Iterator<Item = Range<usize>> + 'a {
    let length = word.letters.len();
    let whole = word.kind == Kind::Spaced;
    let fits = word.kind == run.kind && (!whole || run.letters.len() == length);
    run.letters
        .windows(length)
        .enumerate()
        .filter(move |(_, letters)| fits && *letters == word.letters)
        .map(move |(at, _)| run.places[at].0..run.places[at + length - 1].1)
}

/// Ranges in order; those that overlap or touch become one.
fn apart(mut ranges: Vec<Range<usize>>) -> Vec<Range<usize>> {
    ranges.sort_unstable_by_key(|range| range.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(ranges.len());
    for range in ranges {
        match merged.last_mut().filter(|last| range.start <= last.end) {
            Some(last) => last.end = last.end.max(range.end),
            None => merged.push(range),
        }
    }
    merged
}

impl Found<'_> {
    fn excerpt(self) -> Excerpt {
        let text = &self.passage.text;
        let first = self.places.first().map_or(0, |place| place.start);
        let start = text.floor_char_boundary(first.saturating_sub(BEFORE_BYTES));
        // A few characters more at the start are better than an ellipsis.
        let start = if start <= BEFORE_BYTES / 2 { 0 } else { start };
        let end = text.floor_char_boundary(start + EXCERPT_BYTES);
        let mut parts = Vec::new();
        let mut add = |text: &str, found: bool| {
            if !text.is_empty() {
                parts.push(Part { text: text.to_owned(), found });
            }
        };
        add(if start > 0 { "…" } else { "" }, false);
        let mut at = start;
        for place in self.places.iter().filter(|place| place.end <= end) {
            add(&text[at..place.start], false);
            add(&text[place.clone()], true);
            at = place.end;
        }
        add(&text[at..end], false);
        add(if end < text.len() { "…" } else { "" }, false);
        let Passage { source, start_ms, .. } = *self.passage;
        Excerpt { source, start_ms, parts }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SearchText;
    use super::*;

    fn text(written: &str) -> SearchText {
        SearchText::new(&["第三季度思想汇报", "李晓明"], None, written)
    }

    fn shown(excerpt: &Excerpt) -> String {
        let mark =
            |part: &Part| if part.found { format!("[{}]", part.text) } else { part.text.clone() };
        excerpt.parts.iter().map(mark).collect()
    }

    fn find(words: &str, text: &SearchText) -> Option<Vec<String>> {
        let words = Words::parse(words).unwrap();
        assert!(
            words.find(text.passages(), None, 1).is_none()
                || words.terms().is_subset(&text.terms()),
            "an index would not know it"
        );
        let (excerpts, _) = words.find(text.passages(), None, 10)?;
        Some(excerpts.iter().map(shown).collect())
    }

    #[test]
    fn words_of_two_characters_are_found() {
        let text = text("敬爱的党组织：\n我志愿加入党组织，学习了党史。");
        assert_eq!(find("党史", &text).unwrap(), ["我志愿加入党组织，学习了[党史]。"]);
        assert_eq!(find("党", &text).unwrap().len(), 2);
        assert_eq!(find("织学", &text), None, "not across punctuation");
        assert_eq!(find("史党", &text), None);
    }

    #[test]
    fn all_words_must_be_there_and_the_passage_with_most_comes_first() {
        let text = text("学习党史。\n汇报：学习了 2024 年的党史。");
        assert_eq!(
            find("党史 2024年", &text).unwrap(),
            ["汇报：学习了 [2024] [年]的[党史]。", "学习[党史]。"]
        );
        assert_eq!(find("党史 2025", &text), None);
        assert_eq!(find("党史 202", &text), None, "a number is no part of another");
    }

    #[test]
    fn traditional_and_simplified_characters_find_each_other() {
        assert_eq!(find("黨史", &text("学习党史。")).unwrap(), ["学习[党史]。"]);
        assert_eq!(find("党史", &text("學習黨史。")).unwrap(), ["學習[黨史]。"]);
    }

    #[test]
    fn names_and_titles_are_found() {
        assert_eq!(find("李晓明 季度", &text("…")).unwrap(), ["第三[季度]思想汇报", "[李晓明]"]);
    }

    #[test]
    fn a_source_can_be_asked_for() {
        let text = text("李晓明写的");
        let words = Words::parse("李晓明").unwrap();
        let of =
            |source| words.find(text.passages(), Some(source), 9).map(|(found, _)| found.len());
        assert_eq!(of(TextSource::Written), Some(1));
        assert_eq!(of(TextSource::Spoken), None);
    }

    #[test]
    fn long_passages_are_cut_around_the_first_word() {
        let long = format!("{}党史{}", "学".repeat(100), "习".repeat(100));
        let found = &find("党史", &text(&long)).unwrap()[0];
        assert!(
            found.starts_with("…学") && found.contains("[党史]") && found.ends_with("习…"),
            "{found}"
        );
        assert!(found.len() < 300);
    }

    #[test]
    fn only_words_are_looked_for() {
        assert!(Words::parse(" ，。 ").is_none());
        assert!(Words::parse(&"党".repeat(101)).is_none());
        assert_eq!(Words::parse("党史").unwrap().terms().len(), 1);
    }
}
