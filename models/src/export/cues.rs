//! Subtitles: what stands on the screen together.
//!
//! Lines of Chinese subtitles hold up to 18 characters, two of them at a time; they end where the
//! text pauses.

use chinese_text::punctuation::{ends_phrase, ends_sentence};

use crate::domain::transcript::{Segment, Word};

/// Characters in a line, punctuation included.
pub const LINE: usize = 18;

/// Lines on the screen.
pub const LINES: usize = 2;

/// A pause of this length ends what stands on the screen, in milliseconds.
const PAUSE_MS: u64 = 1000;

/// Lines that are shown together.
#[derive(Debug, PartialEq, Eq)]
pub struct Cue {
    /// When they appear, in milliseconds.
    pub start_ms: u64,
    /// When they disappear.
    pub end_ms: u64,
    /// What they say.
    pub lines: Vec<String>,
}

/// The cues of a segment that has text.
pub fn cues(segment: &Segment) -> Vec<Cue> {
    let timed;
    let words = if segment.words.is_empty() {
        timed = evenly(segment);
        &timed
    } else {
        &segment.words
    };
    let mut cues: Vec<Cue> = Vec::new();
    let mut ended = true;
    for line in lines(words) {
        let text: String = line.iter().map(|word| word.text.as_str()).collect();
        let (Some(first), Some(last)) = (line.first(), line.last()) else { continue };
        // An empty line would end a cue.
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let goes_on = |cue: &&mut Cue| {
            !ended && cue.lines.len() < LINES && first.start_ms < cue.end_ms + PAUSE_MS
        };
        if let Some(cue) = cues.last_mut().filter(goes_on) {
            cue.end_ms = last.end_ms;
            cue.lines.push(text);
        } else {
            let (start_ms, end_ms) = (first.start_ms, last.end_ms);
            cues.push(Cue { start_ms, end_ms, lines: vec![text] });
        }
        ended = ends_sentence(&last.text);
    }
    cues
}

/// Words cut into lines: as many phrases as fit, and a long phrase in parts of the same length.
fn lines(words: &[Word]) -> Vec<&[Word]> {
    let mut lines: Vec<&[Word]> = Vec::new();
    let mut from = 0;
    let mut at = 0;
    for phrase in words.split_inclusive(|word| ends_phrase(&word.text)) {
        let starts_anew = from == at || ends_sentence(&words[at - 1].text);
        if starts_anew || length(&words[from..at]) + length(phrase) > LINE {
            if from < at {
                lines.push(&words[from..at]);
            }
            let parts = length(phrase).div_ceil(LINE);
            let each = length(phrase).div_ceil(parts.max(1));
            from = at;
            for end in at..at + phrase.len() {
                if end > from && length(&words[from..=end]) > each.max(1) && length(phrase) > LINE {
                    lines.push(&words[from..end]);
                    from = end;
                }
            }
        }
        at += phrase.len();
    }
    if from < at {
        lines.push(&words[from..at]);
    }
    lines
}

fn length(words: &[Word]) -> usize {
    words.iter().map(|word| word.text.trim_end().chars().count()).sum()
}

/// Characters with the time of the segment shared out among them, for transcripts without words.
fn evenly(segment: &Segment) -> Vec<Word> {
    let mut texts: Vec<String> = Vec::new();
    for c in segment.text.chars() {
        match texts.last_mut() {
            // Punctuation stays with what it ends, and letters of a word together.
            Some(text) if !c.is_alphanumeric() || (c.is_ascii() && text.ends_with(is_latin)) => {
                text.push(c);
            }
            _ => texts.push(c.into()),
        }
    }
    let (count, length) = (texts.len() as u64, segment.end_ms.saturating_sub(segment.start_ms));
    let at = |i: u64| segment.start_ms + length * i / count.max(1);
    let words = texts.into_iter().zip(0..).map(|(text, i)| Word {
        start_ms: at(i),
        end_ms: at(i + 1),
        text,
        confidence: 0.0,
        heard: None,
        scores: None,
    });
    words.collect()
}

fn is_latin(c: char) -> bool {
    c.is_ascii_alphanumeric()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A segment whose characters take 100 ms each.
    fn segment(text: &str) -> Segment {
        let end_ms = 100 * text.chars().filter(|c| c.is_alphanumeric()).count() as u64;
        Segment {
            id: 0,
            start_ms: 0,
            end_ms,
            text: text.into(),
            raw_text: text.into(),
            confidence: None,
            words: Vec::new(),
            flags: Vec::new(),
        }
    }

    fn shown(text: &str) -> Vec<Vec<String>> {
        cues(&segment(text)).into_iter().map(|cue| cue.lines).collect()
    }

    #[test]
    fn lines_end_where_the_text_pauses() {
        assert_eq!(
            shown("敬爱的党组织，您好，我是计算机学院二零二四级本科生。现在汇报。"),
            [vec!["敬爱的党组织，您好，", "我是计算机学院二零二四级本科生。"], vec!["现在汇报。"]]
        );
    }

    #[test]
    fn long_phrases_are_cut_evenly_and_nothing_is_lost() {
        let text = "我和同学们一起组织了编程辅导小组每周二晚上在图书馆为低年级同学答疑解惑";
        let lines = shown(text).concat();
        assert_eq!(lines.concat(), text);
        assert_eq!(lines.iter().map(|line| line.chars().count()).collect::<Vec<_>>(), [18, 17]);
        let latin = "see https://example.org/a/very/long/address for more";
        let lines = shown(latin).concat();
        assert_eq!(lines.concat().replace(' ', ""), latin.replace(' ', ""));
        assert!(lines.iter().all(|line| line.chars().count() <= LINE), "{lines:?}");
    }

    #[test]
    fn times_are_those_of_the_words_and_pauses_end_a_cue() {
        let mut given = segment("您好，大家好");
        given.words = ["您", "好，", "大", "家", "好"]
            .iter()
            .zip([0, 200, 5000, 5200, 5400])
            .map(|(text, start_ms)| Word {
                start_ms,
                end_ms: start_ms + 200,
                text: (*text).into(),
                confidence: 1.0,
                heard: None,
                scores: None,
            })
            .collect();
        let made: Vec<_> = cues(&given).iter().map(|c| (c.start_ms, c.end_ms)).collect();
        assert_eq!(made, [(0, 5600)], "a line is not torn apart");
        given.words[1].text = "好。".into();
        let made: Vec<_> = cues(&given).iter().map(|c| (c.start_ms, c.end_ms)).collect();
        assert_eq!(made, [(0, 400), (5000, 5600)]);
    }
}
