//! How likely each word is right.
//!
//! The probability that a model gives a token is a poor measure: it is sure of many wrong characters. Better is what a
//! logistic regression makes of it and of other evidence ([`features`]): the words around, whether the lexicon has a
//! word there, how long the word took, and, if another model has heard the report before, whether that wrote the same.
//! `scripts/bench-marks` fits the weights on its development part and measures on its evaluation part.

use chinese_text::lexicon::Lexicon;
use chinese_text::segmentation::Membership;
use chinese_text::units::{is_syllable, letters, units};
use huibao_models::domain::transcript::{Transcript, Word};
use similar::{Algorithm, DiffTag, capture_diff_slices};

/// How many pieces of evidence there are with an earlier text.
pub const FEATURES: usize = 10;

/// Those without one.
const FEATURES_ALONE: usize = 8;

/// The constant and the weights, without an earlier text: of what is wrong.
const ALONE: [f32; 1 + FEATURES_ALONE] =
    [-5.247, -0.389, -0.274, -0.202, -1.345, -0.923, -0.050, 1.102, -12.698];

/// The same with an earlier text by another model.
const BESIDE: [f32; 1 + FEATURES] =
    [-3.331, -0.333, -0.228, -0.027, -1.118, -0.689, -0.104, 1.873, -12.794, -1.928, -0.596];

/// Probabilities are not taken for nearer to 0 or 1 than this.
const NEAREST: f32 = 1e-4;

/// The log odds of what stands before the first word and after the last.
const OUTSIDE: f32 = 3.0;

/// The words on either side whose mean tells how well the passage is heard.
const PASSAGE: usize = 6;

/// The words on either side of which it is asked whether the other model wrote the same.
const NEIGHBOURS: usize = 3;

/// The shortest duration of a word, in seconds.
const SHORTEST: f32 = 0.02;

/// Longer texts are not laid beside another one: the time grows with the square of the length if they differ.
const MAX_UNITS: usize = 20_000;

/// Makes the confidence of each word the probability that it is right. `earlier` is the text of another model; empty
/// if there is none.
pub fn calibrate(transcript: &mut Transcript, earlier: &str) {
    let count: usize = transcript.segments.iter().map(|segment| segment.words.len()).sum();
    let earlier = if count + units(earlier).len() > MAX_UNITS { "" } else { earlier };
    let evidence = features(transcript, earlier);
    let words = transcript.segments.iter_mut().flat_map(|segment| &mut segment.words);
    for (word, evidence) in words.zip(evidence) {
        let weights: &[f32] = if earlier.is_empty() { &ALONE } else { &BESIDE };
        let [constant, weights @ ..] = weights else { continue };
        let sum: f32 = weights.iter().zip(evidence).map(|(weight, value)| weight * value).sum();
        word.confidence = 1.0 / (1.0 + (constant + sum).exp());
    }
}

/// The evidence about each word of a transcript whose confidences are the probabilities of tokens: its log odds; the
/// lower ones of its neighbours; their mean around it; whether it is a word by itself; the log frequency of its word for
/// each unit; the same if it is one by itself; how far its duration is from the usual, as a logarithm; whether it is a
/// number or a word of other letters, which the lexicon does not have; whether the earlier text has it; and the part of the words around that the earlier text has.
#[expect(clippy::cast_precision_loss, reason = "numbers of neighbours")]
pub fn features(transcript: &Transcript, earlier: &str) -> Vec<[f32; FEATURES]> {
    let words: Vec<&Word> = transcript.segments.iter().flat_map(|segment| &segment.words).collect();
    let odds: Vec<f32> = words.iter().map(|word| log_odds(word.confidence)).collect();
    let letters: Vec<String> = words.iter().map(|word| letters(&word.text)).collect();
    let memberships = Lexicon::built_in().memberships(&letters);
    let durations: Vec<f32> = words.iter().map(|word| seconds(word)).collect();
    let usual = median(&durations);
    let same = also_in(&letters, earlier);
    let around = |values: &[f32], at: usize, reach: usize, outside: f32| {
        let known = &values[at.saturating_sub(reach)..(at + reach + 1).min(values.len())];
        let missing = 2 * reach + 1 - known.len();
        (known.iter().sum::<f32>() + missing as f32 * outside) / (2 * reach + 1) as f32
    };
    (0..words.len())
        .map(|at| {
            let Membership { length, log_frequency } = memberships[at];
            let single = f32::from(u8::from(length == 1));
            let beside = |at: Option<usize>| at.and_then(|at| odds.get(at)).unwrap_or(&OUTSIDE);
            [
                odds[at],
                beside(at.checked_sub(1)).min(*beside(Some(at + 1))),
                around(&odds, at, PASSAGE, OUTSIDE),
                single,
                log_frequency / length as f32,
                single * log_frequency,
                (durations[at] / usual).ln().abs(),
                f32::from(u8::from(!letters[at].contains(is_syllable))),
                same[at],
                around(&same, at, NEIGHBOURS, 1.0),
            ]
        })
        .collect()
}

