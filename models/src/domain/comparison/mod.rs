//! What was said, compared with what was written: where they agree, where they differ, and when it was said.

use chinese_text::punctuation::ends_sentence;
use chinese_text::units::units;
use serde::{Deserialize, Serialize};
use similar::{Algorithm, DiffTag, capture_diff_slices};

use super::correction::{letters, words_of};
use super::transcript::{Transcript, Word};

/// How a passage of one text stands to the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Agreement {
    /// The same words are in both.
    Same,
    /// There are other words in its place.
    Otherwise,
    /// There is nothing in its place.
    Only,
}

/// A passage of the written report, at most a sentence.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrittenPassage {
    /// How it stands to what was said.
    pub agreement: Agreement,
    /// The text. All passages joined are the written report.
    pub text: String,
    /// From when to when it was said, in milliseconds from the start of the video; `None` if it was not.
    pub said: Option<(u64, u64)>,
}

/// A passage of a sentence of the transcript.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidPassage {
    /// How it stands to what was written.
    pub agreement: Agreement,
    /// The text. All passages of a sentence joined are its text.
    pub text: String,
}

/// A sentence of the transcript that is not in the written report as it was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SaidSentence {
    /// The segment's id.
    pub segment: u32,
    /// Its passages.
    pub passages: Vec<SaidPassage>,
}

/// Two texts, compared.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comparison {
    /// The whole written report.
    pub written: Vec<WrittenPassage>,
    /// Of what was said, the sentences that differ.
    pub said: Vec<SaidSentence>,
}

/// Longer texts are not compared: the time grows with the square of the length.
const MAX_UNITS: usize = 20_000;

/// Words that agree by chance between others that do not are none: so few, and fewer than what differs on either
/// side (the semantic clean-up of Google's diff-match-patch).
const CHANCE: usize = 3;

/// A stretch of both texts, as ranges of units.
#[derive(Debug, Clone, Copy)]
struct Block {
    same: bool,
    said: (usize, usize),
    written: (usize, usize),
}

impl Block {
    const fn length(&self) -> usize {
        let (said, written) = (self.said.1 - self.said.0, self.written.1 - self.written.0);
        if said > written { said } else { written }
    }

    fn agreement(&self, of_written: bool) -> Agreement {
        let (said, written) = (self.said.0 < self.said.1, self.written.0 < self.written.1);
        match (self.same, if of_written { said } else { written }) {
            (true, _) => Agreement::Same,
            (false, true) => Agreement::Otherwise,
            (false, false) => Agreement::Only,
        }
    }
}

/// Compares a transcript with a written report, word by word without punctuation. `None` for texts that are too long,
/// and if one of them says nothing.
pub fn compare(transcript: &Transcript, written: &str) -> Option<Comparison> {
    let said: Vec<(u32, Word)> = transcript
        .segments
        .iter()
        .flat_map(|segment| words_of(segment).into_iter().map(|word| (segment.id, word)))
        .collect();
    let written = units(written);
    if said.is_empty() || written.is_empty() || said.len() + written.len() > MAX_UNITS {
        return None;
    }
    let blocks = blocks(&said, &written);
    Some(Comparison {
        written: written_passages(&blocks, &said, &written),
        said: said_sentences(&blocks, &said),
    })
}

fn blocks(said: &[(u32, Word)], written: &[&str]) -> Vec<Block> {
    let said: Vec<String> = said.iter().map(|(_, word)| letters(&word.text)).collect();
    let written: Vec<String> = written.iter().map(|text| letters(text)).collect();
    let ops = capture_diff_slices(Algorithm::Myers, &said, &written);
    let mut found: Vec<Block> = Vec::with_capacity(ops.len());
    for op in ops {
        let (said, written) = (op.old_range(), op.new_range());
        let block = Block {
            same: op.tag() == DiffTag::Equal,
            said: (said.start, said.end),
            written: (written.start, written.end),
        };
        push(&mut found, block);
    }
    without_chance(&found)
}

/// Adds a block; neighbours of one kind are one.
fn push(blocks: &mut Vec<Block>, block: Block) {
    match blocks.last_mut() {
        Some(last) if last.same == block.same => {
            (last.said.1, last.written.1) = (block.said.1, block.written.1);
        }
        _ => blocks.push(block),
    }
}

fn without_chance(blocks: &[Block]) -> Vec<Block> {
    let mut found = Vec::with_capacity(blocks.len());
    for (index, block) in blocks.iter().enumerate() {
        let before = index.checked_sub(1).and_then(|before| blocks.get(before));
        let around = before.zip(blocks.get(index + 1));
        let by_chance = block.same
            && block.length() <= CHANCE
            && around.is_some_and(|(before, after)| {
                before.length() >= block.length() && after.length() >= block.length()
            });
        push(&mut found, Block { same: block.same && !by_chance, ..*block });
    }
    found
}

fn written_passages(
    blocks: &[Block],
    said: &[(u32, Word)],
    written: &[&str],
) -> Vec<WrittenPassage> {
    let mut passages: Vec<WrittenPassage> = Vec::new();
    for block in blocks {
        let agreement = block.agreement(true);
        let mut open = false;
        for at in block.written.0..block.written.1 {
            let times = match agreement {
                Agreement::Same => {
                    let (_, word) = &said[block.said.0 + at - block.written.0];
                    Some((word.start_ms, word.end_ms))
                }
                Agreement::Otherwise => {
                    let ((_, first), (_, last)) = (&said[block.said.0], &said[block.said.1 - 1]);
                    Some((first.start_ms, last.end_ms))
                }
                Agreement::Only => None,
            };
            if let Some(passage) = passages.last_mut().filter(|_| open) {
                passage.text.push_str(written[at]);
                passage.said = passage.said.zip(times).map(|((start, _), (_, end))| (start, end));
            } else {
                let text = written[at].to_owned();
                passages.push(WrittenPassage { agreement, text, said: times });
            }
            open = !(ends_sentence(written[at].trim_end()) || written[at].contains('\n'));
        }
    }
    passages
}

