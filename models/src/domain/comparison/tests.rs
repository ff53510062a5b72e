//! The kinds of passages, and what holds of all comparisons.

use proptest::prelude::*;

use super::Agreement::{Moved, Only, Otherwise, Same};
use super::*;
use crate::domain::transcript::{RecognizerInfo, Segment};

/// Sentences whose words last a second each.
fn said(sentences: &[&str]) -> Transcript {
    let mut at = 0;
    let segments = (1..).zip(sentences).map(|(id, text)| {
        let start = at;
        let words = units(text).into_iter().map(|text| {
            at += 1000;
            let (start_ms, end_ms) = (at - 1000, at);
            Word { start_ms, end_ms, text: text.into(), confidence: 1.0, heard: None, scores: None }
        });
        let words: Vec<Word> = words.collect();
        Segment {
            id,
            start_ms: start,
            end_ms: at,
            text: (*text).into(),
            raw_text: String::new(),
            confidence: None,
            words,
            flags: vec![],
        }
    });
    Transcript {
        language: "zh".into(),
        no_speech: false,
        duration_ms: 0,
        segments: segments.collect(),
        speech: vec![],
        recognizer: RecognizerInfo {
            engine: String::new(),
            model: String::new(),
            model_sha256: String::new(),
            parameters: serde_json::Value::Null,
        },
    }
}

#[test]
fn what_was_said_as_it_is_written_has_its_time() {
    let transcript = said(&["敬爱的党组织", "我志愿加入"]);
    let found = compare(&transcript, "敬爱的党组织：\n我志愿加入。").unwrap();
    let passage = |text: &str, start, end| WrittenPassage {
        agreement: Same,
        text: text.into(),
        said: Some((start, end)),
    };
    let expected = [passage("敬爱的党组织：\n", 0, 6000), passage("我志愿加入。", 6000, 11_000)];
    assert_eq!(found.written, expected);
    assert_eq!(found.said, []);
}

#[test]
fn what_differs_is_told_on_both_sides() {
    let transcript = said(&["今天我们学习了新的思想内容", "大家都来听课", "谢谢大家的到来"]);
    let found = compare(&transcript, "今天我们认真学习了新的思想理论。大家都来听课。").unwrap();
    let kinds: Vec<_> = found.written.iter().map(|it| (it.agreement, it.text.as_str())).collect();
    assert_eq!(
        kinds,
        [
            (Same, "今天我们"),
            (Only, "认真"),
            (Same, "学习了新的思想"),
            (Otherwise, "理论。"),
            (Same, "大家都来听课。"),
        ]
    );
    assert_eq!(found.written[1].said, None);
    assert_eq!(found.written[3].said, Some((11_000, 13_000)));
    let passage =
        |agreement, text: &str| SaidPassage { agreement, text: text.into(), written: None };
    assert_eq!(
        found.said,
        [
            SaidSentence {
                segment: 1,
                passages: vec![passage(Same, "今天我们学习了新的思想"), passage(Otherwise, "内容")],
            },
            SaidSentence { segment: 3, passages: vec![passage(Only, "谢谢大家的到来")] },
        ]
    );
}

#[test]
fn words_in_common_by_chance_are_no_agreement() {
    let transcript = said(&["春天的花园里有很多蝴蝶飞来飞去"]);
    let found = compare(&transcript, "关于会议的安排请大家准时参加不要迟到").unwrap();
    assert!(found.written.iter().all(|it| it.agreement != Same), "{found:?}");
}

#[test]
fn nothing_is_compared_with_nothing() {
    assert_eq!(compare(&said(&[]), "一"), None);
    assert_eq!(compare(&said(&["一"]), "……"), None);
    assert_eq!(compare(&said(&["一"]), &"一".repeat(MAX_UNITS)), None);
}

proptest! {
    #[test]
    fn nothing_is_lost(one in "[一二三四五，。a ]{1,30}", other in "[一二三四五，。\\na ]{1,30}") {
        let transcript = said(&[&one, "完了"]);
        let Some(found) = compare(&transcript, &other) else { return Ok(()) };
        let joined: String = found.written.iter().map(|it| it.text.as_str()).collect();
        prop_assert_eq!(joined, other);
        for sentence in &found.said {
            let segment = transcript.segments.iter().find(|it| it.id == sentence.segment).unwrap();
            let joined: String = sentence.passages.iter().map(|it| it.text.as_str()).collect();
            let words: String = segment.words.iter().map(|it| it.text.as_str()).collect();
            prop_assert_eq!(joined, words);
        }
    }
}

fn written_kinds(found: &Comparison) -> Vec<(Agreement, &str)> {
    found.written.iter().map(|it| (it.agreement, it.text.as_str())).collect()
}

