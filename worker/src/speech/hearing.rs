//! Windows: heard, looked over by the guards, heard again where they object.

use huibao_models::domain::transcript::{Segment, SegmentFlag, SpeechRegion};

use super::guards::{self, uncovered};
use super::normalise::Normaliser;
use super::numbers;
use super::pack::Window;
use super::words::{self, Unplaced};
use super::{Audio, Corrections, Effort, Piece, Request, Session, SpeechError, Stop};

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
    /// What puts words right, and knows which are likely to be said.
    pub corrections: &'a Corrections,
    /// Tells when to leave off.
    pub stop: &'a Stop,
}

/// What was heard in a window.
pub struct Passage {
    /// Segments in order of time.
    pub segments: Vec<Segment>,
    /// What the engine wrote, as it wrote it, also what was then set aside.
    pub raw: Vec<Segment>,
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

/// What was heard in a window, and the language, if there was text.
type Listened = (Vec<Piece>, Option<String>);

/// What was heard in a window, in one or more attempts.
struct Takes {
    kept: Vec<Piece>,
    set_aside: Vec<Piece>,
}

impl Takes {
    /// Sets pieces aside that have more text than can be said in their time. Returns the regions
    /// that are left without any.
    fn drop_overfull(&mut self, inside: &[SpeechRegion]) -> Vec<SpeechRegion> {
        let (overfull, kept): (Vec<_>, Vec<_>) =
            self.kept.drain(..).partition(|piece| guards::is_overfull(piece, inside));
        self.kept = kept;
        let emptied = inside.iter().filter(|region| {
            overfull.iter().any(|piece| overlaps(piece, region))
                && letters_within(&self.kept, region) == 0
        });
        let emptied = emptied.copied().collect();
        self.set_aside.extend(overfull);
        emptied
    }
}

impl Hearing<'_> {
    /// The segments of each window, each speech region accounted for.
    pub fn windows(
        &self,
        ear: &mut Ear<'_>,
        windows: &[Window],
    ) -> Result<Vec<Passage>, SpeechError> {
        let heard = self.listen(ear, windows, self.language.as_deref(), Effort::Usual)?;
        let passages =
            windows.iter().zip(heard).map(|(window, first)| self.look_over(ear, window, first));
        passages.collect()
    }

    /// The segments of a window, of what was heard in it first.
    fn look_over(
        &self,
        ear: &mut Ear<'_>,
        window: &Window,
        (first, heard): Listened,
    ) -> Result<Passage, SpeechError> {
        let language = self.language.clone().or(heard);
        let inside: Vec<SpeechRegion> =
            self.speech.iter().filter(|region| is_inside(region, window)).copied().collect();
        let mut takes = Takes { kept: first, set_aside: Vec::new() };
        let stuck = self.leave_circle(ear, window, language.as_deref(), &mut takes)?;
        let mut unclear = self.fill_gaps(ear, &inside, language.as_deref(), &mut takes)?;
        unclear.extend(takes.drop_overfull(&inside));

        let Takes { mut kept, set_aside } = takes;
        kept.retain(|piece| !piece.text.trim().is_empty());
        kept.sort_by_key(|piece| piece.start_ms);
        let raw = raw_segments(&kept, &set_aside);
        let unplaced =
            kept.into_iter().map(|piece| self.segment(piece, language.as_deref(), stuck));
        let mut segments = words::place(unplaced.collect(), &inside, self.audio);
        if language.as_deref() == Some("zh") {
            for segment in &mut segments {
                self.corrections.apply(segment);
                numbers::write(segment);
            }
        }
        segments.extend(unclear.iter().map(unclear_segment));
        segments.sort_by_key(|segment| segment.start_ms);
        Ok(Passage { segments, raw, language })
    }

    /// If the decoder got stuck, hears the window again. Returns whether it is stuck still.
    fn leave_circle(
        &self,
        ear: &mut Ear<'_>,
        window: &Window,
        language: Option<&str>,
        takes: &mut Takes,
    ) -> Result<bool, SpeechError> {
        if !guards::is_stuck(&takes.kept) {
            return Ok(false);
        }
        let (again, _) = self.listen_again(ear, window, language)?;
        let stuck = guards::is_stuck(&again);
        if stuck {
            takes.set_aside.extend(again);
        } else {
            takes.set_aside.append(&mut takes.kept);
            takes.kept = again;
        }
        Ok(stuck)
    }

    /// Hears regions again, each alone, that have no text or much too little, and keeps what is more.
    /// Returns those that still have none.
    fn fill_gaps(
        &self,
        ear: &mut Ear<'_>,
        inside: &[SpeechRegion],
        language: Option<&str>,
        takes: &mut Takes,
    ) -> Result<Vec<SpeechRegion>, SpeechError> {
        let mut unclear = Vec::new();
        for region in uncovered(inside, &takes.kept) {
            let alone = Window { spans: vec![region] };
            let (again, _) = self.listen_again(ear, &alone, language)?;
            let before = letters_within(&takes.kept, &region);
            if letters(&again) > before {
                let (old, kept) = takes.kept.drain(..).partition(|piece| overlaps(piece, &region));
                takes.set_aside.extend::<Vec<_>>(old);
                takes.kept = kept;
                takes.kept.extend(again);
                continue;
            }
            takes.set_aside.extend(again);
            if before == 0 {
                unclear.push(region);
            }
        }
        Ok(unclear)
    }

    fn listen_again(
        &self,
        ear: &mut Ear<'_>,
        window: &Window,
        language: Option<&str>,
    ) -> Result<Listened, SpeechError> {
        let heard = self.listen(ear, std::slice::from_ref(window), language, Effort::Careful)?;
        Ok(heard.into_iter().next().unwrap_or_default())
    }

    /// Hears windows; times are the recording's.
    fn listen(
        &self,
        ear: &mut Ear<'_>,
        windows: &[Window],
        language: Option<&str>,
        effort: Effort,
    ) -> Result<Vec<Listened>, SpeechError> {
        self.stop.check()?;
        let terms = self.corrections.glossary.prompted();
        let request = Request { language, threads: ear.threads, effort, terms };
        let samples: Vec<_> = windows.iter().map(|window| window.samples(self.audio)).collect();
        let samples: Vec<&[f32]> = samples.iter().map(Vec::as_slice).collect();
        let heard = ear.session.recognize_all(&samples, &request)?;
        let each = windows.iter().zip(heard).map(|(window, heard)| {
            let language = (!heard.pieces.is_empty()).then_some(heard.language);
            let length = window.length_ms();
            let to_recording = |piece: Piece| Piece {
                start_ms: window.to_recording(piece.start_ms.min(length), false),
                end_ms: window.to_recording(piece.end_ms.min(length), true),
                ..piece
            };
            (heard.pieces.into_iter().map(to_recording).collect(), language)
        });
        Ok(each.collect())
    }

    fn segment(&self, piece: Piece, language: Option<&str>, stuck: bool) -> Unplaced {
        let text = self.normaliser.normalise(&piece.text, language.unwrap_or("zh"));
        let mut flags = guards::flags(&text);
        if stuck {
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

fn raw_segments(kept: &[Piece], set_aside: &[Piece]) -> Vec<Segment> {
    let raw = |piece: &Piece, flags: &[SegmentFlag]| Segment {
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
