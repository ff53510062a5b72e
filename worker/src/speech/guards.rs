//! Checks of recognised text: omitted passages, loops, hallucinated phrases.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use huibao_models::domain::transcript::{SegmentFlag, SpeechRegion};

use super::recognizer::TextPiece;

/// Speech of at least this length must have text.
pub const MIN_SPEECH_MS: u64 = 1000;

/// With fewer characters per second of speech, something was omitted. Slow Mandarin has about three.
const MIN_PER_SECOND: f64 = 1.0;

/// More syllables per second of speech cannot be said. Fast Mandarin has about seven.
const MAX_PER_SECOND: f64 = 12.0;

/// Syllables that the shortest sound may have.
const ALWAYS_ALLOWED: f64 = 2.0;

/// Syllables per letter of an alphabet, at least.
const LETTER: f64 = 0.25;

/// The first character of the scripts that write syllables or words; those before are alphabets.
const FIRST_IDEOGRAPHIC: char = '\u{2e80}';

/// The share of a region that must have text.
const COVERED: f64 = 0.5;

/// Text with a higher compression ratio is repetitive: Whisper's own limit
/// (`compression_ratio_threshold`, with zlib as there).
const MAX_COMPRESSION_RATIO: f64 = 2.4;

/// Phrases that Whisper learnt from subtitles and hallucinates on silence and music.
const HALLUCINATIONS: [&str; 12] = [
    "Amara.org",
    "字幕由",
    "字幕志愿者",
    "字幕製作",
    "字幕制作",
    "请不吝点赞",
    "請不吝點贊",
    "订阅 转发",
    "打赏支持明镜",
    "明鏡與點點",
    "感谢观看",
    "謝謝觀看",
];

/// The regions that have no text, or too little.
pub fn uncovered(regions: &[SpeechRegion], pieces: &[TextPiece]) -> Vec<SpeechRegion> {
    let with_text: Vec<&TextPiece> =
        pieces.iter().filter(|piece| !is_sparse(piece, regions)).collect();
    let covered = |region: &SpeechRegion| {
        let ms = with_text.iter().map(|piece| common_ms(piece, region)).sum();
        ratio(ms, region.end_ms - region.start_ms) >= COVERED
    };
    let must = regions.iter().filter(|r| r.end_ms - r.start_ms >= MIN_SPEECH_MS);
    must.filter(|region| !covered(region)).copied().collect()
}

/// Whether a piece has too little text for the speech in its time; pauses do not count.
fn is_sparse(piece: &TextPiece, regions: &[SpeechRegion]) -> bool {
    let letters = piece.text.chars().filter(|c| c.is_alphanumeric()).count() as u64;
    letters == 0 || ratio(letters * 1000, speech_ms(piece, regions)) < MIN_PER_SECOND
}

/// Whether a piece has more text than can be said in its time: after a moment of sound, a recogniser may
/// continue with what it expects.
pub fn is_too_dense(piece: &TextPiece, regions: &[SpeechRegion]) -> bool {
    let syllables = |c: char| if c.is_alphabetic() && c < FIRST_IDEOGRAPHIC { LETTER } else { 1.0 };
    let said: f64 = piece.text.chars().filter(|c| c.is_alphanumeric()).map(syllables).sum();
    said > ALWAYS_ALLOWED + ratio(speech_ms(piece, regions), 1000) * MAX_PER_SECOND
}

/// The duration of speech in the time of a piece.
fn speech_ms(piece: &TextPiece, regions: &[SpeechRegion]) -> u64 {
    regions.iter().map(|region| common_ms(piece, region)).sum()
}

fn common_ms(piece: &TextPiece, region: &SpeechRegion) -> u64 {
    piece.end_ms.min(region.end_ms).saturating_sub(piece.start_ms.max(region.start_ms))
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of milliseconds")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

/// Whether the text of a window is a decoder's loop.
pub fn is_looping(pieces: &[TextPiece]) -> bool {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    has_loop(&text) || compression_ratio(&text) > MAX_COMPRESSION_RATIO
}

/// The ratio of a text's length to its compressed length.
fn compression_ratio(text: &str) -> f64 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail; if it did, the text would count as not repetitive.
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.map_or(0.0, |packed| ratio(text.len() as u64, packed.len() as u64))
}

