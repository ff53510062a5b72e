//! A transcript in the formats that players, editors and other programs read.
//!
//! Pure functions of a [`Transcript`]: the same transcript gives the same bytes, in the interface
//! and in the archive.

mod cues;
pub mod paper;

use self::cues::{Cue, cues};
use crate::domain::transcript::{Segment, Transcript};

/// What stands where speech was heard but no text came of it: leaving it out would hide a gap.
pub const UNCLEAR: &str = "[听不清]";

/// `WebVTT`, in cues of at most two lines. Without speech: a valid file with a note and no cue.
pub fn to_vtt(transcript: &Transcript) -> String {
    let note = transcript.no_speech.then_some("\nNOTE 没有检测到语音 (no speech was detected)\n");
    let cues = all_cues(transcript).map(|cue| {
        let (start, end) = cue_times(&cue, '.');
        format!("\n{start} --> {end}\n{}\n", escape_vtt(&cue.lines.join("\n")))
    });
    let head = ["WEBVTT\n", note.unwrap_or_default()].map(String::from);
    head.into_iter().chain(cues).collect()
}

/// `SubRip`, numbered from 1. Without speech: an empty file, because the format has no comments.
pub fn to_srt(transcript: &Transcript) -> String {
    let cues = all_cues(transcript).zip(1_usize..).map(|(cue, number)| {
        let (start, end) = cue_times(&cue, ',');
        // The format has no escapes, and this arrow would be read as a line of times.
        let text = cue.lines.join("\n").replace("-->", "→");
        format!("{number}\n{start} --> {end}\n{text}\n")
    });
    cues.collect::<Vec<_>>().join("\n")
}

/// Plain text, a line for each segment.
pub fn to_txt(transcript: &Transcript) -> String {
    transcript.segments.iter().map(|segment| line(segment) + "\n").collect()
}

/// The whole [`Transcript`] as indented JSON: times in milliseconds, fields in the order of the
/// type.
pub fn to_json(transcript: &Transcript) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(transcript).map(|json| json + "\n")
}

/// The subtitles, in order.
fn all_cues(transcript: &Transcript) -> impl Iterator<Item = Cue> {
    transcript.segments.iter().flat_map(|segment| {
        if segment.text.trim().is_empty() {
            let (start_ms, end_ms) = (segment.start_ms, segment.end_ms);
            return vec![Cue { start_ms, end_ms, lines: vec![UNCLEAR.to_owned()] }];
        }
        cues(segment)
    })
}

/// The segment in one line.
fn line(segment: &Segment) -> String {
    let text = segment.text.split_whitespace().collect::<Vec<_>>().join(" ");
    if text.is_empty() { UNCLEAR.to_owned() } else { text }
}

/// Start and end of a cue, which must last: both formats refuse an end that is not after the start.
fn cue_times(cue: &Cue, point: char) -> (String, String) {
    let end = cue.end_ms.max(cue.start_ms.saturating_add(1));
    (timestamp(cue.start_ms, point), timestamp(end, point))
}

/// `HH:MM:SS.mmm`, with more than two digits of hours where needed.
fn timestamp(ms: u64, point: char) -> String {
    let (seconds, ms) = (ms / 1000, ms % 1000);
    let (minutes, seconds) = (seconds / 60, seconds % 60);
    let (hours, minutes) = (minutes / 60, minutes % 60);
    format!("{hours:02}:{minutes:02}:{seconds:02}{point}{ms:03}")
}

/// Escapes what `WebVTT` reads as markup. `>` is among it, so no text can look like an arrow.
fn escape_vtt(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::transcript::{RecognizerInfo, SegmentFlag};

    fn segment(start_ms: u64, end_ms: u64, text: &str) -> Segment {
        Segment {
            id: 0,
            start_ms,
            end_ms,
            text: text.into(),
            raw_text: text.into(),
            confidence: Some(0.5),
            words: vec![],
            flags: if text.is_empty() { vec![SegmentFlag::Unclear] } else { vec![] },
        }
    }

    fn transcript(segments: Vec<Segment>) -> Transcript {
        Transcript {
            language: "zh".into(),
            no_speech: segments.is_empty(),
            duration_ms: 9000,
            segments,
            speech: vec![],
            recognizer: RecognizerInfo {
                engine: "test".into(),
                model: "none".into(),
                model_sha256: String::new(),
                parameters: serde_json::Value::Null,
            },
        }
    }

    #[test]
    fn vtt_has_cues_with_times() {
        let made = to_vtt(&transcript(vec![
            segment(0, 1500, "敬爱的党组织。"),
            segment(3_725_042, 3_726_000, "第二句。"),
        ]));
        assert_eq!(
            made,
            "WEBVTT\n\n00:00:00.000 --> 00:00:01.500\n敬爱的党组织。\n\n\
             01:02:05.042 --> 01:02:06.000\n第二句。\n"
        );
    }

    #[test]
    fn vtt_text_cannot_become_markup_or_times() {
        let made = to_vtt(&transcript(vec![segment(0, 10, "A&B <i>x</i>\n\n00:00 --> 00:01")]));
        let texts: Vec<&str> = made.lines().filter(|line| !line.contains(" --> ")).collect();
        assert!(!texts.concat().contains('<') && !made.contains("00:00 --> 00:01"), "{made}");
        let told = texts[1..].concat().replace(' ', "");
        assert_eq!(told, "A&amp;B&lt;i&gt;x&lt;/i&gt;00:00--&gt;00:01");
    }

    #[test]
    fn gaps_are_shown_in_every_format() {
        let gap = transcript(vec![segment(5, 5, "")]);
        assert_eq!(to_vtt(&gap), "WEBVTT\n\n00:00:00.005 --> 00:00:00.006\n[听不清]\n");
        assert_eq!(to_srt(&gap), "1\n00:00:00,005 --> 00:00:00,006\n[听不清]\n");
        assert_eq!(to_txt(&gap), "[听不清]\n");
    }

    #[test]
    fn srt_is_numbered_and_its_text_is_no_line_of_times() {
        let made =
            to_srt(&transcript(vec![segment(0, 1000, "一"), segment(1000, 2000, "a --> b")]));
        assert_eq!(
            made,
            "1\n00:00:00,000 --> 00:00:01,000\n一\n\n2\n00:00:01,000 --> 00:00:02,000\na → b\n"
        );
    }

    #[test]
    fn silence_gives_valid_files() {
        let silence = transcript(vec![]);
        let vtt = to_vtt(&silence);
        assert!(vtt.starts_with("WEBVTT\n\nNOTE ") && !vtt.contains("-->"));
        assert_eq!((to_srt(&silence), to_txt(&silence)), (String::new(), String::new()));
    }

    #[test]
    fn json_reads_back() {
        let given = transcript(vec![segment(0, 1000, "一")]);
        let json = to_json(&given).unwrap();
        assert_eq!(serde_json::from_str::<Transcript>(&json).unwrap(), given);
        assert_eq!(json, to_json(&given).unwrap());
    }
}
