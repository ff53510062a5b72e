//! From a recording to its transcript.

use chinese_text::normalise::Normaliser;
use huibao_models::domain::transcript::{
    Recognition, RecognizerInfo, Segment, SpeechRegion, Transcript,
};

use super::audio::Audio;
use super::corrections::Corrections;
use super::ending;
use super::error::SpeechError;
use super::language::AUTO;
use super::options::SpeechOptions;
use super::other_language;
use super::pack::{self, Window, pack};
use super::parallel;
use super::pass::{Pass, PassWorker, WindowText};
use super::recognizer::Recognizer;
use super::vad::Vad;
use super::written_report::WrittenReport;

/// Recordings of at least this length have their first words recognised before speech is detected in the
/// rest.
const LONG_MS: u64 = 120_000;

/// The first words are looked for up to here.
const HEAD_MS: u64 = 12_000;

/// Speech is detected in portions of this length.
const PORTION_MS: u64 = 300_000;

/// A region that ends this close to the end of a portion may continue after it.
const CLEAR_MS: u64 = 400;

/// News of a transcription.
#[derive(Debug, Clone)]
pub enum SpeechEvent {
    /// The fraction of the speech that is done, 0 to 1.
    Progress(f32),
    /// A segment, in its final form.
    Partial(Segment),
}

/// Transcribes `audio`. Without speech, the transcript is empty and says so. If another language is
/// spoken than was asked for, the transcript is in that language.
pub fn transcribe(
    audio: &Audio,
    vad: &mut dyn Vad,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    sink: &mut dyn FnMut(SpeechEvent),
) -> Result<Recognition, SpeechError> {
    let first = run_pass(audio, vad, recognizer, options, sink)?;
    let Some(language) = other_language::detect(audio, recognizer, options, &first)? else {
        return Ok(first);
    };
    // Partial text of the first pass has been reported already; the result replaces it.
    let mut progress = |event| {
        if matches!(event, SpeechEvent::Progress(_)) {
            sink(event);
        }
    };
    let options = SpeechOptions { language, ..options.clone() };
    let second = run_pass(audio, vad, recognizer, &options, &mut progress)?;
    Ok(other_language::more_confident(first, second))
}

/// Transcribes in one language.
fn run_pass(
    audio: &Audio,
    vad: &mut dyn Vad,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    sink: &mut dyn FnMut(SpeechEvent),
) -> Result<Recognition, SpeechError> {
    let normaliser = Normaliser::new().map_err(|error| SpeechError::Engine(error.to_string()))?;
    let mut pass = Pass {
        audio,
        speech: Vec::new(),
        language: (options.language != AUTO).then(|| options.language.clone()),
        written: WrittenReport::new(&options.written, &normaliser),
        normaliser,
        corrections: &options.corrections,
        stop: &options.stop,
    };
    let mut builder = TranscriptBuilder::new(sink);
    if let Some((window, speech)) = first_window(audio, vad)? {
        pass.speech = speech;
        builder.add(recognize_alone(&mut pass, recognizer, options, &window)?, &window);
    }
    let from = pass.speech.last().map_or(0, |region| region.end_ms);
    let speech = detect_from(audio, vad, from)?;
    pass.speech.extend_from_slice(&speech);
    let windows = pack(&speech, options.threads.min(parallel::MAX_WORKERS) as usize);
    builder.total_ms = Some(builder.done_ms + windows.iter().map(Window::length_ms).sum::<u64>());
    // The first text tells the language; other windows wait for it.
    let mut begun = 0;
    while let (None, Some(window)) = (&pass.language, windows.get(begun)) {
        builder.add(recognize_alone(&mut pass, recognizer, options, window)?, window);
        begun += 1;
    }
    let rest = &windows[begun..];
    if !rest.is_empty() {
        let (count, threads) = parallel::split(options.threads, rest.len());
        let workers =
            (0..count).map(|_| Ok(PassWorker { session: recognizer.session()?, threads }));
        let workers = workers.collect::<Result<Vec<_>, SpeechError>>()?;
        // Few windows are divided among the workers.
        let batch = recognizer.batch().min(rest.len().div_ceil(count)).max(1);
        let batches: Vec<&[Window]> = rest.chunks(batch).collect();
        let recognize = |worker: &mut PassWorker<'_>, index: usize| {
            Ok::<_, SpeechError>((pass.windows(worker, batches[index])?, batches[index]))
        };
        parallel::in_order(workers, 0..batches.len(), recognize, |(texts, windows)| {
            for (text, window) in texts.into_iter().zip(windows) {
                builder.add(text, window);
            }
        })?;
    }
    let transcript = Transcript {
        language: pass.language.unwrap_or_else(|| "zh".to_owned()),
        no_speech: pass.speech.is_empty(),
        duration_ms: audio.duration_ms(),
        segments: builder.segments,
        speech: pass.speech,
        recognizer: record(recognizer, options),
    };
    Ok(Recognition { transcript, raw: builder.raw })
}

