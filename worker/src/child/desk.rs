//! Recognitions in a child, side by side with one copy of the model.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use huibao_models::domain::failure::Failure;
use huibao_models::domain::transcript::Recognition;

use super::entry::{answer, tell};
use super::limits::SharedLimits;
use super::{CallId, ChildMessage, ChildOutput, ResourceLimits, TranscribeTask};
use crate::speech::{
    self, Audio, Corrections, Glossary, Recognizer, SileroVad, SpeechError, SpeechEvent,
    SpeechOptions, Stop,
};

/// What a child keeps from one recognition to the next.
#[derive(Default)]
pub struct Desk {
    engines: Option<Arc<Engines>>,
    running: Arc<Mutex<Running>>,
}

/// What is being worked on.
#[derive(Default)]
struct Running {
    limits: SharedLimits,
    stops: HashMap<CallId, Stop>,
}

impl Running {
    fn begin(&mut self, call: CallId, limits: ResourceLimits) -> std::io::Result<Stop> {
        self.limits.add(call, limits)?;
        Ok(self.stops.entry(call).or_default().clone())
    }

    fn end(&mut self, call: CallId) {
        self.limits.remove(call);
        self.stops.remove(&call);
    }
}

/// The networks that recognition needs, loaded.
struct Engines {
    model: PathBuf,
    vad_model: PathBuf,
    recognizer: Box<dyn Recognizer>,
    /// Those that nobody uses: each keeps what it heard last. They are small.
    vads: Mutex<Vec<SileroVad>>,
}

impl Desk {
    /// Begins a recognition, which answers for itself.
    pub fn begin(
        &mut self,
        call: CallId,
        limits: ResourceLimits,
        job: TranscribeTask,
    ) -> Result<(), Failure> {
        let stop = lock(&self.running).begin(call, limits)?;
        let engines = self.engines(&job.model, &job.vad_model);
        let engines = engines.inspect_err(|_| lock(&self.running).end(call))?;
        let running = Arc::clone(&self.running);
        std::thread::spawn(move || {
            let crash = EndsWithPanic;
            let recognition = transcribe(call, &job, &engines, stop);
            drop(crash);
            lock(&running).end(call);
            let recognition = recognition.map(|r| ChildOutput::Transcribe(Box::new(r)));
            answer(call, recognition.map_err(Failure::from));
        });
        Ok(())
    }

    /// Has a recognition leave off.
    pub fn stop(&self, call: CallId) {
        if let Some(stop) = lock(&self.running).stops.get(&call) {
            stop.now();
        }
    }

    /// The networks, loaded unless they are already. A parent asks a child for one model only, so
    /// that a file which was replaced is never taken for the old one.
    fn engines(&mut self, model: &Path, vad_model: &Path) -> Result<Arc<Engines>, SpeechError> {
        let loaded = self.engines.take();
        let fits =
            |engines: &Arc<Engines>| engines.model == model && engines.vad_model == vad_model;
        let engines = match loaded.filter(fits) {
            Some(engines) => engines,
            None => Arc::new(Engines {
                model: model.to_owned(),
                vad_model: vad_model.to_owned(),
                recognizer: speech::load_recognizer(model)?,
                vads: Mutex::new(vec![SileroVad::load(vad_model)?]),
            }),
        };
        Ok(Arc::clone(self.engines.insert(engines)))
    }
}

/// A recognition that panics takes its process with it, as native code that crashes does, so that
/// the parent is told of it in one way.
struct EndsWithPanic;

impl Drop for EndsWithPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

fn transcribe(
    call: CallId,
    job: &TranscribeTask,
    engines: &Engines,
    stop: Stop,
) -> Result<Recognition, SpeechError> {
    let options = SpeechOptions {
        language: job.language.clone(),
        threads: job.threads,
        corrections: Corrections {
            glossary: Glossary::with(&job.glossary).0,
            homophones: job.homophones,
        },
        stop,
    };
    let audio = Audio::read_wav(&job.audio)?.levelled();
    let mut sink = |event| {
        let message = match event {
            SpeechEvent::Progress(fraction) => ChildMessage::Progress(fraction),
            SpeechEvent::Partial(segment) => ChildMessage::Partial(segment),
        };
        tell(call, message);
    };
    let idle = lock(&engines.vads).pop();
    let mut vad = match idle {
        Some(vad) => vad,
        None => SileroVad::load(&engines.vad_model)?,
    };
    let recognition =
        speech::transcribe(&audio, &mut vad, &*engines.recognizer, &options, &mut sink);
    lock(&engines.vads).push(vad);
    recognition
}

/// What is behind it is whole after each step, whoever panicked.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
