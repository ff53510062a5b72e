//! The whole way from sound to a transcript.

use huibao_models::domain::transcript::{
    Recognition, RecognizerInfo, Segment, SpeechRegion, Transcript,
};

use super::ending;
use super::hearing::{Ear, Hearing, Passage};
use super::lanes;
use super::normalise::Normaliser;
use super::other_language;
use super::pack::{self, Window, pack};
use super::{AUTO, Audio, Corrections, Recognizer, SpeechError, Stop, Vad};

/// A recording of this length has its first words heard before the rest is looked through.
const LONG_MS: u64 = 120_000;

/// Where these first words are looked for.
const HEAD_MS: u64 = 12_000;

/// How much is looked through for speech at once.
const PORTION_MS: u64 = 300_000;

/// Quiet that is needed after what is complete.
const CLEAR_MS: u64 = 400;

/// How to transcribe.
#[derive(Debug, Clone)]
pub struct SpeechOptions {
    /// ISO 639-1 code or `auto`.
    pub language: String,
    /// Threads to use.
    pub threads: u32,
    /// What puts words right, and knows which are likely to be said.
    pub corrections: Corrections,
    /// Tells when to leave off.
    pub stop: Stop,
}

/// What happens on the way.
#[derive(Debug, Clone)]
pub enum SpeechEvent {
    /// Fraction of the speech that is done, 0 to 1.
    Progress(f32),
    /// A segment that will not change any more.
    Partial(Segment),
}

/// Transcribes `audio`. Without speech, the transcript is empty and says so. If another language is
/// spoken than was asked for, the transcript is in that one and says which.
pub fn transcribe(
    audio: &Audio,
    vad: &mut dyn Vad,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    sink: &mut dyn FnMut(SpeechEvent),
) -> Result<Recognition, SpeechError> {
    let heard = hear(audio, vad, recognizer, options, sink)?;
    let Some(language) = other_language::find(audio, recognizer, options, &heard)? else {
        return Ok(heard);
    };
    // Partial text has been told already, in the wrong language; it is gone with the end.
    let mut progress = |event| {
        if matches!(event, SpeechEvent::Progress(_)) {
            sink(event);
        }
    };
    let options = SpeechOptions { language, ..options.clone() };
    let again = hear(audio, vad, recognizer, &options, &mut progress)?;
    Ok(other_language::surer(heard, again))
}

fn hear(
    audio: &Audio,
    vad: &mut dyn Vad,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    sink: &mut dyn FnMut(SpeechEvent),
) -> Result<Recognition, SpeechError> {
    let mut hearing = Hearing {
        audio,
        speech: Vec::new(),
        language: (options.language != AUTO).then(|| options.language.clone()),
        normaliser: Normaliser::new()?,
        corrections: &options.corrections,
        stop: &options.stop,
    };
    let mut draft = Draft::new(sink);
    if let Some((window, speech)) = opening(audio, vad)? {
        hearing.speech = speech;
        draft.add(hear_alone(&mut hearing, recognizer, options, &window)?, &window);
    }
    let from = hearing.speech.last().map_or(0, |region| region.end_ms);
    let speech = detect_from(audio, vad, from)?;
    hearing.speech.extend_from_slice(&speech);
    let windows = pack(&speech, options.threads.min(lanes::MOST_LANES) as usize);
    draft.all_ms = Some(draft.done_ms + windows.iter().map(Window::length_ms).sum::<u64>());
    // The first words tell the language; until then nothing can go on beside them.
    let mut begun = 0;
    while let (None, Some(window)) = (&hearing.language, windows.get(begun)) {
        draft.add(hear_alone(&mut hearing, recognizer, options, window)?, window);
        begun += 1;
    }
    let rest = &windows[begun..];
    if !rest.is_empty() {
        let (count, threads) = lanes::split(options.threads, rest.len());
        let ears = (0..count).map(|_| Ok(Ear { session: recognizer.session()?, threads }));
        let ears = ears.collect::<Result<Vec<_>, SpeechError>>()?;
        // Each lane has its share, however few there are.
        let batch = recognizer.batch().min(rest.len().div_ceil(count)).max(1);
        let batches: Vec<&[Window]> = rest.chunks(batch).collect();
        let hear = |ear: &mut Ear<'_>, index: usize| {
            Ok::<_, SpeechError>((hearing.windows(ear, batches[index])?, batches[index]))
        };
        lanes::in_order(ears, 0..batches.len(), hear, |(passages, windows)| {
            for (passage, window) in passages.into_iter().zip(windows) {
                draft.add(passage, window);
            }
        })?;
    }
    let transcript = Transcript {
        language: hearing.language.unwrap_or_else(|| "zh".to_owned()),
        no_speech: hearing.speech.is_empty(),
        duration_ms: audio.duration_ms(),
        segments: draft.segments,
        speech: hearing.speech,
        recognizer: record(recognizer, options),
    };
    Ok(Recognition { transcript, raw: draft.raw })
}

