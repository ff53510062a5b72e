//! Writes the numbers of a segment in digits, see [`chinese_text::numerals`].

use chinese_text::numerals;
use huibao_models::domain::transcript::{Segment, Word};

/// Writes the numbers of a Mandarin segment in digits. The words of a number, one for each character,
/// become one word.
pub fn write(segment: &mut Segment) {
    let mut at = 0;
    let mut before = None;
    let mut changed = false;
    while at < segment.words.len() {
        let run = run(&segment.words[at..]);
        if let Some(numeral) = numerals::parse(&run, before) {
            let words: Vec<Word> = segment.words.splice(at..at + numeral.length, []).collect();
            segment.words.splice(at..at, join(&words, &numeral.digits));
            changed = true;
            before = None;
        } else {
            before = run.first().copied().filter(|_| run.len() > 1);
        }
        at += 1;
    }
    if changed {
        let text: String = segment.words.iter().map(|word| word.text.as_str()).collect();
        text.trim().clone_into(&mut segment.text);
    }
}

/// The characters at the start of `words`, up to the first word that is not a single character.
fn run(words: &[Word]) -> Vec<char> {
    let mut run = Vec::new();
    for word in words {
        let (opened, rest) = match word.text.char_indices().find(|(_, c)| c.is_alphanumeric()) {
            Some((at, _)) => (at > 0, &word.text[at..]),
            None => break,
        };
        let mut chars = rest.chars();
        let Some(c) = chars.next().filter(|_| run.is_empty() || !opened) else { break };
        match chars.next() {
            None => run.push(c),
            Some(next) if next.is_alphanumeric() => break,
            Some(_) => {
                run.push(c);
                break;
            }
        }
    }
    run
}

/// One word in place of several, with the punctuation around them.
fn join(words: &[Word], digits: &str) -> Option<Word> {
    let (first, last) = (words.first()?, words.last()?);
    let before = first.text.split(char::is_alphanumeric).next().unwrap_or("");
    let after = last.text.rsplit(char::is_alphanumeric).next().unwrap_or("");
    #[expect(clippy::cast_precision_loss, reason = "a handful")]
    let count = words.len() as f32;
    Some(Word {
        start_ms: first.start_ms,
        end_ms: last.end_ms,
        text: format!("{before}{digits}{after}"),
        confidence: words.iter().map(|word| word.confidence).sum::<f32>() / count,
        heard: None,
        scores: None,
    })
}

#[cfg(test)]
mod tests {
    use super::super::words::tests::segment_of;
    use super::*;

    #[test]
    fn a_number_takes_the_times_of_its_words() {
        let mut segment = segment_of("《二零二四年》计划");
        write(&mut segment);
        assert_eq!(segment.text, "《2024年》计划");
        let times: Vec<_> = segment.words.iter().map(|w| (w.start_ms, w.end_ms)).collect();
        assert_eq!(times, [(0, 400), (400, 500), (500, 600), (600, 700)]);
        let texts: Vec<_> = segment.words.iter().map(|w| w.text.as_str()).collect();
        assert_eq!(texts, ["《2024", "年》", "计", "划"]);
    }
}
