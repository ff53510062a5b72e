//! Stretches of letters of one kind: what terms are made of.

use super::super::letters::folded;

/// Longer words are no words; an index keeps this much of them.
const LONGEST_WORD: usize = 40;

/// What kind of letters.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// Written without spaces between words: Chinese, Japanese and Korean.
    Joined,
    /// Words and numbers with spaces between them.
    Spaced,
}

/// Letters of one kind that stand together, simplified, without case, accents and widths.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Run {
    pub(super) kind: Kind,
    pub(super) letters: Vec<char>,
    /// For each letter, which bytes of the text it comes from.
    pub(super) places: Vec<(usize, usize)>,
}

impl Run {
    /// What an index has to know of a text that has this.
    pub(super) fn terms_of_text(&self) -> Vec<String> {
        match self.kind {
            Kind::Spaced => vec![self.word()],
            Kind::Joined => self.pairs().chain(self.letters.iter().map(char::to_string)).collect(),
        }
    }

    /// What an index must know of a text for it to have this.
    pub(super) fn terms_of_query(&self) -> Vec<String> {
        match self.kind {
            Kind::Spaced => vec![self.word()],
            Kind::Joined if self.letters.len() == 1 => vec![self.letters[0].to_string()],
            Kind::Joined => self.pairs().collect(),
        }
    }

    fn word(&self) -> String {
        self.letters.iter().take(LONGEST_WORD).collect()
    }

    fn pairs(&self) -> impl Iterator<Item = String> {
        self.letters.windows(2).map(|pair| pair.iter().collect())
    }
}

/// The runs of a text, in order.
pub(super) fn runs(text: &str) -> Vec<Run> {
    let mut found: Vec<Run> = Vec::new();
    let mut goes_on = false;
    for (start, original) in text.char_indices() {
        let place = (start, start + original.len_utf8());
        for c in folded(original) {
            if !c.is_alphanumeric() {
                goes_on = false;
                continue;
            }
            let kind = kind(c);
            match found.last_mut().filter(|run| goes_on && run.kind == kind) {
                Some(run) => {
                    run.letters.push(c);
                    run.places.push(place);
                }
                None => found.push(Run { kind, letters: vec![c], places: vec![place] }),
            }
            goes_on = true;
        }
    }
    found
}

/// By blocks of Unicode 16.
fn kind(c: char) -> Kind {
    match c {
        // Hangul jamo, which syllables are decomposed to.
        '\u{1100}'..='\u{11ff}'
        // Radicals to Hangul syllables: kana, bopomofo, ideographs, Yi.
        | '\u{2e80}'..='\u{a4cf}'
        | '\u{a960}'..='\u{a97f}'
        | '\u{ac00}'..='\u{d7ff}'
        | '\u{f900}'..='\u{faff}'
        // Further ideographs.
        | '\u{1b000}'..='\u{1b16f}'
        | '\u{20000}'..='\u{323af}' => Kind::Joined,
        _ => Kind::Spaced,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn letters(text: &str) -> Vec<String> {
        runs(text).iter().map(|run| run.letters.iter().collect()).collect()
    }

    #[test]
    fn runs_end_at_punctuation_and_where_the_kind_changes() {
        assert_eq!(letters("2024年，第3季度 Party"), ["2024", "年", "第", "3", "季度", "party"]);
        assert_eq!(letters("。 ，\n"), Vec::<String>::new());
    }

    #[test]
    fn case_width_and_accents_make_no_difference() {
        assert_eq!(letters("ＡＢＣ Café ｶﾞ"), ["abc", "cafe", "カ"]);
    }

    #[test]
    fn traditional_characters_are_those_that_simplified_ones_are() {
        assert_eq!(letters("黨員，乾坤"), letters("党员，干坤"));
    }

    #[test]
    fn letters_know_their_place() {
        let text = "是①员";
        let places: Vec<_> = runs(text).iter().flat_map(|run| run.places.clone()).collect();
        assert_eq!(
            places.iter().map(|(a, b)| &text[*a..*b]).collect::<Vec<_>>(),
            ["是", "①", "员"]
        );
    }

    #[test]
    fn an_index_knows_characters_and_pairs_of_them() {
        let terms: Vec<_> = runs("入党人 in").iter().flat_map(Run::terms_of_text).collect();
        assert_eq!(terms, ["入党", "党人", "入", "党", "人", "in"]);
        let query: Vec<_> = runs("入党人").iter().flat_map(Run::terms_of_query).collect();
        assert_eq!(query, ["入党", "党人"]);
        assert_eq!(runs("党")[0].terms_of_query(), ["党"]);
    }
}
