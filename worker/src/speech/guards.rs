//! Guards against what recognisers do wrong: passages left out, loops, and made-up phrases.

use std::io::Write;

use flate2::Compression;
use flate2::write::ZlibEncoder;
use huibao_models::domain::transcript::{SegmentFlag, SpeechRegion};

use super::Piece;

/// Speech of this length must have text.
pub const MUST_HAVE_TEXT_MS: u64 = 1000;

/// Fewer characters than this in a second of speech: something was left out. Slow, clear Mandarin
/// has about three.
const SPARSE_PER_SECOND: f64 = 1.0;

/// More syllables than this in a second of speech were made up: nobody says so many. Fast Mandarin has
/// about seven.
const MOST_PER_SECOND: f64 = 12.0;

/// Syllables that even the shortest sound may have.
const ALWAYS: f64 = 2.0;

/// A letter of an alphabet is so much of a syllable, at the least.
const LETTER: f64 = 0.25;

/// Where the scripts begin that write syllables or words: everything before is an alphabet.
const FIRST_IDEOGRAPHIC: char = '\u{2e80}';

/// A region counts as covered if this much of it has text over it.
const COVERED: f64 = 0.5;

/// Text that becomes more than so many times shorter by compression goes round in circles: whisper's
/// own limit (`compression_ratio_threshold` of its first decoder, with zlib as there).
const MOST_COMPRESSION: f64 = 2.4;

/// Phrases that whisper is known to have learnt from subtitles and to write over silence and music.
const PHANTOMS: [&str; 12] = [
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

/// The regions that have no text, or much too little.
pub fn uncovered(regions: &[SpeechRegion], pieces: &[Piece]) -> Vec<SpeechRegion> {
    let with_text: Vec<&Piece> = pieces.iter().filter(|piece| !is_sparse(piece, regions)).collect();
    let covered = |region: &SpeechRegion| {
        let ms = with_text.iter().map(|piece| common_ms(piece, region)).sum();
        ratio(ms, region.end_ms - region.start_ms) >= COVERED
    };
    let must = regions.iter().filter(|r| r.end_ms - r.start_ms >= MUST_HAVE_TEXT_MS);
    must.filter(|region| !covered(region)).copied().collect()
}

/// Whether a piece has much less text than the speech in its time holds: pauses need none.
fn is_sparse(piece: &Piece, regions: &[SpeechRegion]) -> bool {
    let letters = piece.text.chars().filter(|c| c.is_alphanumeric()).count() as u64;
    letters == 0 || ratio(letters * 1000, speech_ms(piece, regions)) < SPARSE_PER_SECOND
}

/// Whether a piece has more text than anybody can say in its time: a recogniser that hears a moment of
/// sound may go on with what it expected to hear.
pub fn is_overfull(piece: &Piece, regions: &[SpeechRegion]) -> bool {
    let syllables = |c: char| if c.is_alphabetic() && c < FIRST_IDEOGRAPHIC { LETTER } else { 1.0 };
    let said: f64 = piece.text.chars().filter(|c| c.is_alphanumeric()).map(syllables).sum();
    said > ALWAYS + ratio(speech_ms(piece, regions), 1000) * MOST_PER_SECOND
}

/// How long somebody speaks in the time of a piece.
fn speech_ms(piece: &Piece, regions: &[SpeechRegion]) -> u64 {
    regions.iter().map(|region| common_ms(piece, region)).sum()
}

fn common_ms(piece: &Piece, region: &SpeechRegion) -> u64 {
    piece.end_ms.min(region.end_ms).saturating_sub(piece.start_ms.max(region.start_ms))
}

#[expect(clippy::cast_precision_loss, reason = "a ratio of milliseconds")]
fn ratio(a: u64, b: u64) -> f64 {
    a as f64 / b.max(1) as f64
}

/// Whether what was heard in one go shows a decoder that got stuck.
pub fn is_stuck(pieces: &[Piece]) -> bool {
    let text: String = pieces.iter().map(|piece| piece.text.as_str()).collect();
    is_loop(&text) || compression(&text) > MOST_COMPRESSION
}

/// How many times shorter a text becomes by compression: the more, the more it repeats itself.
fn compression(text: &str) -> f64 {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::default());
    // Writing to memory does not fail; if it did, the text would count as fine.
    let written = encoder.write_all(text.as_bytes()).and_then(|()| encoder.finish());
    written.map_or(0.0, |packed| ratio(text.len() as u64, packed.len() as u64))
}

