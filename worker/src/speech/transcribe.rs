//! The whole way from sound to a transcript.

use huibao_models::transcript::{Segment, SpeechRegion, Transcript};

use super::hearing::{Ear, Hearing, Passage};
use super::lanes;
use super::normalise::Normaliser;
use super::pack::{self, Window, pack};
use super::{AUTO, Audio, Recognizer, SpeechError, Vad};

/// A recording of this length has its first words heard before the rest is looked through.
const LONG_MS: u64 = 120_000;

/// Where these first words are looked for.
const HEAD_MS: u64 = 12_000;

/// Quiet that is needed after them.
const CLEAR_MS: u64 = 400;

/// How to transcribe.
#[derive(Debug, Clone)]
pub struct SpeechOptions {
    /// ISO 639-1 code or `auto`.
    pub language: String,
    /// Threads to use.
    pub threads: u32,
}

/// What happens on the way.
#[derive(Debug, Clone)]
pub enum SpeechEvent {
    /// Fraction of the speech that is done, 0 to 1.
    Progress(f32),
    /// A segment that will not change any more.
    Partial(Segment),
}

/// Transcribes `audio`. Without speech, the transcript is empty and says so.
pub fn transcribe(
    audio: &Audio,
    vad: &mut dyn Vad,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    sink: &mut dyn FnMut(SpeechEvent),
) -> Result<Transcript, SpeechError> {
    let mut hearing = Hearing {
        audio,
        speech: Vec::new(),
        language: (options.language != AUTO).then(|| options.language.clone()),
        normaliser: Normaliser::new()?,
    };
    let mut draft = Draft { segments: Vec::new(), done_ms: 0, all_ms: None, sink };
    if let Some((window, speech)) = opening(audio, vad)? {
        hearing.speech = speech;
        let mut ear = Ear { session: recognizer.session()?, threads: options.threads };
        let passage = hearing.window(&mut ear, &window)?;
        hearing.language.clone_from(&passage.language);
        draft.add(passage, &window);
    }
    let from = hearing.speech.last().map_or(0, |region| region.end_ms);
    let speech = detect_from(audio, vad, from)?;
    hearing.speech.extend_from_slice(&speech);
    let windows = pack(&speech, options.threads.min(lanes::MOST_LANES) as usize);
    draft.all_ms = Some(draft.done_ms + windows.iter().map(Window::length_ms).sum::<u64>());
    // The first words tell the language; until then nothing can go on beside them.
    let mut begun = 0;
    while let (None, Some(window)) = (&hearing.language, windows.get(begun)) {
        let mut ear = Ear { session: recognizer.session()?, threads: options.threads };
        let passage = hearing.window(&mut ear, window)?;
        hearing.language.clone_from(&passage.language);
        draft.add(passage, window);
        begun += 1;
    }
    let rest = begun..windows.len();
    if !rest.is_empty() {
        let (count, threads) = lanes::split(options.threads, rest.len());
        let ears = (0..count).map(|_| Ok(Ear { session: recognizer.session()?, threads }));
        let ears = ears.collect::<Result<Vec<_>, SpeechError>>()?;
        let hear =
            |ear: &mut Ear<'_>, index: usize| Ok((hearing.window(ear, &windows[index])?, index));
        lanes::in_order(ears, rest, hear, |(passage, i)| draft.add(passage, &windows[i]))?;
    }
    Ok(Transcript {
        language: hearing.language.unwrap_or_else(|| "zh".to_owned()),
        no_speech: hearing.speech.is_empty(),
        duration_ms: audio.duration_ms(),
        segments: draft.segments,
        speech: hearing.speech,
        recognizer: recognizer.info(),
    })
}

/// The first words of a long recording, and where somebody speaks in them: whoever waits for text
/// need not wait until the rest was looked through.
fn opening(
    audio: &Audio,
    vad: &mut dyn Vad,
) -> Result<Option<(Window, Vec<SpeechRegion>)>, SpeechError> {
    if audio.duration_ms() < LONG_MS {
        return Ok(None);
    }
    let mut regions = vad.detect(audio.slice(0, HEAD_MS))?;
    // What reaches the end may go on behind it.
    regions.retain(|region| region.end_ms + CLEAR_MS <= HEAD_MS);
    Ok(pack::first(&regions).map(|(window, count)| {
        regions.truncate(count);
        (window, regions)
    }))
}

/// Where somebody speaks from `from_ms` on.
fn detect_from(
    audio: &Audio,
    vad: &mut dyn Vad,
    from_ms: u64,
) -> Result<Vec<SpeechRegion>, SpeechError> {
    let later = |region: SpeechRegion| SpeechRegion {
        start_ms: region.start_ms + from_ms,
        end_ms: region.end_ms + from_ms,
    };
    Ok(vad.detect(audio.slice(from_ms, u64::MAX))?.into_iter().map(later).collect())
}

/// The transcript as it grows, window after window.
struct Draft<'a> {
    segments: Vec<Segment>,
    done_ms: u64,
    /// Length of all windows, once it is known.
    all_ms: Option<u64>,
    sink: &'a mut dyn FnMut(SpeechEvent),
}

impl Draft<'_> {
    fn add(&mut self, passage: Passage, window: &Window) {
        for mut segment in passage.segments {
            let earliest = self.segments.last().map_or(0, |last| last.end_ms);
            segment.start_ms = segment.start_ms.max(earliest);
            segment.end_ms = segment.end_ms.max(segment.start_ms);
            (self.sink)(SpeechEvent::Partial(segment.clone()));
            self.segments.push(segment);
        }
        self.done_ms += window.length_ms();
        if let Some(all_ms) = self.all_ms {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            (self.sink)(SpeechEvent::Progress(self.done_ms as f32 / all_ms.max(1) as f32));
        }
    }
}

#[cfg(test)]
mod tests;
