//! One window: heard, looked over by the guards, heard again where they object.

use huibao_models::transcript::{Segment, SegmentFlag, SpeechRegion};

use super::guards::{self, is_loop, uncovered};
use super::normalise::Normaliser;
use super::pack::Window;
use super::words::{self, Unplaced};
use super::{Audio, Effort, Piece, Request, Session, SpeechError};

/// What all windows of a recording have in common.
pub struct Hearing<'a> {
    /// The recording.
    pub audio: &'a Audio,
    /// Where somebody speaks.
    pub speech: Vec<SpeechRegion>,
    /// Once known, it stays: people do not change it in the middle, models think they do.
    pub language: Option<String>,
    /// Makes text readable.
    pub normaliser: Normaliser,
}

/// What was heard in a window.
pub struct Passage {
    /// Segments in order of time.
    pub segments: Vec<Segment>,
    /// The language as the model heard it, if there was text.
    pub language: Option<String>,
}

/// Who listens, and with how many threads.
pub struct Ear<'a> {
    /// The engine's session.
    pub session: Box<dyn Session + 'a>,
    /// Threads it may use.
    pub threads: u32,
}

impl Hearing<'_> {
    /// The segments of a window, each speech region accounted for.
    pub fn window(&self, ear: &mut Ear<'_>, window: &Window) -> Result<Passage, SpeechError> {
        let (mut pieces, heard) =
            self.listen(ear, window, self.language.as_deref(), Effort::Usual)?;
        let language = self.language.clone().or(heard);
        let language = language.as_deref();
        if pieces.iter().any(|piece| is_loop(&piece.text)) {
            let (again, _) = self.listen(ear, window, language, Effort::Careful)?;
            if !again.iter().any(|piece| is_loop(&piece.text)) {
                pieces = again;
            }
        }
        let inside: Vec<SpeechRegion> =
            self.speech.iter().filter(|region| is_inside(region, window)).copied().collect();
        let mut unclear = Vec::new();
        for region in uncovered(&inside, &pieces) {
            let alone = Window { spans: vec![region] };
            let (again, _) = self.listen(ear, &alone, language, Effort::Careful)?;
            if letters(&again) > letters_within(&pieces, &region) {
                pieces.retain(|piece| !overlaps(piece, &region));
                pieces.extend(again);
            } else if letters_within(&pieces, &region) == 0 {
                unclear.push(region);
            }
        }
        let language = language.map(str::to_owned);
        pieces.retain(|piece| !piece.text.trim().is_empty());
        pieces.sort_by_key(|piece| piece.start_ms);
        let unplaced = pieces.into_iter().map(|piece| self.segment(piece, language.as_deref()));
        let mut segments = words::place(unplaced.collect(), &inside, self.audio);
        segments.extend(unclear.iter().map(unclear_segment));
        segments.sort_by_key(|segment| segment.start_ms);
        Ok(Passage { segments, language })
    }

    /// Hears a window; times are the recording's. Also the language, if there was text.
    fn listen(
        &self,
        ear: &mut Ear<'_>,
        window: &Window,
        language: Option<&str>,
        effort: Effort,
    ) -> Result<(Vec<Piece>, Option<String>), SpeechError> {
        let request = Request { language, threads: ear.threads, effort };
        let heard = ear.session.recognize(&window.samples(self.audio), &request)?;
        let language = (!heard.pieces.is_empty()).then_some(heard.language);
        let length = window.length_ms();
        let to_recording = |piece: Piece| Piece {
            start_ms: window.to_recording(piece.start_ms.min(length), false),
            end_ms: window.to_recording(piece.end_ms.min(length), true),
            ..piece
        };
        Ok((heard.pieces.into_iter().map(to_recording).collect(), language))
    }

    fn segment(&self, piece: Piece, language: Option<&str>) -> Unplaced {
        let text = self.normaliser.normalise(&piece.text, language.unwrap_or("zh"));
        let segment = Segment {
            start_ms: piece.start_ms,
            end_ms: piece.end_ms,
            flags: guards::flags(&text),
            text,
            raw_text: piece.text,
            confidence: Some(piece.confidence),
            words: Vec::new(),
        };
        Unplaced { segment, sureness: piece.sureness }
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
