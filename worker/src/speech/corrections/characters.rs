//! Takes the Chinese characters out of a segment's words for correction, and writes them back.

use chinese_text::characters::Character;
use huibao_models::domain::transcript::{Segment, Word};

/// The Chinese characters of words in order, and the index of each one's word.
pub fn of(words: &[Word]) -> (Vec<Character>, Vec<usize>) {
    let (mut characters, mut indices) = (Vec::new(), Vec::new());
    let mut starts_run = true;
    for (index, word) in words.iter().enumerate() {
        for c in word.text.chars() {
            let character = Character::new(c, word.confidence, starts_run);
            starts_run = character.is_none();
            if let Some(character) = character {
                characters.push(character);
                indices.push(index);
            }
        }
    }
    (characters, indices)
}

/// Writes corrected characters into the segment. A Chinese character is a word of its own, with the
/// punctuation around it.
pub fn write(characters: &[Character], words: &[usize], segment: &mut Segment) {
    let mut changed = false;
    for (character, word) in characters.iter().zip(words) {
        let Character { recognised, corrected, .. } = *character;
        if corrected == recognised {
            continue;
        }
        let word = &mut segment.words[*word];
        word.heard.get_or_insert_with(|| word.text.clone());
        word.text = word.text.replace(recognised, corrected.encode_utf8(&mut [0; 4]));
        changed = true;
    }
    if changed {
        let text: String = segment.words.iter().map(|word| word.text.as_str()).collect();
        text.trim().clone_into(&mut segment.text);
    }
}

#[cfg(test)]
mod tests {
    use super::super::super::words::tests::segment_of;
    use super::*;

    #[test]
    fn the_recognised_character_is_kept_beside_the_corrected_one() {
        let mut segment = segment_of("入当，好");
        let (mut characters, words) = of(&segment.words);
        characters[1].corrected = '党';
        write(&characters, &words, &mut segment);
        assert_eq!((segment.text.as_str(), segment.raw_text.as_str()), ("入党，好", "入当，好"));
        let heard: Vec<_> = segment.words.iter().map(|word| word.heard.as_deref()).collect();
        assert_eq!(heard, [None, Some("当，"), None]);
        assert_eq!(
            characters.iter().map(|c| c.starts_run).collect::<Vec<_>>(),
            [true, false, true]
        );
    }
}
