//! A pass over a recording: recognises windows in one language, checks the text, and recognises again
//! what the guards object to.

use chinese_text::normalise::Normaliser;
use huibao_models::domain::transcript::{Segment, SegmentFlag, SpeechRegion};

use super::audio::Audio;
use super::corrections::Corrections;
use super::error::SpeechError;
use super::guards::{self, uncovered};
use super::numbers;
use super::pack::Window;
use super::recognizer::{AskAlternatives, Effort, Request, Session, TextPiece};
use super::stop::Stop;
use super::words::{self, Untimed};
use super::written_report::{self, WrittenReport};

/// What all windows of a pass share.
pub struct Pass<'a> {
    /// The recording.
    pub audio: &'a Audio,
    /// Where there is speech.
    pub speech: Vec<SpeechRegion>,
    /// The language; `None` until the first window tells. It then stays: speakers do not change it in the
    /// middle, but models may seem to detect a change.
    pub language: Option<String>,
    /// Normalises Mandarin.
    pub normaliser: Normaliser,
    /// Corrections of homophones, and the terms of the prompt.
    pub corrections: &'a Corrections,
    /// What the recording is compared with.
    pub written: Option<WrittenReport>,
    /// Cancels the pass.
    pub stop: &'a Stop,
}

/// The result for a window.
pub struct WindowText {
    /// Segments in order of time.
    pub segments: Vec<Segment>,
    /// The unchanged output of the engine, with what was set aside.
    pub raw: Vec<Segment>,
    /// The detected language, if there is text.
    pub language: Option<String>,
}

/// A session and the threads it may use.
pub struct PassWorker<'a> {
    /// The engine's session.
    pub session: Box<dyn Session + 'a>,
    /// Threads it may use.
    pub threads: u32,
}

/// The pieces of a window, in the recording's times, and the language if there is text.
type Pieces = (Vec<TextPiece>, Option<String>);

/// The pieces of all attempts at a window.
struct Attempts {
    kept: Vec<TextPiece>,
    set_aside: Vec<TextPiece>,
}

impl Attempts {
    /// Sets pieces aside that have more text than can be said in their time. Returns the regions that are
    /// left without text.
    fn drop_too_dense(&mut self, inside: &[SpeechRegion]) -> Vec<SpeechRegion> {
        let (dense, kept): (Vec<_>, Vec<_>) =
            self.kept.drain(..).partition(|piece| guards::is_too_dense(piece, inside));
        self.kept = kept;
        let emptied = inside.iter().filter(|region| {
            dense.iter().any(|piece| overlaps(piece, region))
                && letters_within(&self.kept, region) == 0
        });
        let emptied = emptied.copied().collect();
        self.set_aside.extend(dense);
        emptied
    }
}