/// The record of engine, model and corrections.
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

/// Recognises a window on all threads. Its language becomes the pass's.
fn recognize_alone(
    pass: &mut Pass<'_>,
    recognizer: &dyn Recognizer,
    options: &SpeechOptions,
    window: &Window,
) -> Result<WindowText, SpeechError> {
    let mut worker = PassWorker { session: recognizer.session()?, threads: options.threads };
    let text = pass.windows(&mut worker, std::slice::from_ref(window))?.into_iter().next();
    let text = text.ok_or_else(|| SpeechError::Engine("no result for a window".into()))?;
    pass.language.clone_from(&text.language);
    Ok(text)
}

/// A window with the first words of a long recording, and its speech regions, so that text appears before
/// speech is detected in the rest.
fn first_window(
    audio: &Audio,
    vad: &mut dyn Vad,
) -> Result<Option<(Window, Vec<SpeechRegion>)>, SpeechError> {
    if audio.duration_ms() < LONG_MS {
        return Ok(None);
    }
    let mut regions = vad.detect(&audio.slice(0, HEAD_MS))?;
    // A region that reaches the end may continue after it.
    regions.retain(|region| region.end_ms + CLEAR_MS <= HEAD_MS);
    Ok(pack::first(&regions).map(|(window, count)| {
        regions.truncate(count);
        (window, regions)
    }))
}

/// Detects speech from `from_ms` on, in portions.
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
        // A region that reaches the end may continue after it: the next portion begins with it.
        let open = |region: &SpeechRegion| region.end_ms + CLEAR_MS > end && region.start_ms > at;
        let continued = regions.pop_if(|region| end < audio.duration_ms() && open(region));
        at = continued.map_or(end, |region| region.start_ms);
        found.extend(regions);
    }
    Ok(found)
}

/// Assembles the transcript window by window.
struct TranscriptBuilder<'a> {
    segments: Vec<Segment>,
    raw: Vec<Segment>,
    done_ms: u64,
    /// The duration of all windows, once it is known.
    total_ms: Option<u64>,
    sink: &'a mut dyn FnMut(SpeechEvent),
}

impl<'a> TranscriptBuilder<'a> {
    fn new(sink: &'a mut dyn FnMut(SpeechEvent)) -> Self {
        Self { segments: Vec::new(), raw: Vec::new(), done_ms: 0, total_ms: None, sink }
    }

    fn add(&mut self, mut text: WindowText, window: &Window) {
        self.done_ms += window.length_ms();
        if self.total_ms == Some(self.done_ms) && text.language.as_deref() == Some("zh") {
            ending::finish(&mut text.segments);
        }
        self.raw.extend(text.raw);
        for mut segment in text.segments {
            let earliest = self.segments.last().map_or(0, |last| last.end_ms);
            segment.start_ms = segment.start_ms.max(earliest);
            segment.end_ms = segment.end_ms.max(segment.start_ms);
            (self.sink)(SpeechEvent::Partial(segment.clone()));
            self.segments.push(segment);
        }
        if let Some(total_ms) = self.total_ms {
            #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
            (self.sink)(SpeechEvent::Progress(self.done_ms as f32 / total_ms.max(1) as f32));
        }
    }
}

#[cfg(test)]
mod tests;
