//! The request loop of a child.

use std::io;
use std::process::ExitCode;
use std::sync::{Arc, mpsc};

use huibao_models::domain::failure::Failure;

use super::outbox::Outbox;
use super::protocol::{
    CallId, ChildCommand, ChildEvent, ChildOutput, ChildRequest, ChildTask, FileTask,
};
use super::recognitions::Recognitions;
use crate::media::{self, MediaLimits, TranscodeOptions};
use crate::written::{self, WrittenLimits};

/// Short side and frame rate of a rendition: playable in a phone's browser on any network.
const MAX_SHORT_SIDE: u32 = 720;
const MAX_FRAME_RATE: u32 = 30;

/// Runs as a child: reads commands from standard input, runs their tasks and writes messages to standard
/// output, until the input ends.
pub fn child_main() -> ExitCode {
    let outbox = Arc::new(Outbox::new());
    // While there is one thread: what is set for it then holds for those that it starts.
    let Some(first) = first_command(&outbox) else { return ExitCode::SUCCESS };
    let mut recognitions = Recognitions::new(Arc::clone(&outbox));
    for command in [first].into_iter().chain(commands(Arc::clone(&outbox))) {
        match command {
            ChildCommand::Begin { call, request } => {
                begin(&mut recognitions, &outbox, call, *request);
            }
            ChildCommand::Cancel { call } => recognitions.cancel(call),
        }
    }
    ExitCode::SUCCESS
}

/// Reads the first command and confines this process to what its request needs.
fn first_command(outbox: &Outbox) -> Option<ChildCommand> {
    let command = parse(&io::stdin().lines().next()?.ok()?);
    if let ChildCommand::Begin { call, request } = &command {
        outbox.expect_answer();
        if let Err(error) = request.access.enforce() {
            outbox.answer(*call, Err(Failure::internal(error)));
            return None;
        }
    }
    Some(command)
}

/// The parent is the same binary: a malformed line is a bug.
fn parse(line: &str) -> ChildCommand {
    let Ok(command) = serde_json::from_str(line) else { std::process::abort() };
    command
}

/// The further commands on standard input. If it closes while a task runs, the parent has ended, and this
/// process aborts whatever native code is doing.
fn commands(outbox: Arc<Outbox>) -> mpsc::Receiver<ChildCommand> {
    let (sender, receiver) = mpsc::channel();
    std::thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            let command = parse(&line);
            if matches!(command, ChildCommand::Begin { .. }) {
                outbox.expect_answer();
            }
            if sender.send(command).is_err() {
                return;
            }
        }
        if outbox.has_open_requests() {
            // Not `exit`, whose handlers would run while other threads are still running.
            std::process::abort();
        }
    });
    receiver
}

fn begin(recognitions: &mut Recognitions, outbox: &Outbox, call: CallId, request: ChildRequest) {
    let ChildRequest { limits, task, access: _ } = request;
    match task {
        ChildTask::Transcribe(task) => {
            if let Err(failure) = recognitions.begin(call, limits, task) {
                outbox.answer(call, Err(failure));
            }
        }
        ChildTask::File(task) => {
            let mut progress = |fraction| outbox.send(call, ChildEvent::Progress(fraction));
            let output = limits.apply().map_err(Failure::from);
            outbox.answer(call, output.and_then(|()| process_file(task, &mut progress)));
        }
    }
}

fn process_file(task: FileTask, progress: media::Progress<'_>) -> Result<ChildOutput, Failure> {
    match task {
        FileTask::Ingest { video, audio, poster, peaks, max_duration_ms, max_pixels } => {
            let limits = MediaLimits { max_duration_ms, max_pixels };
            let media = media::ingest(&video, &limits, &audio, &poster, progress)?;
            media::write_peaks(&audio, &peaks)?;
            Ok(ChildOutput::Ingest(Box::new(media)))
        }
        FileTask::Written { document, name, max_bytes } => {
            let limits = WrittenLimits { max_file_bytes: max_bytes, ..WrittenLimits::default() };
            Ok(ChildOutput::Written(written::extract(&document, &name, &limits)?))
        }
        FileTask::Convert { libreoffice, document, output, to } => {
            written::convert(&libreoffice, &document, &output, to)?;
            Ok(ChildOutput::Files)
        }
        FileTask::Page { photo, page, max_bytes } => {
            written::page(&photo, &page, max_bytes)?;
            Ok(ChildOutput::Files)
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
