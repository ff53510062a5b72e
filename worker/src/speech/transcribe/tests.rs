//! Transcription with scripted answers in place of the networks.

use std::sync::Mutex;

use huibao_models::domain::transcript::{RecognizerInfo, SegmentFlag, SpeechRegion};

use super::super::recognizer::{
    Alternative, Effort, Recognized, Request, ScoredAlternative, Session, TextPiece,
};
use super::super::stop::Stop;
use super::*;

struct Regions(Vec<SpeechRegion>);

impl Vad for Regions {
    fn detect(&mut self, _: &[f32]) -> Result<Vec<SpeechRegion>, SpeechError> {
        Ok(self.0.clone())
    }
}

/// What the sound supports better than what was heard.
const BETTER: [&str; 2] = ["纪念", "晴"];

/// Answers calls from a list, and records the requests.
struct Script {
    rest: Mutex<(Vec<Vec<TextPiece>>, Vec<Asked>)>,
}

/// How many samples, with what effort, in which language.
type Asked = (usize, Effort, Option<String>);

impl Recognizer for Script {
    fn info(&self) -> RecognizerInfo {
        RecognizerInfo {
            engine: "script".into(),
            model: "script".into(),
            model_sha256: String::new(),
            parameters: serde_json::Value::Null,
        }
    }

    fn session(&self) -> Result<Box<dyn Session + '_>, SpeechError> {
        Ok(Box::new(self))
    }
}

impl Session for &Script {
    fn recognize(
        &mut self,
        samples: &[f32],
        request: &Request<'_>,
    ) -> Result<Recognized, SpeechError> {
        let (answers, asked) = &mut *self.rest.lock().unwrap();
        asked.push((samples.len(), request.effort, request.language.map(str::to_owned)));
        let mut pieces = answers.remove(0);
        let texts: Vec<&str> = pieces.iter().map(|piece| piece.text.as_str()).collect();
        let alternatives = request.alternatives.map(|ask| ask(&texts)).unwrap_or_default();
        for Alternative { piece, characters, text } in alternatives {
            // The sound supports what is said to be better.
            let instead = if BETTER.contains(&text.as_str()) { -1.0 } else { -10.0 };
            let scored = ScoredAlternative { characters, text, recognised: -2.0, instead };
            pieces[piece].alternatives.push(scored);
        }
        Ok(Recognized { language: "en".into(), pieces })
    }
}

fn piece(start_ms: u64, end_ms: u64, text: &str) -> TextPiece {
    TextPiece { start_ms, end_ms, text: text.into(), confidence: 0.9, ..TextPiece::default() }
}

fn region(start_ms: u64, end_ms: u64) -> SpeechRegion {
    SpeechRegion { start_ms, end_ms }
}

fn run(
    regions: &[SpeechRegion],
    answers: Vec<Vec<TextPiece>>,
    language: &str,
) -> (Transcript, Vec<Asked>, Vec<Segment>) {
    let (recognition, asked, partial) = recognition(regions, answers, language);
    (recognition.transcript, asked, partial)
}

fn recognition(
    regions: &[SpeechRegion],
    answers: Vec<Vec<TextPiece>>,
    language: &str,
) -> (Recognition, Vec<Asked>, Vec<Segment>) {
    let audio = Audio::of(vec![0.0; 60 * 16_000]);
    let script = Script { rest: Mutex::new((answers, Vec::new())) };
    let options = options(language);
    let mut partial = Vec::new();
    let recognition =
        transcribe(&audio, &mut Regions(regions.to_vec()), &script, &options, &mut |event| {
            if let SpeechEvent::Partial(segment) = event {
                partial.push(segment);
            }
        });
    (recognition.unwrap(), script.rest.into_inner().unwrap().1, partial)
}

fn options(language: &str) -> SpeechOptions {
    SpeechOptions {
        language: language.into(),
        threads: 1,
        corrections: Corrections::default(),
        written: String::new(),
        stop: Stop::default(),
    }
}

