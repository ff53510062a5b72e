//! Detects that another language is spoken than was asked for.

use huibao_models::domain::transcript::{Recognition, SegmentFlag, SpeechRegion};

use super::audio::Audio;
use super::error::SpeechError;
use super::language::AUTO;
use super::options::SpeechOptions;
use super::recognizer::{Effort, Recognizer, Request};

/// Below this mean confidence, the language may be wrong. The base model has 0.88 or more on Mandarin,
/// also by telephone or in noise; 0.4 to 0.8 on English that it takes for Mandarin. Detection in vain
/// costs one recognition of the longest stretch of speech.
const MIN_CONFIDENCE: f32 = 0.85;

/// The spoken language, if the confidence of `recognition` is low and it is not the one asked for. The
/// longest stretch of speech decides.
pub fn detect(
    audio: &Audio,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    recognition: &Recognition,
) -> Result<Option<String>, SpeechError> {
    if options.language == AUTO || confidence(recognition) >= MIN_CONFIDENCE {
        return Ok(None);
    }
    let length = |region: &&SpeechRegion| region.end_ms - region.start_ms;
    let Some(longest) = recognition.transcript.speech.iter().max_by_key(length) else {
        return Ok(None);
    };
    let request = Request {
        language: None,
        threads: options.threads,
        effort: Effort::Usual,
        terms: &[],
        alternatives: None,
    };
    let samples = audio.slice(longest.start_ms, longest.end_ms);
    let result = recognizer.session()?.recognize(&samples, &request)?;
    Ok(Some(result.language).filter(|language| *language != options.language))
}

/// Added to the confidence of the detected language: the prompt in Mandarin raises that of the other.
const DETECTED_BONUS: f32 = 0.05;

/// The recognition with the higher confidence; the text of the other one is added to its raw version.
pub fn more_confident(asked: Recognition, detected: Recognition) -> Recognition {
    let has_text = detected.transcript.segments.iter().any(|segment| !segment.text.is_empty());
    let is_detected = has_text && confidence(&detected) + DETECTED_BONUS > confidence(&asked);
    let (mut right, wrong) = if is_detected { (detected, asked) } else { (asked, detected) };
    right.raw.extend(wrong.raw.into_iter().map(|mut segment| {
        segment.flags = vec![SegmentFlag::SetAside];
        segment
    }));
    right.raw.sort_by_key(|segment| segment.start_ms);
    right
}

/// The mean confidence of the segments; 1 if there are none.
fn confidence(recognition: &Recognition) -> f32 {
    let values = recognition.transcript.segments.iter().filter_map(|segment| segment.confidence);
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 1.0 }
}
