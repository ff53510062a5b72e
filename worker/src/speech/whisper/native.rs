//! The `whisper-cpu` crate as a [`Recognizer`].

use std::path::Path;

use huibao_models::domain::transcript::RecognizerInfo;
use whisper_cpu::{Arithmetic, Model, Segment, TokenFilter, TranscribeOptions, Transcription};

use super::shared::{audio_context, info, load_and_hash, prompt};
use crate::speech::error::SpeechError;
use crate::speech::recognizer::{
    Alternative, Effort, Recognized, Recognizer, Request, ScoredAlternative, Session, TextPiece,
};

/// A model that is loaded by `whisper-cpu`.
pub struct WhisperCpu {
    model: Model,
    mandarin: TokenFilter,
    any_language: TokenFilter,
    info: RecognizerInfo,
}

impl WhisperCpu {
    /// Loads a ggml model, by default for the arithmetic that is best on this processor.
    pub fn load(path: &Path, arithmetic: Option<Arithmetic>) -> Result<Self, SpeechError> {
        let load = || Model::load(path, arithmetic).map_err(|error| error.to_string());
        let (model, sha256) = load_and_hash(path, load)?;
        let mandarin = model.token_filter(whisper_cpu::MANDARIN);
        let any_language = model.token_filter(whisper_cpu::ANY);
        let info = info(path, format!("huibao {}", env!("CARGO_PKG_VERSION")), sha256);
        Ok(Self { model, mandarin, any_language, info })
    }
}

impl Recognizer for WhisperCpu {
    fn info(&self) -> RecognizerInfo {
        self.info.clone()
    }

    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError> {
        Ok(Box::new(self))
    }

    fn batch(&self) -> usize {
        whisper_cpu::MAX_BATCH
    }
}

impl Session for &WhisperCpu {
    fn recognize(
        &mut self,
        samples: &[f32],
        request: &Request<'_>,
    ) -> Result<Recognized, SpeechError> {
        let recognized = self.recognize_all(&[samples], request)?.into_iter().next();
        recognized.ok_or_else(|| SpeechError::Engine("no transcription of a window".into()))
    }

    fn recognize_all(
        &mut self,
        windows: &[&[f32]],
        request: &Request<'_>,
    ) -> Result<Vec<Recognized>, SpeechError> {
        let mandarin = request.language == Some("zh");
        let ask = |segments: &[&Segment]| {
            let texts: Vec<&str> = segments.iter().map(|segment| segment.text.as_str()).collect();
            let asked = request.alternatives.map(|ask| ask(&texts)).unwrap_or_default();
            asked.into_iter().map(to_engine).collect()
        };
        let options = TranscribeOptions {
            language: request.language,
            prompt: &prompt(request),
            filter: if mandarin { &self.mandarin } else { &self.any_language },
            audio_context: audio_context(request.effort),
            // Usually the guards check the text and decide whether it is recognised again.
            temperature_fallback: request.effort == Effort::Careful,
            threads: request.threads,
            alternatives: request.alternatives.is_some().then_some(&ask),
        };
        let transcriptions = self.model.transcribe(windows, &options);
        Ok(transcriptions.into_iter().map(|text| recognized(text, request)).collect())
    }
}

fn recognized(transcription: Transcription, request: &Request<'_>) -> Recognized {
    let pieces = transcription.segments.into_iter().map(|segment| TextPiece {
        start_ms: segment.start_ms,
        end_ms: segment.end_ms,
        text: segment.text,
        confidence: segment.probability,
        char_confidences: segment.char_probabilities,
        alternatives: Vec::new(),
    });
    let mut pieces: Vec<TextPiece> = pieces.collect();
    for whisper_cpu::ScoredAlternative { alternative, recognised, instead } in
        transcription.alternatives
    {
        let whisper_cpu::Alternative { segment, characters, text } = alternative;
        if let Some(piece) = pieces.get_mut(segment) {
            piece.alternatives.push(ScoredAlternative { characters, text, recognised, instead });
        }
    }
    let language = request.language.or(transcription.language).unwrap_or("zh");
    Recognized { language: language.to_owned(), pieces }
}

fn to_engine(Alternative { piece, characters, text }: Alternative) -> whisper_cpu::Alternative {
    whisper_cpu::Alternative { segment: piece, characters, text }
}
