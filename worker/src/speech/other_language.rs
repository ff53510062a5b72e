//! Somebody speaks another language than was expected.

use huibao_models::domain::transcript::{Recognition, SegmentFlag, SpeechRegion};

use super::{AUTO, Audio, Effort, Recognizer, Request, SpeechError, SpeechOptions};

/// A recogniser that is less sure than this on average may be listening for the wrong language. The
/// base model has 0.88 or more on Mandarin, also over a telephone or in noise; 0.4 to 0.8 on English
/// that it takes for Mandarin. To ask in vain costs the longest stretch of speech once more.
const DOUBTFUL: f32 = 0.85;

/// Which language is spoken, if `recognition` leaves a doubt and it is not the one asked for. The
/// longest stretch of speech decides.
pub fn find(
    audio: &Audio,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    recognition: &Recognition,
) -> Result<Option<String>, SpeechError> {
    if options.language == AUTO || sureness(recognition) >= DOUBTFUL {
        return Ok(None);
    }
    let length = |region: &&SpeechRegion| region.end_ms - region.start_ms;
    let Some(longest) = recognition.transcript.speech.iter().max_by_key(length) else {
        return Ok(None);
    };
    let request =
        Request { language: None, threads: options.threads, effort: Effort::Usual, terms: &[] };
    let samples = audio.slice(longest.start_ms, longest.end_ms);
    let heard = recognizer.session()?.recognize(&samples, &request)?;
    Ok(Some(heard.language).filter(|language| *language != options.language))
}

/// The language that was recognised counts for so much: a prompt in Mandarin makes whatever is written
/// after it somewhat surer.
const IN_FAVOUR: f32 = 0.05;

/// The one that the recogniser was surer of, with what it heard in the other language added to the raw
/// version.
pub fn surer(asked: Recognition, other: Recognition) -> Recognition {
    let has_text = other.transcript.segments.iter().any(|segment| !segment.text.is_empty());
    let is_other = has_text && sureness(&other) + IN_FAVOUR > sureness(&asked);
    let (mut right, wrong) = if is_other { (other, asked) } else { (asked, other) };
    right.raw.extend(wrong.raw.into_iter().map(|mut segment| {
        segment.flags = vec![SegmentFlag::SetAside];
        segment
    }));
    right.raw.sort_by_key(|segment| segment.start_ms);
    right
}

/// Mean token probability of the segments, 0 to 1; without any there is nothing to doubt.
fn sureness(recognition: &Recognition) -> f32 {
    let values = recognition.transcript.segments.iter().filter_map(|segment| segment.confidence);
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 1.0 }
}
