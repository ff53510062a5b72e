//! The contract of speech engines, tested on every one. A new engine is added to [`engines`].

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

use std::path::{Path, PathBuf};
use std::process::Command;

use huibao_worker::speech::{
    Alternative, Arithmetic, Audio, Effort, Recognized, Recognizer, Request, Session, WhisperCpp,
    WhisperCpu, is_language, load_recognizer,
};

/// whisper-cpu with either arithmetic and with the smallest of Whisper's sizes, and whisper.cpp, with real
/// weights, those of `for_whisper_cpp`; the scripted engine where it is built.
fn engines(folder: &Path, for_whisper_cpp: &str) -> Vec<Box<dyn Recognizer>> {
    let model = models().join("ggml-base-q8_0.bin");
    let mut engines: Vec<Box<dyn Recognizer>> = vec![
        Box::new(WhisperCpu::load(&model, Some(Arithmetic::Int8)).unwrap()),
        Box::new(WhisperCpu::load(&model, Some(Arithmetic::Float)).unwrap()),
        load_recognizer(&models().join("ggml-tiny.bin")).unwrap(),
        Box::new(WhisperCpp::load(&models().join(for_whisper_cpp)).unwrap()),
    ];
    if cfg!(feature = "test-support") {
        let script = folder.join("script.json");
        let text = r#"{"engine": "scripted", "text": "敬爱的党组织，您好！"}"#;
        std::fs::write(&script, text).unwrap();
        engines.push(load_recognizer(&script).unwrap());
    }
    engines
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

const MANDARIN: Request<'_> = Request {
    language: Some("zh"),
    threads: 1,
    effort: Effort::Usual,
    terms: &[],
    alternatives: None,
};

/// Recognises samples, and checks what holds for any result.
fn recognize(session: &mut dyn Session, samples: &[f32], request: &Request<'_>) -> Recognized {
    let recognized = session.recognize(samples, request).unwrap();
    let length_ms = samples.len() as u64 / 16;
    let mut last_start = 0;
    for piece in &recognized.pieces {
        assert!(last_start <= piece.start_ms && piece.start_ms <= piece.end_ms, "{recognized:?}");
        assert!(piece.text.trim().is_empty() || piece.start_ms <= length_ms, "{recognized:?}");
        assert!((0.0..=1.0).contains(&piece.confidence), "{recognized:?}");
        let length = piece.char_confidences.len();
        assert!(length == 0 || length == piece.text.chars().count(), "{recognized:?}");
        assert!(
            piece.char_confidences.iter().all(|confidence| (0.0..=1.0).contains(confidence)),
            "{recognized:?}"
        );
        last_start = piece.start_ms;
    }
    assert!(is_language(&recognized.language), "{recognized:?}");
    if let Some(asked) = request.language {
        assert_eq!(recognized.language, asked);
    }
    recognized
}

/// Runs a test on every engine.
fn each(test: impl Fn(&dyn Recognizer, &[f32])) {
    each_with("ggml-base-q8_0.bin", test);
}

fn each_with(for_whisper_cpp: &str, test: impl Fn(&dyn Recognizer, &[f32])) {
    let folder = tempfile::tempdir().unwrap();
    let samples = speech(folder.path());
    for engine in engines(folder.path(), for_whisper_cpp) {
        test(&*engine, &samples);
    }
}

#[test]
fn engines_describe_themselves() {
    each(|engine, _| {
        let info = engine.info();
        assert!(!info.engine.is_empty() && !info.model.is_empty());
        assert_eq!(info, engine.info());
    });
}

#[test]
fn speech_is_recognised_with_either_effort() {
    each(|engine, samples| {
        let mut session = engine.session().unwrap();
        for effort in [Effort::Usual, Effort::Careful] {
            let recognized = recognize(&mut *session, samples, &Request { effort, ..MANDARIN });
            let text: String = recognized.pieces.into_iter().map(|piece| piece.text).collect();
            assert!(text.contains("敬爱的党组织"), "{text}");
        }
    });
}

#[test]
fn the_sound_tells_what_was_said_from_what_was_not() {
    each(|engine, samples| {
        // The beginning as it was said, with another sound, and with a word more.
        let said = ["敬爱的党组织", "亲爱的党组织", "敬爱的老党组织"];
        let asked = std::sync::Mutex::new(Vec::new());
        let ask = |pieces: &[&str]| {
            let Some(at) = pieces[0].find(said[0]) else { return Vec::new() };
            let start = pieces[0][..at].chars().count();
            let alternative = |text: &&str| Alternative {
                piece: 0,
                characters: start..start + said[0].chars().count(),
                text: (*text).to_owned(),
            };
            let alternatives: Vec<_> = said.iter().map(alternative).collect();
            asked.lock().unwrap().clone_from(&alternatives);
            alternatives
        };
        let request = Request { alternatives: Some(&ask), ..MANDARIN };
        let recognized = recognize(&mut *engine.session().unwrap(), samples, &request);
        let plain = recognize(&mut *engine.session().unwrap(), samples, &MANDARIN);
        let texts =
            |it: &Recognized| it.pieces.iter().map(|piece| piece.text.clone()).collect::<Vec<_>>();
        assert_eq!(texts(&recognized), texts(&plain), "asking changes nothing");
        // An engine that cannot score does not ask. What was recognised has nothing to be compared with.
        let scored = &recognized.pieces[0].alternatives;
        assert_eq!(scored.len(), asked.lock().unwrap().len().saturating_sub(1));
        for scored in scored {
            assert_ne!(scored.text, said[0]);
            assert!(scored.recognised > scored.instead, "{scored:?}");
            assert!(scored.recognised <= 0.0, "{scored:?}");
        }
    });
}

#[test]
fn the_language_is_detected() {
    each(|engine, samples| {
        let request = Request { language: None, ..MANDARIN };
        let recognized = recognize(&mut *engine.session().unwrap(), samples, &request);
        assert_eq!(recognized.language, "zh");
    });
}

#[test]
fn the_same_samples_give_the_same_result_also_concurrently() {
    each(|engine, samples| {
        let (first, second) = samples.split_at(samples.len() / 2);
        let mut session = engine.session().unwrap();
        let before = recognize(&mut *session, first, &MANDARIN);
        recognize(&mut *session, second, &MANDARIN);
        assert_eq!(recognize(&mut *session, first, &MANDARIN), before);
        std::thread::scope(|scope| {
            for _ in 0..2 {
                let (mut session, before) = (engine.session().unwrap(), &before);
                scope
                    .spawn(move || assert_eq!(&recognize(&mut *session, first, &MANDARIN), before));
            }
        });
    });
}

#[test]
fn any_samples_are_accepted() {
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
    // Half a minute of noise takes whisper.cpp minutes with the larger one.
    each_with("ggml-tiny.bin", |engine, _| {
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
                recognize(&mut *session, &sound, &Request { effort, ..MANDARIN });
            }
        }
    });
}

#[test]
fn any_terms_are_accepted() {
    let many: Vec<String> = (0..200).map(|i| format!("第{i}党支部")).collect();
    let odd = [String::new(), "\0".to_owned(), "😀".to_owned(), "WiFi".to_owned()];
    each(|engine, samples| {
        for terms in [&many[..], &odd] {
            recognize(&mut *engine.session().unwrap(), samples, &Request { terms, ..MANDARIN });
        }
    });
}