impl Pass<'_> {
    /// The text of each window. Each speech region has text or is marked as unclear.
    pub fn windows(
        &self,
        worker: &mut PassWorker<'_>,
        windows: &[Window],
    ) -> Result<Vec<WindowText>, SpeechError> {
        let first = self.recognize(worker, windows, self.language.as_deref(), Effort::Usual)?;
        let texts =
            windows.iter().zip(first).map(|(window, pieces)| self.check(worker, window, pieces));
        texts.collect()
    }

    /// Checks the first attempt at a window, and recognises again where needed.
    fn check(
        &self,
        worker: &mut PassWorker<'_>,
        window: &Window,
        (first, detected): Pieces,
    ) -> Result<WindowText, SpeechError> {
        let language = self.language.clone().or(detected);
        let inside: Vec<SpeechRegion> =
            self.speech.iter().filter(|region| is_inside(region, window)).copied().collect();
        let mut attempts = Attempts { kept: first, set_aside: Vec::new() };
        let looping = self.retry_loop(worker, window, language.as_deref(), &mut attempts)?;
        let mut unclear = self.fill_gaps(worker, &inside, language.as_deref(), &mut attempts)?;
        unclear.extend(attempts.drop_too_dense(&inside));

        let Attempts { mut kept, set_aside } = attempts;
        kept.retain(|piece| !piece.text.trim().is_empty());
        kept.sort_by_key(|piece| piece.start_ms);
        let raw = raw_segments(&kept, &set_aside);
        let written = self.written.as_ref();
        let findings = written.map(|written| written.findings(&kept, &self.normaliser));
        let findings = findings.unwrap_or_default();
        let untimed =
            kept.into_iter().map(|piece| self.segment(piece, language.as_deref(), looping));
        let mut segments = words::time(untimed.collect(), &inside, self.audio);
        if language.as_deref() == Some("zh") {
            let settled = written_report::apply(&findings, &mut segments);
            for (segment, settled) in segments.iter_mut().zip(&settled) {
                self.corrections.apply(segment, settled);
                numbers::write(segment);
            }
        }
        segments.extend(unclear.iter().map(unclear_segment));
        segments.sort_by_key(|segment| segment.start_ms);
        Ok(WindowText { segments, raw, language })
    }

    /// Recognises a window again if its text is a loop. Returns whether it still is.
    fn retry_loop(
        &self,
        worker: &mut PassWorker<'_>,
        window: &Window,
        language: Option<&str>,
        attempts: &mut Attempts,
    ) -> Result<bool, SpeechError> {
        if !guards::is_looping(&attempts.kept) {
            return Ok(false);
        }
        let (again, _) = self.recognize_carefully(worker, window, language)?;
        let looping = guards::is_looping(&again);
        if looping {
            attempts.set_aside.extend(again);
        } else {
            attempts.set_aside.append(&mut attempts.kept);
            attempts.kept = again;
        }
        Ok(looping)
    }

    /// Recognises regions without text, or with too little, again, each alone, and keeps the longer text.
    /// Returns the regions that still have none.
    fn fill_gaps(
        &self,
        worker: &mut PassWorker<'_>,
        inside: &[SpeechRegion],
        language: Option<&str>,
        attempts: &mut Attempts,
    ) -> Result<Vec<SpeechRegion>, SpeechError> {
        let mut unclear = Vec::new();
        for region in uncovered(inside, &attempts.kept) {
            let alone = Window { spans: vec![region] };
            let (again, _) = self.recognize_carefully(worker, &alone, language)?;
            let before = letters_within(&attempts.kept, &region);
            if letters(&again) > before {
                let (old, kept) =
                    attempts.kept.drain(..).partition(|piece| overlaps(piece, &region));
                attempts.set_aside.extend::<Vec<_>>(old);
                attempts.kept = kept;
                attempts.kept.extend(again);
                continue;
            }
            attempts.set_aside.extend(again);
            if before == 0 {
                unclear.push(region);
            }
        }
        Ok(unclear)
    }

    fn recognize_carefully(
        &self,
        worker: &mut PassWorker<'_>,
        window: &Window,
        language: Option<&str>,
    ) -> Result<Pieces, SpeechError> {
        let window = std::slice::from_ref(window);
        let pieces = self.recognize(worker, window, language, Effort::Careful)?;
        Ok(pieces.into_iter().next().unwrap_or_default())
    }

    /// Recognises windows. Times are the recording's.
    fn recognize(
        &self,
        worker: &mut PassWorker<'_>,
        windows: &[Window],
        language: Option<&str>,
        effort: Effort,
    ) -> Result<Vec<Pieces>, SpeechError> {
        self.stop.check()?;
        let terms = self.corrections.glossary.prompted();
        let written = self.written.as_ref().filter(|_| language.is_none_or(|code| code == "zh"));
        let ask = |pieces: &[&str]| {
            let asked = written.map(|written| written.alternatives(pieces, &self.normaliser));
            asked.unwrap_or_default()
        };
        let alternatives: Option<&AskAlternatives<'_>> =
            if written.is_some() { Some(&ask) } else { None };
        let request = Request { language, threads: worker.threads, effort, terms, alternatives };
        let samples: Vec<_> = windows.iter().map(|window| window.samples(self.audio)).collect();
        let samples: Vec<&[f32]> = samples.iter().map(Vec::as_slice).collect();
        let recognized = worker.session.recognize_all(&samples, &request)?;
        let each = windows.iter().zip(recognized).map(|(window, recognized)| {
            let language = (!recognized.pieces.is_empty()).then_some(recognized.language);
            let length = window.length_ms();
            let to_recording = |piece: TextPiece| TextPiece {
                start_ms: window.to_recording(piece.start_ms.min(length), false),
                end_ms: window.to_recording(piece.end_ms.min(length), true),
                ..piece
            };
            (recognized.pieces.into_iter().map(to_recording).collect(), language)
        });
        Ok(each.collect())
    }

    fn segment(&self, piece: TextPiece, language: Option<&str>, looping: bool) -> Untimed {
        let text = match language {
            None | Some("zh") => self.normaliser.normalise(&piece.text),
            Some(_) => piece.text.trim().to_owned(),
        };
        let mut flags = guards::flags(&text);
        if looping {
            flags.push(SegmentFlag::Repetition);
        }
        let segment = Segment {
            id: 0,
            start_ms: piece.start_ms,
            end_ms: piece.end_ms,
            flags,
            text,
            raw_text: piece.text,
            confidence: Some(piece.confidence),
            words: Vec::new(),
        };
        Untimed { segment, char_confidences: piece.char_confidences }
    }
}

fn is_inside(region: &SpeechRegion, window: &Window) -> bool {
    window.spans.iter().any(|s| s.start_ms <= region.start_ms && region.end_ms <= s.end_ms)
}

fn overlaps(piece: &TextPiece, region: &SpeechRegion) -> bool {
    piece.start_ms < region.end_ms && piece.end_ms > region.start_ms
}

fn letters<'a>(pieces: impl IntoIterator<Item = &'a TextPiece>) -> usize {
    pieces.into_iter().flat_map(|piece| piece.text.chars()).filter(|c| c.is_alphanumeric()).count()
}

fn letters_within(pieces: &[TextPiece], region: &SpeechRegion) -> usize {
    letters(pieces.iter().filter(|piece| overlaps(piece, region)))
}

fn raw_segments(kept: &[TextPiece], set_aside: &[TextPiece]) -> Vec<Segment> {
    let raw = |piece: &TextPiece, flags: &[SegmentFlag]| Segment {
        id: 0,
        start_ms: piece.start_ms,
        end_ms: piece.end_ms,
        text: piece.text.clone(),
        raw_text: piece.text.clone(),
        confidence: Some(piece.confidence),
        words: Vec::new(),
        flags: flags.to_vec(),
    };
    let kept = kept.iter().map(|piece| raw(piece, &[]));
    let set_aside = set_aside.iter().filter(|piece| !piece.text.trim().is_empty());
    let set_aside = set_aside.map(|piece| raw(piece, &[SegmentFlag::SetAside]));
    let mut all: Vec<Segment> = kept.chain(set_aside).collect();
    all.sort_by_key(|segment| segment.start_ms);
    all
}

fn unclear_segment(region: &SpeechRegion) -> Segment {
    Segment {
        id: 0,
        start_ms: region.start_ms,
        end_ms: region.end_ms,
        text: String::new(),
        raw_text: String::new(),
        confidence: None,
        words: Vec::new(),
        flags: vec![SegmentFlag::Unclear],
    }
}