#[test]
fn a_cancelled_transcription_recognises_no_more_windows() {
    let regions = [region(0, 18_000), region(20_000, 38_000), region(40_000, 58_000)];
    let text =
        "Dear organisation, I am a student of computer science, and I report what I have learnt";
    let answers = vec![vec![piece(0, 18_000, text)]; 3];
    let script = Script { rest: Mutex::new((answers, Vec::new())) };
    let (audio, options) = (Audio::of(vec![0.0; 60 * 16_000]), options(AUTO));
    // The first window tells the language, so the others wait for it.
    let mut sink = |_| options.stop.now();
    let stopped = transcribe(&audio, &mut Regions(regions.into()), &script, &options, &mut sink);
    assert!(matches!(stopped, Err(SpeechError::Stopped)), "{stopped:?}");
    assert_eq!(script.rest.into_inner().unwrap().1.len(), 1);
}

#[test]
fn written_words_are_taken_if_the_sound_supports_them() {
    let heard = "敬爱的党组织,我叫欧阳雪琴,参观了怀海战役经验馆,做了十四次读书活动,思想不够坚定";
    let written =
        "敬爱的党组织：我叫欧阳雪晴。参观了淮海战役纪念馆。做了四十次读书活动，思想足够坚定。";
    let audio = Audio::of(vec![0.0; 60 * 16_000]);
    let rest = Mutex::new((vec![vec![piece(0, 20_000, heard)]], Vec::new()));
    let options = SpeechOptions { written: written.into(), ..options("zh") };
    let mut regions = Regions(vec![region(0, 20_000)]);
    let script = Script { rest };
    let recognition = transcribe(&audio, &mut regions, &script, &options, &mut |_| ()).unwrap();
    let segments = recognition.transcript.segments;
    let text: String = segments.iter().map(|segment| segment.text.as_str()).collect();
    // Other numbers and opposites stay as they were heard, whatever is written.
    let expected =
        "敬爱的党组织，我叫欧阳雪晴，参观了淮海战役纪念馆，做了十四次读书活动，思想不够坚定。";
    assert_eq!(text, expected);
    let replaced = segments.iter().flat_map(|segment| &segment.words);
    let replaced: Vec<_> = replaced
        .filter_map(|word| Some((word.heard.as_deref()?, word.text.as_str(), word.scores?.written)))
        .collect();
    let homophone = ("怀", "淮", -10.0);
    let expected = [("琴，", "晴，", -1.0), homophone, ("经", "纪", -1.0), ("验", "念", -1.0)];
    assert_eq!(replaced, expected);
}

#[test]
fn silence_is_never_recognised() {
    let (transcript, asked, _) = run(&[], vec![], "zh");
    assert!(transcript.no_speech && transcript.segments.is_empty());
    assert!(asked.is_empty());
}

#[test]
fn times_are_those_of_the_recording_and_partial_text_is_final() {
    let regions = [region(10_000, 12_000), region(50_000, 52_000)];
    let answer = vec![piece(0, 2300, "敬愛的黨組織"), piece(2300, 4600, "您好,我是學生")];
    let (transcript, _, partial) = run(&regions, vec![answer], "zh");
    let times: Vec<_> = transcript.segments.iter().map(|s| (s.start_ms, s.end_ms)).collect();
    assert_eq!(times, [(10_000, 12_000), (50_000, 52_000)]);
    assert_eq!(transcript.segments[1].text, "您好，我是学生。");
    assert_eq!(transcript.segments[1].raw_text, "您好,我是學生");
    assert_eq!(partial, transcript.segments);
}

