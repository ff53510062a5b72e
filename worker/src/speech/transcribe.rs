//! The whole way from sound to a transcript.

use huibao_models::transcript::{Segment, SegmentFlag, SpeechRegion, Transcript};

use super::guards::{self, is_loop, uncovered};
use super::normalise::Normaliser;
use super::pack::{Window, pack};
use super::{AUTO, Audio, Effort, Piece, Recognizer, Request, SpeechError, Vad};

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
    recognizer: &mut dyn Recognizer,
    options: &SpeechOptions,
    sink: &mut dyn FnMut(SpeechEvent),
) -> Result<Transcript, SpeechError> {
    let speech = vad.detect(audio)?;
    let windows = pack(&speech);
    let total_ms: u64 = windows.iter().map(Window::length_ms).sum();
    let mut hearing = Hearing {
        audio,
        recognizer,
        threads: options.threads,
        language: (options.language != AUTO).then(|| options.language.clone()),
        normaliser: Normaliser::new()?,
    };
    let (mut segments, mut done_ms): (Vec<Segment>, u64) = (Vec::new(), 0);
    for window in &windows {
        for mut segment in hearing.window(window, &speech)? {
            let earliest = segments.last().map_or(0, |last: &Segment| last.end_ms);
            segment.start_ms = segment.start_ms.max(earliest);
            segment.end_ms = segment.end_ms.max(segment.start_ms);
            sink(SpeechEvent::Partial(segment.clone()));
            segments.push(segment);
        }
        done_ms += window.length_ms();
        #[expect(clippy::cast_precision_loss, reason = "a fraction for display")]
        sink(SpeechEvent::Progress(done_ms as f32 / total_ms.max(1) as f32));
    }
    Ok(Transcript {
        language: hearing.language.unwrap_or_else(|| "zh".to_owned()),
        no_speech: speech.is_empty(),
        duration_ms: audio.duration_ms(),
        segments,
        speech,
        recognizer: hearing.recognizer.info(),
    })
}

struct Hearing<'a> {
    audio: &'a Audio,
    recognizer: &'a mut dyn Recognizer,
    threads: u32,
    /// Once found out, it stays: people do not change it in the middle, models think they do.
    language: Option<String>,
    normaliser: Normaliser,
}

impl Hearing<'_> {
    /// The segments of a window, each speech region accounted for.
    fn window(
        &mut self,
        window: &Window,
        speech: &[SpeechRegion],
    ) -> Result<Vec<Segment>, SpeechError> {
        let mut pieces = self.listen(window, Effort::Usual)?;
        if pieces.iter().any(|piece| is_loop(&piece.text)) {
            let again = self.listen(window, Effort::Careful)?;
            if !again.iter().any(|piece| is_loop(&piece.text)) {
                pieces = again;
            }
        }
        let inside: Vec<SpeechRegion> =
            speech.iter().filter(|region| is_inside(region, window)).copied().collect();
        let mut unclear = Vec::new();
        for region in uncovered(&inside, &pieces) {
            let alone = Window { spans: vec![region] };
            let again = self.listen(&alone, Effort::Careful)?;
            if letters(&again) > letters_within(&pieces, &region) {
                pieces.retain(|piece| !overlaps(piece, &region));
                pieces.extend(again);
            } else if letters_within(&pieces, &region) == 0 {
                unclear.push(region);
            }
        }
        let mut segments: Vec<Segment> = pieces
            .into_iter()
            .filter(|piece| !piece.text.trim().is_empty())
            .map(|piece| self.segment(piece))
            .collect();
        segments.extend(unclear.iter().map(unclear_segment));
        segments.sort_by_key(|segment| segment.start_ms);
        Ok(segments)
    }

    /// Hears a window; times are the recording's.
    fn listen(&mut self, window: &Window, effort: Effort) -> Result<Vec<Piece>, SpeechError> {
        let request = Request { language: self.language.as_deref(), threads: self.threads, effort };
        let samples = window.samples(self.audio);
        let heard = self.recognizer.recognize(&samples, &request)?;
        if self.language.is_none() && !heard.pieces.is_empty() {
            self.language = Some(heard.language);
        }
        let length = window.length_ms();
        let to_recording = |piece: Piece| Piece {
            start_ms: window.to_recording(piece.start_ms.min(length), false),
            end_ms: window.to_recording(piece.end_ms.min(length), true),
            ..piece
        };
        Ok(heard.pieces.into_iter().map(to_recording).collect())
    }

    fn segment(&self, piece: Piece) -> Segment {
        let language = self.language.as_deref().unwrap_or("zh");
        let text = self.normaliser.normalise(&piece.text, language);
        Segment {
            start_ms: piece.start_ms,
            end_ms: piece.end_ms,
            flags: guards::flags(&text),
            text,
            raw_text: piece.text,
            confidence: Some(piece.confidence),
            words: Vec::new(),
        }
    }
}

fn is_inside(region: &SpeechRegion, window: &Window) -> bool {
    window.spans.iter().any(|s| s.start_ms <= region.start_ms && region.end_ms <= s.end_ms)
}

fn overlaps(piece: &Piece, region: &SpeechRegion) -> bool {
    piece.start_ms < region.end_ms && piece.end_ms > region.start_ms
}

fn letters<'a>(pieces: impl IntoIterator<Item = &'a Piece>) -> usize {
    pieces.into_iter().flat_map(|piece| piece.text.chars()).filter(|c| c.is_alphanumeric()).count()
}

fn letters_within(pieces: &[Piece], region: &SpeechRegion) -> usize {
    letters(pieces.iter().filter(|piece| overlaps(piece, region)))
}

fn unclear_segment(region: &SpeechRegion) -> Segment {
    Segment {
        start_ms: region.start_ms,
        end_ms: region.end_ms,
        text: String::new(),
        raw_text: String::new(),
        confidence: None,
        words: Vec::new(),
        flags: vec![SegmentFlag::Unclear],
    }
}

#[cfg(test)]
mod tests;
