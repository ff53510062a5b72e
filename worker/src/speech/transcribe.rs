//! The whole way from sound to a transcript.

use huibao_models::transcript::{Segment, Transcript};

use super::hearing::{Ear, Hearing, Passage};
use super::lanes;
use super::normalise::Normaliser;
use super::pack::{Window, pack};
use super::{AUTO, Audio, Recognizer, SpeechError, Vad};

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
    let speech = vad.detect(audio)?;
    let windows = pack(&speech, options.threads.min(lanes::MOST_LANES) as usize);
    let mut hearing = Hearing {
        audio,
        speech: &speech,
        language: (options.language != AUTO).then(|| options.language.clone()),
        normaliser: Normaliser::new()?,
    };
    let mut draft = Draft::new(&windows, sink);
    // The first words tell the language; until then nothing can go on beside them.
    while let (None, Some(window)) = (&hearing.language, windows.get(draft.windows_done)) {
        let mut ear = Ear { session: recognizer.session()?, threads: options.threads };
        let passage = hearing.window(&mut ear, window)?;
        hearing.language.clone_from(&passage.language);
        draft.add(passage);
    }
    let rest = draft.windows_done..windows.len();
    if !rest.is_empty() {
        let (count, threads) = lanes::split(options.threads, rest.len());
        let ears = (0..count).map(|_| Ok(Ear { session: recognizer.session()?, threads }));
        let ears = ears.collect::<Result<Vec<_>, SpeechError>>()?;
        let hear = |ear: &mut Ear<'_>, index: usize| hearing.window(ear, &windows[index]);
        lanes::in_order(ears, rest, hear, |passage| draft.add(passage))?;
    }
    Ok(Transcript {
        language: hearing.language.unwrap_or_else(|| "zh".to_owned()),
        no_speech: speech.is_empty(),
        duration_ms: audio.duration_ms(),
        segments: draft.segments,
        speech,
        recognizer: recognizer.info(),
    })
}

/// The transcript as it grows, window after window.
struct Draft<'a> {
    windows: &'a [Window],
    windows_done: usize,
    segments: Vec<Segment>,
    sink: &'a mut dyn FnMut(SpeechEvent),
}

impl<'a> Draft<'a> {
    fn new(windows: &'a [Window], sink: &'a mut dyn FnMut(SpeechEvent)) -> Self {
        Self { windows, windows_done: 0, segments: Vec::new(), sink }
    }

    fn add(&mut self, passage: Passage) {
        for mut segment in passage.segments {
            let earliest = self.segments.last().map_or(0, |last| last.end_ms);
            segment.start_ms = segment.start_ms.max(earliest);
            segment.end_ms = segment.end_ms.max(segment.start_ms);
            (self.sink)(SpeechEvent::Partial(segment.clone()));
            self.segments.push(segment);
        }
        self.windows_done += 1;
        let length = |windows: &[Window]| windows.iter().map(Window::length_ms).sum::<u64>();
        let (done, all) = (length(&self.windows[..self.windows_done]), length(self.windows));
        #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
        (self.sink)(SpeechEvent::Progress(done as f32 / all.max(1) as f32));
    }
}

#[cfg(test)]
mod tests;
