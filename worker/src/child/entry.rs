//! The child's side: one request in, messages out.

use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::ExitCode;

use huibao_models::failure::Failure;
use huibao_models::transcript::Transcript;

use super::{ChildJob, ChildMessage, ChildOutput, ChildRequest};
use crate::media::{self, MediaLimits, TranscodeOptions};
use crate::speech::{self, Audio, SileroVad, SpeechEvent, SpeechOptions};
use crate::written::{self, WrittenLimits};

/// Short side and frame rate of a rendition: what a phone's browser plays on any network.
const MAX_SHORT_SIDE: u32 = 720;
const MAX_FRAME_RATE: u32 = 30;

/// Runs as a child: reads a request from standard input, does it, and answers on standard output.
pub fn child_main() -> ExitCode {
    let answer = match read_request() {
        Ok(request) => {
            end_with_parent();
            run(&request)
        }
        Err(failure) => Err(failure),
    };
    let word = match answer {
        Ok(output) => ChildMessage::Done(output),
        Err(failure) => ChildMessage::Failed(failure),
    };
    if say(&word).is_ok() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn read_request() -> Result<ChildRequest, Failure> {
    let mut line = String::new();
    io::stdin().lock().read_line(&mut line)?;
    serde_json::from_str(&line).map_err(Failure::internal)
}

/// Ends this process as soon as the parent is gone, whatever native code is doing.
fn end_with_parent() {
    std::thread::spawn(|| {
        let mut nothing = [0; 1];
        // The parent never writes again: this returns when its end of the pipe closes.
        let _ = io::stdin().lock().read(&mut nothing);
        // Not `exit`, whose handlers would run while other threads are at work.
        std::process::abort();
    });
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

fn run(request: &ChildRequest) -> Result<ChildOutput, Failure> {
    request.limits.apply()?;
    let progress = &mut |fraction| tell(&ChildMessage::Progress(fraction));
    match &request.job {
        ChildJob::Ingest { video, audio, poster, max_duration_ms, max_pixels } => {
            let limits = MediaLimits { max_duration_ms: *max_duration_ms, max_pixels: *max_pixels };
            let media = media::ingest(video, &limits, audio, poster, progress)?;
            Ok(ChildOutput::Ingest(Box::new(media)))
        }
        ChildJob::Written { document, name, max_bytes } => {
            let limits = WrittenLimits { max_file_bytes: *max_bytes, ..WrittenLimits::default() };
            Ok(ChildOutput::Written(written::extract(document, name, &limits)?))
        }
        ChildJob::Transcode { video, media, output, threads } => {
            let options = TranscodeOptions {
                threads: *threads,
                max_short_side: MAX_SHORT_SIDE,
                max_frame_rate: MAX_FRAME_RATE,
            };
            let rendition = media::transcode(video, media, output, &options, progress)?;
            Ok(ChildOutput::Transcode(rendition))
        }
        ChildJob::Transcribe { audio, model, vad_model, language, threads } => {
            let options = SpeechOptions { language: language.clone(), threads: *threads };
            let transcript = transcribe(audio, model, vad_model, &options)?;
            Ok(ChildOutput::Transcribe(Box::new(transcript)))
        }
    }
}

fn transcribe(
    audio: &Path,
    model: &Path,
    vad_model: &Path,
    options: &SpeechOptions,
) -> Result<Transcript, Failure> {
    let audio = Audio::read_wav(audio)?;
    let mut vad = SileroVad::load(vad_model)?;
    let recognizer = speech::load_recognizer(model)?;
    let mut sink = |event| match event {
        SpeechEvent::Progress(fraction) => tell(&ChildMessage::Progress(fraction)),
        SpeechEvent::Partial(segment) => tell(&ChildMessage::Partial(segment)),
    };
    Ok(speech::transcribe(&audio, &mut vad, &*recognizer, options, &mut sink)?)
}