#[test]
fn speech_without_text_is_recognised_again_and_then_marked() {
    let regions = [region(0, 3000), region(10_000, 13_000), region(20_000, 23_000)];
    let answers = vec![
        vec![piece(0, 3000, "第一句话说完了")],
        vec![piece(0, 3000, "第二句话也有了")],
        vec![],
    ];
    let (transcript, asked, _) = run(&regions, answers, "zh");
    let efforts: Vec<_> = asked.iter().map(|call| call.1).collect();
    assert_eq!(efforts, [Effort::Usual, Effort::Careful, Effort::Careful]);
    let texts: Vec<_> = transcript.segments.iter().map(|s| s.text.as_str()).collect();
    assert_eq!(texts, ["第一句话说完了", "第二句话也有了。", ""]);
    assert_eq!(transcript.segments[2].flags, [SegmentFlag::Unclear]);
}

#[test]
fn a_loop_is_recognised_again_and_flagged_if_it_stays() {
    let looping = "我要学习我要学习我要学习我要学习我要学习";
    let good = "我要学习党的理论，更好地为同学服务。";
    let once = vec![vec![piece(0, 4000, looping)], vec![piece(0, 4000, good)]];
    let (transcript, ..) = run(&[region(0, 4000)], once, "zh");
    assert_eq!(transcript.segments[0].text, good);
    assert!(transcript.segments[0].flags.is_empty());
    let twice = vec![vec![piece(0, 4000, looping)], vec![piece(0, 4000, looping)]];
    let (transcript, ..) = run(&[region(0, 4000)], twice, "zh");
    assert_eq!(transcript.segments[0].flags, [SegmentFlag::Repetition]);
}

#[test]
fn the_engines_output_is_kept_also_where_it_was_set_aside() {
    let looping = "我要学習我要学習我要学習我要学習我要学習";
    let good = "我要学習党的理論,更好地为同学服务";
    let answers = vec![vec![piece(0, 4000, looping)], vec![piece(0, 4000, good)]];
    let (result, ..) = recognition(&[region(0, 4000)], answers, "zh");
    let raw: Vec<_> = result.raw.iter().map(|s| (s.text.as_str(), s.flags.as_slice())).collect();
    assert_eq!(raw, [(good, &[][..]), (looping, &[SegmentFlag::SetAside])]);
    assert_eq!(result.transcript.text(), "我要学习党的理论，更好地为同学服务。");
    assert_eq!(result.raw_transcript().recognizer, result.transcript.recognizer);
}

#[test]
fn the_glossary_corrects_and_the_recognised_text_is_kept() {
    let answers = vec![vec![piece(0, 4000, "我是入当几几分子")]];
    let (result, ..) = recognition(&[region(0, 4000)], answers, "zh");
    assert_eq!(result.transcript.text(), "我是入党积极分子。");
    assert_eq!(result.raw[0].text, "我是入当几几分子");
    assert_eq!(result.transcript.segments[0].words[3].heard.as_deref(), Some("当"));
}

#[test]
fn low_confidence_leads_to_another_language() {
    let piece_of = |text: &str, confidence| TextPiece { confidence, ..piece(0, 4000, text) };
    let (wrong, right) = ("我会帮你扔下的", "I took part in the training course");
    let answers =
        vec![vec![piece_of(wrong, 0.4)], vec![piece_of(right, 0.9)], vec![piece_of(right, 0.9)]];
    let (result, asked, _) = recognition(&[region(0, 4000)], answers, "zh");
    assert_eq!((result.transcript.language.as_str(), &*result.transcript.text()), ("en", right));
    let languages: Vec<_> = asked.iter().map(|call| call.2.as_deref()).collect();
    assert_eq!(languages, [Some("zh"), None, Some("en")]);
    let raw: Vec<_> = result.raw.iter().map(|s| (s.text.as_str(), s.flags.len())).collect();
    assert_eq!(raw, [(right, 0), (wrong, 1)]);
}

#[test]
fn low_confidence_in_the_same_language_changes_nothing() {
    let mumbled =
        |confidence| vec![TextPiece { confidence, ..piece(0, 4000, "敬爱的党组织") }];
    let answers = vec![mumbled(0.4), mumbled(0.4), mumbled(0.3)];
    let (result, asked, _) = recognition(&[region(0, 4000)], answers, "zh");
    assert_eq!((result.transcript.language.as_str(), asked.len()), ("zh", 3));
    assert_eq!(result.raw.iter().map(|s| s.flags.len()).collect::<Vec<_>>(), [0, 1]);
}