/// Of each sentence that differs, its passages.
fn said_kinds(found: &Comparison) -> Vec<(Agreement, &str, Option<u32>)> {
    let passages = found.said.iter().flat_map(|sentence| &sentence.passages);
    passages.map(|it| (it.agreement, it.text.as_str(), it.written)).collect()
}

#[test]
fn a_paragraph_at_another_place_is_moved_with_its_time_and_place() {
    let paragraph = "今年暑假我参加了社区的志愿服务。那里的条件比较艰苦。";
    let start = "敬爱的党组织，我是一名入党积极分子。";
    let end = "最后感谢党组织对我的培养，也感谢各位老师和同学长期以来的关心和帮助。";
    let transcript =
        said(&[start, end, "今年暑假我参加了社区的志愿服务。", "那里的条件比较艰苦。"]);
    let found = compare(&transcript, &format!("{start}\n{paragraph}\n{end}")).unwrap();
    assert_eq!(
        written_kinds(&found),
        [
            (Same, "敬爱的党组织，我是一名入党积极分子。\n"),
            (Moved, "今年暑假我参加了社区的志愿服务。"),
            (Moved, "那里的条件比较艰苦。\n"),
            (Same, end),
        ]
    );
    let times = |segment: usize| {
        let segment = &transcript.segments[segment];
        Some((segment.start_ms, segment.end_ms))
    };
    assert_eq!((found.written[1].said, found.written[2].said), (times(2), times(3)));
    assert_eq!(
        said_kinds(&found),
        [
            (Moved, "今年暑假我参加了社区的志愿服务。", Some(1)),
            (Moved, "那里的条件比较艰苦。", Some(2)),
        ]
    );
}

#[test]
fn what_differs_within_a_moved_paragraph_is_told_there() {
    let end =
        "最后感谢党组织对我的培养，也感谢各位老师和同学长期以来的关心和帮助，今后我会继续努力。";
    let heard = "今年暑假我参加了社区的自愿服务。那里的条件比较艰苦但是孩子们很高心。";
    let written = "今年暑假我参加了社区的志愿服务。那里的条件比较艰苦但是孩子们很高兴。";
    let transcript = said(&[end, heard]);
    let found = compare(&transcript, &format!("{written}{end}")).unwrap();
    assert_eq!(
        written_kinds(&found),
        [
            (Moved, "今年暑假我参加了社区的"),
            (Otherwise, "志"),
            (Moved, "愿服务。"),
            (Moved, "那里的条件比较艰苦但是孩子们很高"),
            (Only, "兴。"),
            (Same, end),
        ]
    );
    let second = |at: u64| Some((at * 1000, (at + 1) * 1000));
    let first = units(end).len() as u64;
    assert_eq!(found.written[1].said, second(first + 11));
    let other = (Otherwise, "自", None);
    assert!(said_kinds(&found).contains(&other), "{found:?}");
}

#[test]
fn of_two_clauses_that_changed_places_one_is_moved() {
    let transcript = said(&["开始。", "我们努力参加劳动，我们认真学习理论。", "结束。"]);
    let found = compare(&transcript, "开始。我们认真学习理论，我们努力参加劳动。结束。").unwrap();
    let moved: Vec<_> = found.written.iter().filter(|it| it.agreement == Moved).collect();
    assert_eq!(moved.len(), 1, "{found:?}");
    assert!(found.written.iter().all(|it| matches!(it.agreement, Same | Moved)), "{found:?}");
    let said: Vec<_> = said_kinds(&found).into_iter().filter(|it| it.0 == Moved).collect();
    let [(_, text, Some(place))] = said[..] else { panic!("{said:?}") };
    let target = &found.written[place as usize];
    assert_eq!(target.text.trim_end_matches(['，', '。']), text.trim_end_matches(['，', '。']));
}

#[test]
fn numbers_are_the_same_in_every_form() {
    let transcript = said(&["二〇二四年增长了百分之十二，", "共有一千二百人，三个小组。"]);
    let written = "2024年增长了12%，共有１,200人，3个小组。";
    let found = compare(&transcript, written).unwrap();
    assert_eq!(written_kinds(&found), [(Same, written)]);
    assert_eq!(found.said, []);
    let end = transcript.segments.last().map(|segment| segment.end_ms);
    assert_eq!(found.written[0].said.map(|(_, end)| end), end);

    let found = compare(&transcript, "2023年增长了13%，共有1200人，3个小组。").unwrap();
    assert_eq!(
        written_kinds(&found),
        [
            (Otherwise, "2023"),
            (Same, "年增长了"),
            (Otherwise, "13%，"),
            (Same, "共有1200人，3个小组。")
        ]
    );
    assert_eq!(found.written[0].said, Some((0, 4000)));
}

