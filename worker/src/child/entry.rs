//! The child's side: requests in, messages out.

use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;

use huibao_models::failure::Failure;
use huibao_models::transcript::Recognition;

use super::{ChildJob, ChildMessage, ChildOutput, ChildRequest};
use crate::media::{self, MediaLimits, TranscodeOptions};
use crate::speech::{
    self, Audio, Corrections, Glossary, Recognizer, SileroVad, SpeechEvent, SpeechOptions,
};
use crate::written::{self, WrittenLimits};

/// Short side and frame rate of a rendition: what a phone's browser plays on any network.
const MAX_SHORT_SIDE: u32 = 720;
const MAX_FRAME_RATE: u32 = 30;

/// Whether a request is being worked on.
static BUSY: AtomicBool = AtomicBool::new(false);

/// Runs as a child: reads requests from standard input, one after the other, does what they ask,
/// and answers on standard output. Ends when the input does.
pub fn child_main() -> ExitCode {
    let mut desk = Desk::default();
    for line in requests() {
        let answer = match serde_json::from_str(&line) {
            Ok(request) => desk.run(&request),
            Err(error) => Err(Failure::internal(error)),
        };
        let word = match answer {
            Ok(output) => ChildMessage::Done(output),
            Err(failure) => ChildMessage::Failed(failure),
        };
        // Before the last word: whoever has heard it may close the input at once.
        BUSY.store(false, Ordering::SeqCst);
        if say(&word).is_err() {
            return ExitCode::FAILURE;
        }
    }
    ExitCode::SUCCESS
}

/// The lines of standard input. When it closes in the middle of work, the parent is gone, and this
/// process ends whatever native code is doing.
fn requests() -> mpsc::Receiver<String> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            BUSY.store(true, Ordering::SeqCst);
            if sender.send(line).is_err() {
                return;
            }
        }
        if BUSY.load(Ordering::SeqCst) {
            // Not `exit`, whose handlers would run while other threads are at work.
            std::process::abort();
        }
    });
    receiver
}

fn say(message: &ChildMessage) -> io::Result<()> {
    let mut line = serde_json::to_vec(message)?;
    line.push(b'\n');
    let mut out = io::stdout().lock();
    out.write_all(&line)?;
    out.flush()
}

/// News on the way. A parent that does not listen any more ends this process by itself.
fn tell(message: &ChildMessage) {
    let _ = say(message);
}

/// What a child keeps from one request to the next.
#[derive(Default)]
struct Desk {
    engines: Option<Engines>,
}

/// The networks that recognition needs, loaded.
struct Engines {
    model: PathBuf,
    vad_model: PathBuf,
    recognizer: Box<dyn Recognizer>,
    vad: SileroVad,
}

impl Desk {
    fn run(&mut self, request: &ChildRequest) -> Result<ChildOutput, Failure> {
        match &request.job {
            ChildJob::Transcribe { .. } => request.limits.apply_anew()?,
            _ => request.limits.apply()?,
        }
        match &request.job {
            ChildJob::Ingest { video, audio, poster, max_duration_ms, max_pixels } => {
                let limits =
                    MediaLimits { max_duration_ms: *max_duration_ms, max_pixels: *max_pixels };
                let media = media::ingest(video, &limits, audio, poster, &mut progress)?;
                Ok(ChildOutput::Ingest(Box::new(media)))
            }
            ChildJob::Written { document, name, max_bytes } => {
                let limits =
                    WrittenLimits { max_file_bytes: *max_bytes, ..WrittenLimits::default() };
                Ok(ChildOutput::Written(written::extract(document, name, &limits)?))
            }
            ChildJob::Transcode { video, media, output, threads } => {
                let options = TranscodeOptions {
                    threads: *threads,
                    max_short_side: MAX_SHORT_SIDE,
                    max_frame_rate: MAX_FRAME_RATE,
                };
                let rendition = media::transcode(video, media, output, &options, &mut progress)?;
                Ok(ChildOutput::Transcode(rendition))
            }
            ChildJob::Transcribe {
                audio,
                model,
                vad_model,
                language,
                glossary,
                homophones,
                threads,
            } => {
                let options = SpeechOptions {
                    language: language.clone(),
                    threads: *threads,
                    corrections: Corrections {
                        glossary: Glossary::with(glossary).0,
                        homophones: *homophones,
                    },
                };
                let engines = self.engines(model, vad_model)?;
                let recognition = transcribe(audio, engines, &options)?;
                Ok(ChildOutput::Transcribe(Box::new(recognition)))
            }
        }
    }

    /// The networks, loaded unless they are already. A parent asks a child for one model only, so
    /// that a file which was replaced is never taken for the old one.
    fn engines(&mut self, model: &Path, vad_model: &Path) -> Result<&mut Engines, Failure> {
        let loaded = self.engines.take();
        let fits = |engines: &Engines| engines.model == model && engines.vad_model == vad_model;
        let engines = match loaded.filter(fits) {
            Some(engines) => engines,
            None => Engines {
                model: model.to_owned(),
                vad_model: vad_model.to_owned(),
                recognizer: speech::load_recognizer(model)?,
                vad: SileroVad::load(vad_model)?,
            },
        };
        Ok(self.engines.insert(engines))
    }
}

fn progress(fraction: f32) {
    tell(&ChildMessage::Progress(fraction));
}

fn transcribe(
    audio: &Path,
    engines: &mut Engines,
    options: &SpeechOptions,
) -> Result<Recognition, Failure> {
    let audio = Audio::read_wav(audio)?.levelled();
    let mut sink = |event| match event {
        SpeechEvent::Progress(fraction) => progress(fraction),
        SpeechEvent::Partial(segment) => tell(&ChildMessage::Partial(segment)),
    };
    let (vad, recognizer) = (&mut engines.vad, &*engines.recognizer);
    Ok(speech::transcribe(&audio, vad, recognizer, options, &mut sink)?)
}
