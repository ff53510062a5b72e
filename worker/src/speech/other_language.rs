//! Somebody speaks another language than was expected.

use huibao_models::transcript::{Recognition, SegmentFlag, SpeechRegion};

use super::{AUTO, Audio, Effort, Recognizer, Request, SpeechError, SpeechOptions};

/// A recogniser that is less sure than this on average may be listening for the wrong language.
const DOUBTFUL: f32 = 0.6;

/// How much surer it must be of the other one.
const SURER: f32 = 0.15;

/// Which language is spoken, if `recognition` leaves a doubt and it is not the one asked for. The
/// longest stretch of speech decides.
pub fn find(
    audio: &Audio,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    recognition: &Recognition,
) -> Result<Option<String>, SpeechError> {
    let sureness = mean(recognition.raw.iter().filter_map(|segment| segment.confidence));
    if options.language == AUTO || sureness >= DOUBTFUL {
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
    let surer = mean(heard.pieces.iter().map(|piece| piece.confidence)) >= sureness + SURER;
    Ok(Some(heard.language).filter(|language| surer && *language != options.language))
}

/// Adds what was heard in the wrong language to the raw version of what was heard in the right one.
pub fn keep(wrong: Recognition, right: &mut Recognition) {
    right.raw.extend(wrong.raw.into_iter().map(|mut segment| {
        segment.flags = vec![SegmentFlag::SetAside];
        segment
    }));
    right.raw.sort_by_key(|segment| segment.start_ms);
}

fn mean(values: impl Iterator<Item = f32>) -> f32 {
    let (sum, count) = values.fold((0.0, 0.0), |(sum, count), value| (sum + value, count + 1.0));
    if count > 0.0 { sum / count } else { 1.0 }
}
