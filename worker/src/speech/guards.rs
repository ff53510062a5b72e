//! Guards against what recognisers do wrong: passages left out, loops, and made-up phrases.

use huibao_models::transcript::{SegmentFlag, SpeechRegion};

use super::Piece;

/// Speech of this length must have text.
pub const MUST_HAVE_TEXT_MS: u64 = 1000;

/// Fewer characters than this in a second of speech: something was left out. Slow, clear Mandarin
/// has about three.
const SPARSE_PER_SECOND: f64 = 1.0;

/// A region counts as covered if this much of it has text over it.
const COVERED: f64 = 0.5;

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
    let must = regions.iter().filter(|r| r.end_ms - r.start_ms >= MUST_HAVE_TEXT_MS);
    must.filter(|region| !is_covered(region, pieces)).copied().collect()
}

fn is_covered(region: &SpeechRegion, pieces: &[Piece]) -> bool {
    let overlap = |piece: &Piece| {
        piece.end_ms.min(region.end_ms).saturating_sub(piece.start_ms.max(region.start_ms))
    };
    let with_text = pieces.iter().filter(|piece| !is_sparse(piece));
    #[expect(clippy::cast_precision_loss, reason = "a ratio of milliseconds")]
    let share = |ms: u64| ms as f64 / (region.end_ms - region.start_ms) as f64;
    share(with_text.map(overlap).sum()) >= COVERED
}

/// Whether a piece has much less text than its length holds.
fn is_sparse(piece: &Piece) -> bool {
    let letters = piece.text.chars().filter(|c| c.is_alphanumeric()).count();
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let needed = (piece.end_ms.saturating_sub(piece.start_ms)) as f64 / 1000.0 * SPARSE_PER_SECOND;
    #[expect(clippy::cast_precision_loss, reason = "a rate")]
    let enough = letters as f64 >= needed;
    letters == 0 || !enough
}

/// Whether a text goes round in a circle, as a stuck decoder does: some phrase of up to twelve
/// characters stands there four or more times in a row, over ten or more characters.
pub fn is_loop(text: &str) -> bool {
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
    if is_loop(text) {
        flags.push(SegmentFlag::Repetition);
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
