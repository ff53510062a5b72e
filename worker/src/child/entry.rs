//! The child's side: commands in, news out.

use std::io::{self, Write};
use std::process::ExitCode;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc;

use huibao_models::domain::failure::Failure;

use super::desk::Desk;
use super::{
    CallId, ChildCommand, ChildMessage, ChildNews, ChildOutput, ChildRequest, ChildTask, FileTask,
};
use crate::media::{self, MediaLimits, TranscodeOptions};
use crate::written::{self, WrittenLimits};

/// Short side and frame rate of a rendition: what a phone's browser plays on any network.
const MAX_SHORT_SIDE: u32 = 720;
const MAX_FRAME_RATE: u32 = 30;

/// How many requests are without an answer.
static OPEN: AtomicUsize = AtomicUsize::new(0);

/// Runs as a child: reads commands from standard input, does what they ask, and answers on standard
/// output. Ends when the input does.
pub fn child_main() -> ExitCode {
    let mut desk = Desk::default();
    for command in commands() {
        match command {
            ChildCommand::Begin { call, request } => begin(&mut desk, call, request),
            ChildCommand::Stop { call } => desk.stop(call),
        }
    }
    ExitCode::SUCCESS
}

/// The commands on standard input. When it closes in the middle of work, the parent is gone, and this
/// process ends whatever native code is doing.
fn commands() -> mpsc::Receiver<ChildCommand> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            // The parent is the same binary: what cannot be read is a bug, and not to be waited for.
            let Ok(command) = serde_json::from_str(&line) else { std::process::abort() };
            if matches!(command, ChildCommand::Begin { .. }) {
                OPEN.fetch_add(1, Ordering::SeqCst);
            }
            if sender.send(command).is_err() {
                return;
            }
        }
        if OPEN.load(Ordering::SeqCst) > 0 {
            // Not `exit`, whose handlers would run while other threads are at work.
            std::process::abort();
        }
    });
    receiver
}

/// News of a request. A parent that does not listen any more closes the input as well, which ends this
/// process.
pub fn tell(call: CallId, message: ChildMessage) {
    // Made of texts and numbers only.
    let Ok(mut line) = serde_json::to_vec(&ChildNews { call, message }) else { return };
    line.push(b'\n');
    let mut out = io::stdout().lock();
    let _ = out.write_all(&line).and_then(|()| out.flush());
}

/// The last word on a request.
pub fn answer(call: CallId, output: Result<ChildOutput, Failure>) {
    let message = match output {
        Ok(output) => ChildMessage::Done(output),
        Err(failure) => ChildMessage::Failed(failure),
    };
    // Before it is said: whoever has heard it may close the input at once.
    OPEN.fetch_sub(1, Ordering::SeqCst);
    tell(call, message);
}

fn begin(desk: &mut Desk, call: CallId, ChildRequest { limits, job }: ChildRequest) {
    match job {
        ChildTask::Transcribe(job) => {
            if let Err(failure) = desk.begin(call, limits, job) {
                answer(call, Err(failure));
            }
        }
        ChildTask::File(job) => {
            let mut progress = |fraction| tell(call, ChildMessage::Progress(fraction));
            let output = limits.apply().map_err(Failure::from);
            answer(call, output.and_then(|()| look_at(job, &mut progress)));
        }
    }
}

fn look_at(job: FileTask, progress: media::Progress<'_>) -> Result<ChildOutput, Failure> {
    match job {
        FileTask::Ingest { video, audio, poster, max_duration_ms, max_pixels } => {
            let limits = MediaLimits { max_duration_ms, max_pixels };
            let media = media::ingest(&video, &limits, &audio, &poster, progress)?;
            Ok(ChildOutput::Ingest(Box::new(media)))
        }
        FileTask::Written { document, name, max_bytes } => {
            let limits = WrittenLimits { max_file_bytes: max_bytes, ..WrittenLimits::default() };
            Ok(ChildOutput::Written(written::extract(&document, &name, &limits)?))
        }
        FileTask::Transcode { video, media, output, threads } => {
            let options = TranscodeOptions {
                threads,
                max_short_side: MAX_SHORT_SIDE,
                max_frame_rate: MAX_FRAME_RATE,
            };
            let rendition = media::transcode(&video, &media, &output, &options, progress)?;
            Ok(ChildOutput::Transcode(rendition))
        }
    }
}
