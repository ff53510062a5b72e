//! The words that reports are full of: told to the recogniser beforehand, and put right afterwards
//! where it wrote something else that sounds the same. Here: which words these are.

use std::collections::HashSet;

use huibao_models::storage::sha256_hex;

use super::terms::Term;

/// What every installation knows.
const BUILT_IN: &str = include_str!("glossary.txt");

/// Characters of an operator's terms that are told to the recogniser, the first ones of the file:
/// they go before every window, and each costs about as much time as a character that is said.
const MOST_PROMPTED: usize = 80;

/// The longest term in characters.
const LONGEST: usize = 24;

/// The words of an installation.
#[derive(Debug, Clone)]
pub struct Glossary {
    terms: Vec<Term>,
    prompted: Vec<String>,
    sha256: String,
}

/// A line of a glossary that is no term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text:?} is no word of 2 to {LONGEST} characters")]
pub struct BadLine {
    /// Counted from 1.
    pub line: usize,
    /// What stands there.
    pub text: String,
}

impl Glossary {
    /// The built-in words and an operator's: one to a line, the most important first. A line that
    /// begins with `!` switches a built-in word off; `#` begins a comment. Lines that are no words
    /// are left out and returned.
    pub fn with(own: &str) -> (Self, Vec<BadLine>) {
        let mut bad = Vec::new();
        let (mut off, mut own_terms) = (HashSet::new(), Vec::new());
        for (i, text) in lines(own) {
            let word = text.trim_start_matches('!').trim();
            if !(2..=LONGEST).contains(&word.chars().count()) {
                bad.push(BadLine { line: i + 1, text: text.chars().take(40).collect() });
            } else if text.starts_with('!') {
                off.insert(word);
            } else {
                own_terms.push(word);
            }
        }
        let built_in = lines(BUILT_IN).map(|(_, word)| word).filter(|word| !off.contains(word));
        let mut words: Vec<&str> = own_terms.iter().copied().chain(built_in).collect();
        let mut seen = HashSet::new();
        words.retain(|word| seen.insert(*word));
        let sha256 = sha256_hex(words.join("\n").as_bytes());
        // Where a word is part of another, the longer one says more.
        let mut terms: Vec<Term> = words.iter().filter_map(|word| Term::new(word)).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.length()));
        (Self { terms, prompted: prompted(&own_terms), sha256 }, bad)
    }

    /// Words that are worth telling a recogniser before it hears anything: the operator's own.
    pub fn prompted(&self) -> &[String] {
        &self.prompted
    }

    /// SHA-256 of all words, for the record of what made a transcript.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The words whose sound is known, the longest first.
    pub(super) fn terms(&self) -> &[Term] {
        &self.terms
    }
}

impl Default for Glossary {
    fn default() -> Self {
        Self::with("").0
    }
}

fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let text = text.trim_start_matches('\u{feff}');
    let lines = text.lines().map(|line| line.split('#').next().unwrap_or_default().trim());
    lines.enumerate().filter(|(_, line)| !line.is_empty())
}

fn prompted(own: &[&str]) -> Vec<String> {
    let mut room = MOST_PROMPTED;
    let fits = own.iter().take_while(|word| {
        let needed = word.chars().count() + 1;
        let fits = needed <= room;
        room = room.saturating_sub(needed);
        fits
    });
    fits.map(|word| (*word).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_added_switched_off_and_looked_at() {
        let (glossary, bad) =
            Glossary::with("\u{feff}# ours\n李晓明 # a name\n!三会一课\n\n字\n李晓明\n");
        assert_eq!(bad, [BadLine { line: 5, text: "字".into() }]);
        assert_eq!(glossary.prompted(), ["李晓明", "李晓明"]);
        let has = |word: &str| glossary.terms.iter().filter(|term| term.is(word)).count();
        assert_eq!((has("李晓明"), has("三会一课"), has("党支部")), (1, 0, 1));
        assert_ne!(glossary.sha256(), Glossary::default().sha256());
    }

    #[test]
    fn the_built_in_words_are_words() {
        for (i, word) in lines(BUILT_IN) {
            assert!(Term::new(word).is_some(), "line {}: {word}", i + 1);
        }
    }

    #[test]
    fn not_more_is_told_beforehand_than_there_is_time_for() {
        let own: Vec<String> = (0..100).map(|i| format!("第{i}党支部")).collect();
        let (glossary, _) = Glossary::with(&own.join("\n"));
        let told: usize = glossary.prompted().iter().map(|word| word.chars().count() + 1).sum();
        assert!((60..=MOST_PROMPTED).contains(&told));
        assert_eq!(glossary.prompted()[0], "第0党支部");
    }
}