#[test]
fn what_is_short_or_no_clause_is_not_moved() {
    // Names that are in every report, and clauses of five characters.
    let (middle, end) = ("今天的天气非常好，大家都来参加学习和讨论。", "我的汇报就到这里。");
    for (one, other) in [
        ("我们要全心全意为人民服务的精神照亮前路。", "他在会上说起了全心全意为人民服务这句老话。"),
        ("春天来得早。", "春天来得早。"),
    ] {
        let found = compare(&said(&[one, middle, end]), &format!("{middle}{other}{end}"));
        let found = found.unwrap();
        assert!(found.written.iter().all(|it| it.agreement != Moved), "{found:?}");
        assert_eq!(found.written.len(), 3, "{found:?}");
    }
}

#[test]
fn a_difference_begins_and_ends_with_its_clause() {
    let found = compare(&said(&["开始。", "我们说得好。"]), "开始。我们写得好。我们说得好。");
    let found = found.unwrap();
    let expected = [(Same, "开始。"), (Only, "我们写得好。"), (Same, "我们说得好。")];
    assert_eq!(written_kinds(&found), expected);
}

#[test]
fn long_texts_take_little_time() {
    let line = "我们要认真学习理论。";
    let lines: Vec<&str> = std::iter::repeat_n(line, 500).collect();
    let repeated = said(&lines);
    let found = compare(&repeated, &line.repeat(500)).unwrap();
    assert!(found.written.iter().all(|it| it.agreement == Same));
    assert_eq!(found.said, []);

    // Of the same words, in the opposite order; and nothing in common.
    let characters = |from: u32| (from..from + 9_900).filter_map(char::from_u32);
    let forwards: String = characters(0x4e00).collect();
    let backwards: String = characters(0x4e00).collect::<Vec<_>>().into_iter().rev().collect();
    let other = "a ".repeat(9_900);
    // And of few words, by chance.
    let mut random = fastrand::Rng::with_seed(1);
    let mut chance = || -> String {
        (0..9_900).filter_map(|_| "甲乙丙丁戊己庚辛".chars().nth(random.usize(..8))).collect()
    };
    let (one, another) = (chance(), chance());
    for (one, other) in [(&forwards, &backwards), (&forwards, &other), (&one, &another)] {
        let started = std::time::Instant::now();
        let found = compare(&said(&[one]), other).unwrap();
        assert!(found.written.iter().map(|it| it.text.len()).sum::<usize>() == other.len());
        let took = started.elapsed();
        assert!(took.as_secs() < 10, "{took:?}");
    }
}

#[test]
fn another_language_has_nothing_in_common() {
    let transcript = said(&["今天我们学习了新的思想内容。"]);
    let found = compare(&transcript, "Today we have studied the new ideas.").unwrap();
    let expected = [(Otherwise, "Today we have studied the new ideas.")];
    assert_eq!(written_kinds(&found), expected);
    let transcript =
        said(&["Today we have studied the new ideas, ", "and then we all went home together."]);
    let found = compare(
        &transcript,
        "And then we all went home together. TODAY we have studied the new ideas.",
    );
    let found = found.unwrap();
    assert!(found.written.iter().any(|it| it.agreement == Moved), "{found:?}");
}

/// A passage of the comparison that was moved, with its place in the other text.
fn moves(found: &Comparison) -> Vec<(&SaidPassage, &WrittenPassage)> {
    let passages = found.said.iter().flat_map(|sentence| &sentence.passages);
    let place = |it: &SaidPassage| it.written.map(|at| &found.written[at as usize]);
    passages.filter_map(|it| Some((it, place(it)?))).collect()
}

proptest! {
    #[test]
    fn what_is_moved_is_in_both_texts(
        parts in proptest::collection::vec("[一二三四五六七八九十甲乙丙丁]{6,9}。", 2..7),
        seed in any::<u64>(),
    ) {
        let mut order: Vec<&str> = parts.iter().map(String::as_str).collect();
        let transcript = said(&order);
        let mut random = fastrand::Rng::with_seed(seed);
        random.shuffle(&mut order);
        let found = compare(&transcript, &order.concat()).unwrap();
        for (said, written) in moves(&found) {
            prop_assert_eq!(written.agreement, Moved);
            prop_assert!(written.said.is_some() && said.agreement == Moved);
        }
        let joined: String = found.written.iter().map(|it| it.text.as_str()).collect();
        prop_assert_eq!(joined, order.concat());
    }
}