fn said_sentences(blocks: &[Block], said: &[(u32, Word)]) -> Vec<SaidSentence> {
    let mut sentences: Vec<SaidSentence> = Vec::new();
    for block in blocks {
        let agreement = block.agreement(false);
        for (segment, word) in &said[block.said.0..block.said.1] {
            if sentences.last().is_none_or(|last| last.segment != *segment) {
                sentences.push(SaidSentence { segment: *segment, passages: Vec::new() });
            }
            let Some(sentence) = sentences.last_mut() else { continue };
            match sentence.passages.last_mut() {
                Some(last) if last.agreement == agreement => last.text.push_str(&word.text),
                _ => sentence.passages.push(SaidPassage { agreement, text: word.text.clone() }),
            }
        }
    }
    sentences.retain(|it| it.passages.iter().any(|passage| passage.agreement != Agreement::Same));
    sentences
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::Agreement::{Only, Otherwise, Same};
    use super::*;
    use crate::domain::transcript::{RecognizerInfo, Segment};

    /// Sentences whose words last a second each.
    fn said(sentences: &[&str]) -> Transcript {
        let mut at = 0;
        let segments = (1..).zip(sentences).map(|(id, text)| {
            let start = at;
            let words = units(text).into_iter().map(|text| {
                at += 1000;
                let (start_ms, end_ms) = (at - 1000, at);
                Word {
                    start_ms,
                    end_ms,
                    text: text.into(),
                    confidence: 1.0,
                    heard: None,
                    scores: None,
                }
            });
            let words: Vec<Word> = words.collect();
            Segment {
                id,
                start_ms: start,
                end_ms: at,
                text: (*text).into(),
                raw_text: String::new(),
                confidence: None,
                words,
                flags: vec![],
            }
        });
        Transcript {
            language: "zh".into(),
            no_speech: false,
            duration_ms: 0,
            segments: segments.collect(),
            speech: vec![],
            recognizer: RecognizerInfo {
                engine: String::new(),
                model: String::new(),
                model_sha256: String::new(),
                parameters: serde_json::Value::Null,
            },
        }
    }

    #[test]
    fn what_was_said_as_it_is_written_has_its_time() {
        let transcript = said(&["敬爱的党组织", "我志愿加入"]);
        let found = compare(&transcript, "敬爱的党组织：\n我志愿加入。").unwrap();
        let passage = |text: &str, start, end| WrittenPassage {
            agreement: Same,
            text: text.into(),
            said: Some((start, end)),
        };
        let expected =
            [passage("敬爱的党组织：\n", 0, 6000), passage("我志愿加入。", 6000, 11_000)];
        assert_eq!(found.written, expected);
        assert_eq!(found.said, []);
    }

    #[test]
    fn what_differs_is_told_on_both_sides() {
        let transcript = said(&["今天我们学习了新的思想内容", "大家都来听课", "谢谢大家的到来"]);
        let found = compare(&transcript, "今天我们认真学习了新的思想理论。大家都来听课。").unwrap();
        let kinds: Vec<_> =
            found.written.iter().map(|it| (it.agreement, it.text.as_str())).collect();
        assert_eq!(
            kinds,
            [
                (Same, "今天我们"),
                (Only, "认真"),
                (Same, "学习了新的思想"),
                (Otherwise, "理论。"),
                (Same, "大家都来听课。"),
            ]
        );
        assert_eq!(found.written[1].said, None);
        assert_eq!(found.written[3].said, Some((11_000, 13_000)));
        let passage = |agreement, text: &str| SaidPassage { agreement, text: text.into() };
        assert_eq!(
            found.said,
            [
                SaidSentence {
                    segment: 1,
                    passages: vec![
                        passage(Same, "今天我们学习了新的思想"),
                        passage(Otherwise, "内容")
                    ],
                },
                SaidSentence { segment: 3, passages: vec![passage(Only, "谢谢大家的到来")] },
            ]
        );
    }

    #[test]
    fn words_in_common_by_chance_are_no_agreement() {
        let transcript = said(&["春天的花园里有很多蝴蝶飞来飞去"]);
        let found = compare(&transcript, "关于会议的安排请大家准时参加不要迟到").unwrap();
        assert!(found.written.iter().all(|it| it.agreement != Same), "{found:?}");
    }

    #[test]
    fn nothing_is_compared_with_nothing() {
        assert_eq!(compare(&said(&[]), "一"), None);
        assert_eq!(compare(&said(&["一"]), "……"), None);
        assert_eq!(compare(&said(&["一"]), &"一".repeat(MAX_UNITS)), None);
    }

    proptest! {
        #[test]
        fn nothing_is_lost(one in "[一二三四五，。a ]{1,30}", other in "[一二三四五，。\\na ]{1,30}") {
            let transcript = said(&[&one, "完了"]);
            let Some(found) = compare(&transcript, &other) else { return Ok(()) };
            let joined: String = found.written.iter().map(|it| it.text.as_str()).collect();
            prop_assert_eq!(joined, other);
            for sentence in &found.said {
                let segment = transcript.segments.iter().find(|it| it.id == sentence.segment).unwrap();
                let joined: String = sentence.passages.iter().map(|it| it.text.as_str()).collect();
                let words: String = segment.words.iter().map(|it| it.text.as_str()).collect();
                prop_assert_eq!(joined, words);
            }
        }
    }
}
