//! For `scripts/bench-speech`: recognises an audio file and prints the text, with Huibao's pipeline or as
//! whisper.cpp's command line does it.
//!
//! ```text
//! recognise huibao MODEL VAD_MODEL AUDIO.wav THREADS [WRITTEN.txt]
//! recognise words MODEL VAD_MODEL AUDIO.wav THREADS [EARLIER.txt]
//! recognise whisper.cpp greedy|beam MODEL AUDIO.wav THREADS
//! ```
//!
//! `words` prints each word on a line with how likely it is right and the evidence for that; EARLIER.txt is what another
//! model wrote.
//! The pipeline also reports on standard error after how many seconds, loading included, the first text
//! came.

#![expect(clippy::print_stdout, clippy::print_stderr, reason = "a command-line tool")]

use std::error::Error;
use std::path::Path;
use std::time::Instant;

use huibao_models::domain::transcript::Transcript;
use huibao_worker::speech::{
    Audio, Corrections, SileroVad, SpeechEvent, SpeechOptions, Stop, load_recognizer, sureness,
    transcribe,
};
use whisper_rs::{FullParams, SamplingStrategy, WhisperContext, WhisperContextParameters};

fn main() -> Result<(), Box<dyn Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let text = match arguments[..] {
        ["huibao", model, vad, audio, threads] => {
            text(recognised(model, vad, audio, threads.parse()?, "")?)
        }
        ["huibao", model, vad, audio, threads, written] => {
            let written = std::fs::read_to_string(written)?;
            text(recognised(model, vad, audio, threads.parse()?, &written)?)
        }
        ["words", model, vad, audio, threads] => {
            words(recognised(model, vad, audio, threads.parse()?, "")?, "")
        }
        ["words", model, vad, audio, threads, earlier] => {
            let earlier = std::fs::read_to_string(earlier)?;
            words(recognised(model, vad, audio, threads.parse()?, "")?, &earlier)
        }
        ["whisper.cpp", how, model, audio, threads] => {
            theirs(how == "beam", model, audio, threads.parse()?)?
        }
        _ => return Err("see the head of worker/examples/recognise.rs".into()),
    };
    println!("{text}");
    Ok(())
}

/// With the text of a written report, or none.
fn recognised(
    model: &str,
    vad: &str,
    audio: &str,
    threads: u32,
    written: &str,
) -> Result<Transcript, Box<dyn Error>> {
    let mut started = Some(Instant::now());
    let audio = Audio::read_wav(Path::new(audio))?.levelled();
    let mut vad = SileroVad::load(Path::new(vad))?;
    let recognizer = load_recognizer(Path::new(model))?;
    let corrections = Corrections { homophones: true, ..Corrections::default() };
    let options = SpeechOptions {
        language: "zh".into(),
        threads,
        corrections,
        written: written.to_owned(),
        stop: Stop::default(),
    };
    let mut sink = |event| {
        if let (SpeechEvent::Partial(_), Some(started)) = (event, started.take()) {
            eprintln!("first text after {:.1} s", started.elapsed().as_secs_f64());
        }
    };
    Ok(transcribe(&audio, &mut vad, &*recognizer, &options, &mut sink)?.transcript)
}

fn text(transcript: Transcript) -> String {
    transcript.segments.into_iter().map(|segment| segment.text).collect()
}

fn words(mut transcript: Transcript, earlier: &str) -> String {
    let evidence = sureness::features(&transcript, earlier);
    sureness::calibrate(&mut transcript, earlier);
    let words = transcript.segments.iter().flat_map(|segment| &segment.words);
    let lines = words.zip(evidence).map(|(word, evidence)| {
        let evidence = evidence.map(|value| format!("\t{value}")).concat();
        format!("{}\t{}{evidence}", word.text, word.confidence)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// The defaults of whisper.cpp's command line, except for flash attention, which is slower on CPUs in this
/// version.
fn theirs(beam: bool, model: &str, audio: &str, threads: i32) -> Result<String, Box<dyn Error>> {
    whisper_rs::install_logging_hooks();
    let audio = Audio::read_wav(Path::new(audio))?;
    let mut context = WhisperContextParameters::default();
    context.use_gpu(false);
    context.flash_attn(false);
    let context = WhisperContext::new_with_params(model, context)?;
    let mut state = context.create_state()?;
    let mut params = FullParams::new(if beam {
        SamplingStrategy::BeamSearch { beam_size: 5, patience: -1.0 }
    } else {
        SamplingStrategy::Greedy { best_of: 5 }
    });
    params.set_n_threads(threads);
    params.set_language(Some("zh"));
    params.set_print_progress(false);
    params.set_print_realtime(false);
    params.set_print_timestamps(false);
    state.full(params, &audio.slice(0, u64::MAX))?;
    let texts = state.as_iter().map(|segment| segment.to_bytes().map(<[u8]>::to_vec));
    let texts = texts.collect::<Result<Vec<_>, _>>()?;
    Ok(String::from_utf8_lossy(&texts.concat()).into_owned())
}
