//! The glossary: built-in terms of thought reports and an operator's own terms. Homophones of all are
//! corrected; the operator's are also part of the recogniser's prompt.

use std::collections::HashSet;

use chinese_text::terms::Term;
use huibao_models::storage::sha256_hex;

/// The terms of every installation.
const BUILT_IN: &str = include_str!("glossary.txt");

/// The operator's terms in the prompt have at most this many characters; the first of the file are
/// taken. The prompt is decoded for every window, and each character costs about as much time as a
/// spoken one.
const MAX_PROMPTED: usize = 80;

/// The longest term in characters.
const LONGEST: usize = 24;

/// The terms of an installation.
#[derive(Debug, Clone)]
pub struct Glossary {
    terms: Vec<Term>,
    prompted: Vec<String>,
    sha256: String,
}

/// A line of a glossary that is not a term.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {text:?} is not a word of 2 to {LONGEST} characters")]
pub struct BadLine {
    /// The line's number; the first is 1.
    pub line: usize,
    /// Its text, abbreviated.
    pub text: String,
}

impl Glossary {
    /// The built-in terms and an operator's: one per line, the most important first. A line that
    /// begins with `!` disables a built-in term; `#` begins a comment. Invalid lines are ignored and
    /// returned.
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
        // Where a term is part of another, the longer one is tried first.
        let mut terms: Vec<Term> = words.iter().filter_map(|word| Term::new(word)).collect();
        terms.sort_by_key(|term| std::cmp::Reverse(term.length()));
        (Self { terms, prompted: prompted(&own_terms), sha256 }, bad)
    }

    /// Whether a text can be a line of a glossary: Chinese characters, as long as a term may be.
    pub fn is_term(text: &str) -> bool {
        (2..=LONGEST).contains(&text.chars().count()) && Term::new(text).is_some()
    }

    /// The operator's terms that go into the recogniser's prompt.
    pub fn prompted(&self) -> &[String] {
        &self.prompted
    }

    /// SHA-256 of all terms, recorded with each transcript.
    pub fn sha256(&self) -> &str {
        &self.sha256
    }

    /// The terms of Chinese characters, the longest first.
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
    let mut room = MAX_PROMPTED;
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
    fn terms_are_added_disabled_and_validated() {
        let (glossary, bad) =
            Glossary::with("\u{feff}# ours\n李晓明 # a name\n!三会一课\n\n字\n李晓明\n");
        assert_eq!(bad, [BadLine { line: 5, text: "字".into() }]);
        assert_eq!(glossary.prompted(), ["李晓明", "李晓明"]);
        let has = |word: &str| glossary.terms.iter().filter(|term| term.is(word)).count();
        assert_eq!((has("李晓明"), has("三会一课"), has("党支部")), (1, 0, 1));
        assert_ne!(glossary.sha256(), Glossary::default().sha256());
    }

    #[test]
    fn the_built_in_terms_are_chinese_words() {
        for (i, word) in lines(BUILT_IN) {
            assert!(Term::new(word).is_some(), "line {}: {word}", i + 1);
        }
    }

    #[test]
    fn the_prompt_has_a_limited_number_of_terms() {
        let own: Vec<String> = (0..100).map(|i| format!("第{i}党支部")).collect();
        let (glossary, _) = Glossary::with(&own.join("\n"));
        let told: usize = glossary.prompted().iter().map(|word| word.chars().count() + 1).sum();
        assert!((60..=MAX_PROMPTED).contains(&told));
        assert_eq!(glossary.prompted()[0], "第0党支部");
    }
}