/// What made the transcript, corrections included.
fn record(recognizer: &dyn Recognizer, options: &SpeechOptions) -> RecognizerInfo {
    let mut info = recognizer.info();
    if let Some(parameters) = info.parameters.as_object_mut() {
        let Corrections { glossary, homophones } = &options.corrections;
        parameters.insert("glossary_sha256".into(), glossary.sha256().into());
        parameters.insert("terms".into(), glossary.prompted().into());
        parameters.insert("homophones".into(), (*homophones).into());
    }
    info
}

/// Hears a window on all threads, while nothing else is heard; its language is the recording's.
fn hear_alone(
    hearing: &mut Hearing<'_>,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    window: &Window,
) -> Result<Passage, SpeechError> {
    let mut ear = Ear { session: recognizer.session()?, threads: options.threads };
    let passages = hearing.windows(&mut ear, std::slice::from_ref(window))?;
    let passage = passages.into_iter().next();
    let passage = passage.ok_or_else(|| SpeechError::Engine("nothing was heard".into()))?;
    hearing.language.clone_from(&passage.language);
    Ok(passage)
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
    let mut regions = vad.detect(&audio.slice(0, HEAD_MS))?;
    // What reaches the end may go on behind it.
    regions.retain(|region| region.end_ms + CLEAR_MS <= HEAD_MS);
    Ok(pack::first(&regions).map(|(window, count)| {
        regions.truncate(count);
        (window, regions)
    }))
}

/// Where somebody speaks from `from_ms` on. Hours are looked through in portions.
fn detect_from(
    audio: &Audio,
    vad: &mut dyn Vad,
    from_ms: u64,
) -> Result<Vec<SpeechRegion>, SpeechError> {
    let mut found = Vec::new();
    let mut at = from_ms;
    while at < audio.duration_ms() {
        let end = at + PORTION_MS;
        let mut regions = vad.detect(&audio.slice(at, end))?;
        for region in &mut regions {
            (region.start_ms, region.end_ms) = (region.start_ms + at, region.end_ms + at);
        }
        // What reaches the end may go on behind it, and is looked at again as a whole.
        let open = |region: &SpeechRegion| region.end_ms + CLEAR_MS > end && region.start_ms > at;
        let goes_on = regions.pop_if(|region| end < audio.duration_ms() && open(region));
        at = goes_on.map_or(end, |region| region.start_ms);
        found.extend(regions);
    }
    Ok(found)
}

/// The transcript as it grows, window after window.
struct Draft<'a> {
    segments: Vec<Segment>,
    raw: Vec<Segment>,
    done_ms: u64,
    /// Length of all windows, once it is known.
    all_ms: Option<u64>,
    sink: &'a mut dyn FnMut(SpeechEvent),
}

impl<'a> Draft<'a> {
    fn new(sink: &'a mut dyn FnMut(SpeechEvent)) -> Self {
        Self { segments: Vec::new(), raw: Vec::new(), done_ms: 0, all_ms: None, sink }
    }

    fn add(&mut self, mut passage: Passage, window: &Window) {
        self.done_ms += window.length_ms();
        if self.all_ms == Some(self.done_ms) && passage.language.as_deref() == Some("zh") {
            ending::finish(&mut passage.segments);
        }
        self.raw.extend(passage.raw);
        for mut segment in passage.segments {
            let earliest = self.segments.last().map_or(0, |last| last.end_ms);
            segment.start_ms = segment.start_ms.max(earliest);
            segment.end_ms = segment.end_ms.max(segment.start_ms);
            (self.sink)(SpeechEvent::Partial(segment.clone()));
            self.segments.push(segment);
        }
        if let Some(all_ms) = self.all_ms {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            (self.sink)(SpeechEvent::Progress(self.done_ms as f32 / all_ms.max(1) as f32));
        }
    }
}

#[cfg(test)]
mod tests;