fn log_odds(probability: f32) -> f32 {
    let probability = probability.clamp(NEAREST, 1.0 - NEAREST);
    (probability / (1.0 - probability)).ln()
}

#[expect(clippy::cast_precision_loss, reason = "the milliseconds of a word")]
fn seconds(word: &Word) -> f32 {
    (word.end_ms.saturating_sub(word.start_ms) as f32 / 1000.0).max(SHORTEST)
}

fn median(values: &[f32]) -> f32 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f32::total_cmp);
    sorted.get(sorted.len() / 2).copied().unwrap_or(SHORTEST)
}

/// 1 for each word that another text has at its place, and 0 for others.
fn also_in(words: &[String], text: &str) -> Vec<f32> {
    let other: Vec<String> = units(text).into_iter().map(letters).collect();
    let mut same = vec![0.0; words.len()];
    for operation in capture_diff_slices(Algorithm::Myers, words, &other) {
        if operation.tag() == DiffTag::Equal {
            same[operation.old_range()].fill(1.0);
        }
    }
    same
}

#[cfg(test)]
mod tests {
    use huibao_models::domain::transcript::{RecognizerInfo, Segment};

    use super::super::words::tests::segment_of;
    use super::*;

    fn transcript(text: &str, probabilities: &[f32]) -> Transcript {
        let mut segment: Segment = segment_of(text);
        for (word, probability) in segment.words.iter_mut().zip(probabilities) {
            word.confidence = *probability;
        }
        Transcript {
            language: "zh".into(),
            no_speech: false,
            duration_ms: 1000,
            segments: vec![segment],
            speech: Vec::new(),
            recognizer: RecognizerInfo {
                engine: String::new(),
                model: String::new(),
                model_sha256: String::new(),
                parameters: serde_json::Value::Null,
            },
        }
    }

    fn sureness(text: &str, probabilities: &[f32], earlier: &str) -> Vec<f32> {
        let mut transcript = transcript(text, probabilities);
        calibrate(&mut transcript, earlier);
        transcript.segments[0].words.iter().map(|word| word.confidence).collect()
    }

    #[test]
    fn what_is_likely_stays_likely_and_the_order_is_that_of_the_evidence() {
        let sure = sureness("认真学习理论。", &[0.99; 6], "");
        assert!(sure.iter().all(|one| *one > 0.9), "{sure:?}");
        let unsure = sureness("认真学习理论。", &[0.99, 0.99, 0.3, 0.3, 0.99, 0.99], "");
        assert!(unsure[2] < sure[2] && unsure[2] < unsure[0], "{unsure:?}");
        assert!(unsure[1] < sure[1], "a neighbour is unsure: {unsure:?}");
    }

    #[test]
    fn what_is_no_word_is_less_likely() {
        let word = sureness("为人民服务", &[0.9; 5], "");
        let none = sureness("为人民浮务", &[0.9; 5], "");
        assert!(none[3] < word[3], "{none:?} {word:?}");
    }

    #[test]
    fn what_another_model_wrote_as_well_is_more_likely() {
        let text = "我在书家里去了小学";
        let both = sureness(text, &[0.9; 9], text);
        let other = sureness(text, &[0.9; 9], "我在暑假里去了小学");
        for (at, differs) in [(0, false), (2, true), (3, true)] {
            assert_eq!(other[at] < both[at] - 0.05, differs, "{at}: {other:?} {both:?}");
        }
    }

    #[test]
    fn there_may_be_no_words_and_nothing_is_out_of_bounds() {
        assert!(sureness("", &[], "别的").is_empty());
        for probability in [0.0, 1.0] {
            let made = sureness("党 2024 OK。", &[probability; 3], "党");
            assert!(made.iter().all(|one| (0.0..=1.0).contains(one)), "{made:?}");
        }
    }

    #[test]
    fn numbers_and_words_of_other_letters_are_not_doubted_for_being_in_no_lexicon() {
        let made = sureness("2024 OK hello world 好。", &[0.99; 5], "");
        assert!(made.iter().all(|one| *one > 0.8), "{made:?}");
    }
}
