//! The Chinese characters of a segment, apart from its words, and the way back.

use huibao_models::domain::transcript::{Segment, Word};

use super::sounds::Sounds;

/// A Chinese character of a text.
pub struct Letter {
    /// What was heard.
    pub heard: char,
    /// What it should be.
    pub meant: char,
    /// How `heard` sounds.
    pub sounds: Sounds,
    /// 0 to 1.
    pub confidence: f32,
    /// Whether something other than a Chinese character stands before it.
    pub begins: bool,
    /// Whether it is part of a word that is known to be meant.
    pub settled: bool,
    /// The word that it is in.
    word: usize,
}

/// The Chinese characters of words, in order.
pub fn of(words: &[Word]) -> Vec<Letter> {
    let mut letters = Vec::new();
    let mut begins = true;
    for (word, said) in words.iter().enumerate() {
        for heard in said.text.chars() {
            let Some(sounds) = Sounds::of(heard) else {
                begins = true;
                continue;
            };
            let confidence = said.confidence;
            let (meant, settled) = (heard, false);
            letters.push(Letter { heard, meant, sounds, confidence, begins, settled, word });
            begins = false;
        }
    }
    letters
}

/// Writes what is meant into the segment. A Chinese character is a word of its own, with the
/// punctuation around it.
pub fn write(letters: &[Letter], segment: &mut Segment) {
    let mut changed = false;
    for letter in letters.iter().filter(|letter| letter.meant != letter.heard) {
        let word = &mut segment.words[letter.word];
        word.heard.get_or_insert_with(|| word.text.clone());
        word.text = word.text.replace(letter.heard, letter.meant.encode_utf8(&mut [0; 4]));
        changed = true;
    }
    if changed {
        let text: String = segment.words.iter().map(|word| word.text.as_str()).collect();
        text.trim().clone_into(&mut segment.text);
    }
}

#[cfg(test)]
pub mod tests {
    use super::*;

    /// A segment of single characters, of which those in `unsure` are unsure.
    pub fn segment(text: &str, unsure: &str) -> Segment {
        let words = text.chars().map(|c| Word {
            start_ms: 0,
            end_ms: 0,
            text: c.into(),
            confidence: if unsure.contains(c) { 0.3 } else { 0.95 },
            heard: None,
        });
        Segment {
            id: 0,
            start_ms: 0,
            end_ms: 0,
            text: text.into(),
            raw_text: text.into(),
            confidence: None,
            words: words.collect(),
            flags: Vec::new(),
        }
    }

    /// What `correct` makes of a text.
    pub fn corrected(text: &str, unsure: &str, correct: impl Fn(&mut [Letter])) -> String {
        let mut segment = segment(text, unsure);
        let mut letters = of(&segment.words);
        correct(&mut letters);
        write(&letters, &mut segment);
        segment.text
    }

    #[test]
    fn what_was_heard_is_kept_where_it_was_changed() {
        let mut given = segment("入当，好", "");
        let mut letters = of(&given.words);
        letters[1].meant = '党';
        write(&letters, &mut given);
        assert_eq!((given.text.as_str(), given.raw_text.as_str()), ("入党，好", "入当，好"));
        let heard: Vec<_> = given.words.iter().map(|word| word.heard.as_deref()).collect();
        assert_eq!(heard, [None, Some("当"), None, None]);
        assert_eq!(letters.iter().map(|l| l.begins).collect::<Vec<_>>(), [true, false, true]);
    }
}
