//! Concurrent recognitions in a child, with one copy of the model.

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use huibao_models::domain::failure::Failure;
use huibao_models::domain::transcript::Recognition;

use super::limits::SharedLimits;
use super::outbox::Outbox;
use super::protocol::{CallId, ChildEvent, ChildOutput, ResourceLimits, TranscribeTask};
use crate::speech::{
    self, Audio, Corrections, Glossary, Recognizer, SileroVad, SpeechError, SpeechEvent,
    SpeechOptions, Stop,
};

/// The recognitions of a child, and the networks that it keeps between them.
pub struct Recognitions {
    outbox: Arc<Outbox>,
    engines: Option<Arc<Engines>>,
    running: Arc<Mutex<Running>>,
}

/// The recognitions that are running.
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
    /// Idle detectors. Each holds the state of one recording, and is small.
    vads: Mutex<Vec<SileroVad>>,
}

impl Recognitions {
    /// No recognition. Results will be sent through `outbox`.
    pub fn new(outbox: Arc<Outbox>) -> Self {
        Self { outbox, engines: None, running: Arc::default() }
    }

    /// Starts a recognition in a thread, which sends its result.
    pub fn begin(
        &mut self,
        call: CallId,
        limits: ResourceLimits,
        task: TranscribeTask,
    ) -> Result<(), Failure> {
        let stop = lock(&self.running).begin(call, limits)?;
        let engines = self.engines(&task.model, &task.vad_model);
        let engines = engines.inspect_err(|_| lock(&self.running).end(call))?;
        let (running, outbox) = (Arc::clone(&self.running), Arc::clone(&self.outbox));
        std::thread::spawn(move || {
            let abort = AbortOnPanic;
            let mut sink = |event| outbox.send(call, event);
            let recognition = transcribe(&task, &engines, stop, &mut sink);
            drop(abort);
            lock(&running).end(call);
            let recognition = recognition.map(|r| ChildOutput::Transcribe(Box::new(r)));
            outbox.answer(call, recognition.map_err(Failure::from));
        });
        Ok(())
    }

    /// Cancels a recognition.
    pub fn cancel(&self, call: CallId) {
        if let Some(stop) = lock(&self.running).stops.get(&call) {
            stop.now();
        }
    }

    /// The networks, loaded if they are not. A parent uses a child for one model only, so a replaced
    /// file is never mistaken for the old one.
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

/// A recognition that panics aborts the process, as a crash of native code does, so that the parent
/// handles both in the same way.
struct AbortOnPanic;

impl Drop for AbortOnPanic {
    fn drop(&mut self) {
        if std::thread::panicking() {
            std::process::abort();
        }
    }
}

fn transcribe(
    task: &TranscribeTask,
    engines: &Engines,
    stop: Stop,
    send: &mut dyn FnMut(ChildEvent),
) -> Result<Recognition, SpeechError> {
    let options = SpeechOptions {
        language: task.language.clone(),
        threads: task.threads,
        corrections: Corrections {
            glossary: Glossary::with(&task.glossary).0,
            homophones: task.homophones,
        },
        written: task.written.clone(),
        stop,
    };
    let audio = Audio::read_wav(&task.audio)?.levelled();
    let mut sink = |event| {
        send(match event {
            SpeechEvent::Progress(fraction) => ChildEvent::Progress(fraction),
            SpeechEvent::Partial(segment) => ChildEvent::Partial(segment),
        });
    };
    let idle = lock(&engines.vads).pop();
    let mut vad = match idle {
        Some(vad) => vad,
        None => SileroVad::load(&engines.vad_model)?,
    };
    let recognition =
        speech::transcribe(&audio, &mut vad, &*engines.recognizer, &options, &mut sink);
    lock(&engines.vads).push(vad);
    let mut recognition = recognition?;
    speech::sureness::calibrate(&mut recognition.transcript, &task.earlier);
    Ok(recognition)
}

/// The state is consistent after each statement, so a poisoned lock is usable.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