/// Whether a text goes round in a circle, as a stuck decoder does: some phrase of up to twelve
/// characters stands there four or more times in a row, over ten or more characters.
fn is_loop(text: &str) -> bool {
    let letters: Vec<char> = text.chars().filter(|c| c.is_alphanumeric()).collect();
    (1..=12).any(|length| {
        let repeats = letters.windows(length + 1).map(|w| w[0] == w[length]);
        let longest = repeats
            .fold((0, 0), |(run, best), same| {
                let run = if same { run + 1 } else { 0 };
                (run, best.max(run))
            })
            .1;
        // A run of n equal characters at this distance is n / length further repetitions.
        longest >= 3 * length && longest + length >= 10
    })
}

/// The flags that a text deserves by itself.
pub fn flags(text: &str) -> Vec<SegmentFlag> {
    let mut flags = Vec::new();
    if PHANTOMS.iter().any(|phrase| text.contains(phrase)) {
        flags.push(SegmentFlag::KnownPhantom);
    }
    flags
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(start_ms: u64, end_ms: u64, text: &str) -> Piece {
        Piece { start_ms, end_ms, text: text.into(), confidence: 0.9, sureness: vec![] }
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
    fn two_words_over_ten_seconds_are_not_enough() {
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
    fn what_nobody_can_say_in_the_time_is_seen() {
        let region = SpeechRegion { start_ms: 0, end_ms: 200 };
        assert!(is_overfull(&piece(0, 200, "党组织,党组织,党组织,"), &[region]));
        assert!(!is_overfull(&piece(0, 200, "是的。"), &[region]));
        let region = SpeechRegion { start_ms: 0, end_ms: 1000 };
        assert!(!is_overfull(&piece(0, 1000, "敬爱的党组织您好"), &[region]));
        let english = "Dear party organisation, this quarter I took part in the training course";
        let region = SpeechRegion { start_ms: 0, end_ms: 4000 };
        assert!(!is_overfull(&piece(0, 4000, english), &[region]));
    }

    #[test]
    fn a_circle_over_several_pieces_is_seen() {
        let once = "我们要认真学习党的理论知识，";
        let pieces: Vec<Piece> = (0..6).map(|i| piece(i * 1000, i * 1000 + 1000, once)).collect();
        assert!(is_stuck(&pieces));
        let said = "这个学期，我参加了入党积极分子培训班，系统学习了党的章程和党的历史。通过学习，\
            我认识到，加入党组织不仅是一种荣誉，更是一份责任。在学习方面，我认真完成各门课程。";
        assert!(!is_stuck(&[piece(0, 20_000, said)]));
        assert!((1.0..1.8).contains(&compression(said)), "{}", compression(said));
    }

    #[test]
    fn loops_are_told_from_emphasis() {
        assert!(is_loop("我要学习我要学习我要学习我要学习我要学习"));
        assert!(is_loop("啊啊啊啊啊啊啊啊啊啊啊啊"));
        assert!(!is_loop("非常非常感谢党组织的关心和帮助，我一定努力努力再努力"));
        assert!(!is_loop("2222"));
    }

    #[test]
    fn phantoms_are_flagged() {
        assert_eq!(
            flags("请不吝点赞 订阅 转发 打赏支持明镜与点点栏目"),
            [SegmentFlag::KnownPhantom]
        );
        assert!(flags("我参加了社区志愿服务").is_empty());
    }
}