/// Whether a phrase of up to twelve characters stands four or more times in a row, over ten or more
/// characters.
fn has_loop(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    (1..=12).any(|length| {
        let repeats = letters.windows(length + 1).map(|w| w[0] == w[length]);
        let longest = repeats
            .fold((0, 0), |(run, best), same| {
                let run = if same { run + 1 } else { 0 };
                (run, best.max(run))
            })
            .1;
        // A run of n characters that equal those `length` before is n / length further repetitions.
        longest >= 3 * length && longest + length >= 10
    })
}

/// The flags of a text by itself.
pub fn flags(text: &str) -> Vec<SegmentFlag> {
    let mut flags = Vec::new();
    if HALLUCINATIONS.iter().any(|phrase| text.contains(phrase)) {
        flags.push(SegmentFlag::KnownPhantom);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start_ms: u64, end_ms: u64, text: &str) -> TextPiece {
        TextPiece { start_ms, end_ms, text: text.into(), confidence: 0.9, ..TextPiece::default() }
    }

    #[test]
    fn speech_without_text_is_found() {
        let regions = [
            SpeechRegion { start_ms: 0, end_ms: 3000 },
            SpeechRegion { start_ms: 4000, end_ms: 7000 },
            SpeechRegion { start_ms: 8000, end_ms: 8500 },
        ];
        let pieces = [piece(0, 3100, "敬爱的党组织您好"), piece(4000, 7000, "。")];
        assert_eq!(uncovered(&regions, &pieces), [regions[1]]);
    }

    #[test]
    fn two_characters_in_ten_seconds_are_too_few() {
        let region = SpeechRegion { start_ms: 0, end_ms: 10_000 };
        assert_eq!(uncovered(&[region], &[piece(0, 10_000, "您好")]), [region]);
    }

    #[test]
    fn a_pause_within_a_piece_needs_no_text() {
        let regions = [
            SpeechRegion { start_ms: 0, end_ms: 1500 },
            SpeechRegion { start_ms: 60_000, end_ms: 61_500 },
        ];
        assert!(uncovered(&regions, &[piece(0, 61_500, "敬爱的党组织您好")]).is_empty());
    }

    #[test]
    fn more_text_than_can_be_said_is_found() {
        let region = SpeechRegion { start_ms: 0, end_ms: 200 };
        assert!(is_too_dense(&piece(0, 200, "党组织,党组织,党组织,"), &[region]));
        assert!(!is_too_dense(&piece(0, 200, "是的。"), &[region]));
        let region = SpeechRegion { start_ms: 0, end_ms: 1000 };
        assert!(!is_too_dense(&piece(0, 1000, "敬爱的党组织您好"), &[region]));
        let english = "Dear party organisation, this quarter I took part in the training course";
        let region = SpeechRegion { start_ms: 0, end_ms: 4000 };
        assert!(!is_too_dense(&piece(0, 4000, english), &[region]));
    }

    #[test]
    fn a_loop_over_several_pieces_is_found() {
        let once = "我们要认真学习党的理论知识，";
        let pieces: Vec<TextPiece> =
            (0..6).map(|i| piece(i * 1000, i * 1000 + 1000, once)).collect();
        assert!(is_looping(&pieces));
        let said = "这个学期，我参加了入党积极分子培训班，系统学习了党的章程和党的历史。通过学习，\
            我认识到，加入党组织不仅是一种荣誉，更是一份责任。在学习方面，我认真完成各门课程。";
        assert!(!is_looping(&[piece(0, 20_000, said)]));
        assert!((1.0..1.8).contains(&compression_ratio(said)), "{}", compression_ratio(said));
    }

    #[test]
    fn emphasis_is_not_a_loop() {
        assert!(has_loop("我要学习我要学习我要学习我要学习我要学习"));
        assert!(has_loop("啊啊啊啊啊啊啊啊啊啊啊啊"));
        assert!(!has_loop("非常非常感谢党组织的关心和帮助，我一定努力努力再努力"));
        assert!(!has_loop("2222"));
    }

    #[test]
    fn hallucinations_are_flagged() {
        assert_eq!(
            flags("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"),
            [SegmentFlag::KnownPhantom]
        );
        assert!(flags("我参加了社区志愿服务").is_empty());
    }
}