#[test]
fn more_text_than_can_be_said_is_set_aside() {
    let answers = vec![vec![piece(0, 200, "党组织,党组织,党组织,")]];
    let (result, ..) = recognition(&[region(0, 200)], answers, "zh");
    assert_eq!(result.transcript.segments[0].flags, [SegmentFlag::Unclear]);
    assert_eq!(result.raw[0].flags, [SegmentFlag::SetAside]);
}

#[test]
fn a_language_once_found_stays() {
    let said = "This quarter I took part in the training course and read a good deal.";
    let answers = vec![vec![piece(0, 19_000, said)]; 2];
    let (transcript, asked, _) = run(&[region(0, 19_000), region(21_000, 40_000)], answers, "auto");
    assert_eq!(transcript.language, "en");
    let languages: Vec<_> = asked.iter().map(|call| call.2.as_deref()).collect();
    assert_eq!(languages, [None, Some("en")]);
}

/// Detects speech wherever there is no silence.
struct Loud;

impl Vad for Loud {
    fn detect(&mut self, samples: &[f32]) -> Result<Vec<SpeechRegion>, SpeechError> {
        let mut regions: Vec<SpeechRegion> = Vec::new();
        for (ms, chunk) in (0..).zip(samples.chunks(16)).filter(|(_, chunk)| chunk[0] != 0.0) {
            match regions.last_mut().filter(|last| last.end_ms == ms) {
                Some(last) => last.end_ms += chunk.len() as u64 / 16,
                None => regions.push(region(ms, ms + 1)),
            }
        }
        Ok(regions)
    }
}

#[test]
fn speech_over_the_end_of_a_portion_stays_whole() {
    let spoken = [region(1000, 4000), region(298_000, 303_000), region(610_000, 612_000)];
    let mut samples = vec![0.0; 620 * 16_000];
    for SpeechRegion { start_ms, end_ms } in spoken {
        let index = |ms: u64| usize::try_from(ms).unwrap() * 16;
        samples[index(start_ms)..index(end_ms)].fill(0.1);
    }
    assert_eq!(detect_from(&Audio::of(samples), &mut Loud, 0).unwrap(), spoken);
}

#[test]
fn a_long_recording_has_early_text() {
    let spoken = [region(1000, 4000), region(9000, 11_900), region(100_000, 103_000)];
    let mut samples = vec![0.0; 130 * 16_000];
    for SpeechRegion { start_ms, end_ms } in spoken {
        let index = |ms: u64| usize::try_from(ms).unwrap() * 16;
        samples[index(start_ms)..index(end_ms)].fill(0.1);
    }
    let texts = ["敬爱的党组织，您好", "我是计算机学院的学生", "现在汇报。"];
    let answers = vec![
        vec![piece(0, 3000, texts[0])],
        vec![piece(0, 3200, texts[1]), piece(3200, 6500, texts[2])],
    ];
    let script = Script { rest: Mutex::new((answers, Vec::new())) };
    let options = options("zh");
    let mut events = Vec::new();
    let mut sink = |event| events.push(event);
    let transcript = transcribe(&Audio::of(samples), &mut Loud, &script, &options, &mut sink)
        .unwrap()
        .transcript;
    assert_eq!(transcript.speech, spoken);
    assert_eq!(transcript.segments.iter().map(|s| &*s.text).collect::<Vec<_>>(), texts);
    assert_eq!(transcript.segments[1].start_ms, 9000);
    let asked = script.rest.into_inner().unwrap().1;
    assert_eq!(asked[0].0, 3000 * 16, "a short window first");
    assert!(
        matches!(events.last(), Some(SpeechEvent::Progress(done)) if (done - 1.0).abs() < 1e-6)
    );
}
