//! What the pipeline relies on in a speech engine, checked on every one there is. A new engine is
//! added to [`engines`].

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::path::{Path, PathBuf};
use std::process::Command;

use huibao_worker::speech::{
    Arithmetic, Audio, Effort, Heard, Native, Recognizer, Request, Session, WhisperCpp,
    is_language, load_recognizer,
};

/// An engine that has its answer ready, our own with either arithmetic and with the smallest of
/// Whisper's sizes, and whisper.cpp; with real weights.
fn engines(folder: &Path) -> Vec<Box<dyn Recognizer>> {
    let script = folder.join("script.json");
    std::fs::write(&script, r#"{"engine": "scripted", "text": "敬爱的党组织，您好！"}"#).unwrap();
    let model = models().join("ggml-base-q8_0.bin");
    vec![
        load_recognizer(&script).unwrap(),
        Box::new(Native::load(&model, Some(Arithmetic::Bytes)).unwrap()),
        Box::new(Native::load(&model, Some(Arithmetic::Plain)).unwrap()),
        load_recognizer(&models().join("ggml-tiny.bin")).unwrap(),
        Box::new(WhisperCpp::load(&model).unwrap()),
    ]
}

/// Where scripts/fetch-model puts models.
fn models() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let cache = || set("XDG_CACHE_HOME").unwrap_or_else(|| set("HOME").unwrap().join(".cache"));
    set("HUIBAO_MODEL_DIR").unwrap_or_else(|| cache().join("huibao/models"))
}

/// The first eight seconds of the spoken sample.
fn speech(folder: &Path) -> Vec<f32> {
    let fixture = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/fixtures/report-zh.flac");
    let sound = folder.join("sound.wav");
    let to = ["-t", "8", "-ac", "1", "-ar", "16000", "-sample_fmt", "s16"];
    let made = Command::new("ffmpeg")
        .args(["-v", "error", "-y", "-i"])
        .arg(fixture)
        .args(to)
        .arg(&sound)
        .status()
        .unwrap();
    assert!(made.success());
    Audio::read_wav(&sound).unwrap().slice(0, u64::MAX)
}

const MANDARIN: Request<'_> =
    Request { language: Some("zh"), threads: 1, effort: Effort::Usual, terms: &[] };

fn hear(session: &mut dyn Session, samples: &[f32], request: &Request<'_>) -> Heard {
    let heard = session.recognize(samples, request).unwrap();
    let length_ms = samples.len() as u64 / 16;
    let mut last_start = 0;
    for piece in &heard.pieces {
        assert!(last_start <= piece.start_ms && piece.start_ms <= piece.end_ms, "{heard:?}");
        assert!(piece.text.trim().is_empty() || piece.start_ms <= length_ms, "{heard:?}");
        assert!((0.0..=1.0).contains(&piece.confidence), "{heard:?}");
        let told = piece.sureness.len();
        assert!(told == 0 || told == piece.text.chars().count(), "{heard:?}");
        assert!(piece.sureness.iter().all(|sure| (0.0..=1.0).contains(sure)), "{heard:?}");
        last_start = piece.start_ms;
    }
    assert!(is_language(&heard.language), "{heard:?}");
    if let Some(asked) = request.language {
        assert_eq!(heard.language, asked);
    }
    heard
}

/// Runs a promise on every engine.
fn each(promise: impl Fn(&dyn Recognizer, &[f32])) {
    let folder = tempfile::tempdir().unwrap();
    let samples = speech(folder.path());
    for engine in engines(folder.path()) {
        promise(&*engine, &samples);
    }
}

#[test]
fn it_says_what_it_is() {
    each(|engine, _| {
        let info = engine.info();
        assert!(!info.engine.is_empty() && !info.model.is_empty());
        assert_eq!(info, engine.info());
    });
}

#[test]
fn it_hears_what_is_said_with_either_effort() {
    each(|engine, samples| {
        let mut session = engine.session().unwrap();
        for effort in [Effort::Usual, Effort::Careful] {
            let heard = hear(&mut *session, samples, &Request { effort, ..MANDARIN });
            let text: String = heard.pieces.into_iter().map(|piece| piece.text).collect();
            assert!(text.contains("敬爱的党组织"), "{text}");
        }
    });
}

#[test]
fn it_finds_out_the_language_if_nobody_says() {
    each(|engine, samples| {
        let request = Request { language: None, ..MANDARIN };
        let heard = hear(&mut *engine.session().unwrap(), samples, &request);
        assert_eq!(heard.language, "zh");
    });
}

#[test]
fn it_gives_the_same_answer_again_and_beside_others() {
    each(|engine, samples| {
        let (first, second) = samples.split_at(samples.len() / 2);
        let mut session = engine.session().unwrap();
        let before = hear(&mut *session, first, &MANDARIN);
        hear(&mut *session, second, &MANDARIN);
        assert_eq!(hear(&mut *session, first, &MANDARIN), before);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (mut session, before) = (engine.session().unwrap(), &before);
                scope.spawn(move || assert_eq!(&hear(&mut *session, first, &MANDARIN), before));
            }
        });
    });
}

#[test]
fn it_bears_any_sound() {
    let noise = |length: usize| -> Vec<f32> {
        // A linear congruential generator: noise that is the same every time.
        let next = |seed: &mut u32| {
            *seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            Some(f32::from((*seed >> 16) as u16) / 32_768.0 - 1.0)
        };
        std::iter::successors(Some(1), |_| Some(1))
            .scan(7_u32, |seed, _| next(seed))
            .take(length)
            .collect()
    };
    each(|engine, _| {
        let mut session = engine.session().unwrap();
        for sound in [
            vec![0.0; 160],
            vec![0.0; 16_000],
            vec![1.0; 16_000],
            vec![f32::NAN; 16_000],
            noise(3200),
            noise(30 * 16_000),
        ] {
            for effort in [Effort::Usual, Effort::Careful] {
                hear(&mut *session, &sound, &Request { effort, ..MANDARIN });
            }
        }
    });
}

#[test]
fn it_bears_any_terms() {
    let many: Vec<String> = (0..200).map(|i| format!("第{i}党支部")).collect();
    let odd = [String::new(), "\0".to_owned(), "😀".to_owned(), "WiFi".to_owned()];
    each(|engine, samples| {
        for terms in [&many[..], &odd] {
            hear(&mut *engine.session().unwrap(), samples, &Request { terms, ..MANDARIN });
        }
    });
}
