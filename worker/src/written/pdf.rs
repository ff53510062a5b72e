//! PDF: positioned glyphs, from which lines and then paragraphs are guessed.

use std::panic::{AssertUnwindSafe, catch_unwind};

use pdf_extract::{Error as PdfError, OutputError};
use unicode_normalization::UnicodeNormalization;

use super::WrittenError;

/// How far, in columns, a line may fall short of the longest one and still count as full: a word
/// or punctuation that may not start a line makes it shorter.
const SLACK: usize = 4;
/// No line shorter than this, in columns, counts as full: lists and tables of short lines stay.
const MIN_FULL: usize = 40;

/// The text of all pages. Empty for a scanned document.
pub fn text(bytes: &[u8]) -> Result<String, WrittenError> {
    // The library panics on some of what it does not expect. It holds no state between calls, so
    // nothing broken can be left behind.
    let result = catch_unwind(AssertUnwindSafe(|| pdf_extract::extract_text_from_mem(bytes)));
    match result {
        Ok(Ok(text)) => Ok(join_lines(&text)),
        Ok(Err(OutputError::PdfError(
            PdfError::Decryption(_)
            | PdfError::InvalidPassword
            | PdfError::UnsupportedSecurityHandler(_),
        ))) => Err(WrittenError::Encrypted),
        Ok(Err(error)) => Err(WrittenError::Broken(format!("PDF: {error}"))),
        Err(_) => Err(WrittenError::Broken("PDF: its reader gave up".into())),
    }
}

/// Puts wrapped lines together again. A line goes on in the next one if it is full and, where a gap
/// follows, does not end a sentence: wide line spacing looks like a gap after every line.
fn join_lines(raw: &str) -> String {
    let lines: Vec<String> = raw.lines().map(mend).collect();
    let longest = lines.iter().map(|line| columns(line)).max().unwrap_or(0);
    let full = longest.saturating_sub(SLACK).max(MIN_FULL);
    let mut text = String::with_capacity(raw.len());
    let (mut goes_on, mut gap) = (false, false);
    for line in &lines {
        if line.is_empty() {
            gap = true;
            continue;
        }
        if goes_on && !(gap && ends_sentence(&text)) {
            if !(text.ends_with(is_wide) || line.starts_with(is_wide)) {
                text.push(' ');
            }
        } else {
            text.push('\n');
        }
        text.push_str(line);
        goes_on = columns(line) >= full;
        gap = false;
    }
    text
}

/// Undoes what fonts and spacing did to a line: radicals in place of characters, and single spaces
/// between Chinese characters that were only set apart.
fn mend(line: &str) -> String {
    let chars: Vec<char> = line.trim().chars().map(character).collect();
    let spaced = |i: usize| {
        chars[i] == ' '
            && i > 0
            && is_wide(chars[i - 1])
            && chars.get(i + 1).is_some_and(|&c| is_wide(c))
    };
    (0..chars.len()).filter(|&i| !spaced(i)).map(|i| chars[i]).collect()
}

/// The character that a radical looks like. Fonts draw both with one glyph, and a PDF may name
/// the glyph by the radical.
fn character(c: char) -> char {
    match c {
        '\u{2f00}'..='\u{2fdf}' => std::iter::once(c).nfkc().next().unwrap_or(c),
        '\u{2e80}'..='\u{2eff}' => {
            SIMPLIFIED_RADICALS.iter().find(|(radical, _)| *radical == c).map_or(c, |pair| pair.1)
        }
        _ => c,
    }
}

/// Radicals without a decomposition in Unicode that are characters of their own in simplified
/// Chinese.
const SIMPLIFIED_RADICALS: [(char, char); 21] = [
    ('⻁', '虎'),
    ('⻄', '西'),
    ('⻅', '见'),
    ('⻆', '角'),
    ('⻉', '贝'),
    ('⻋', '车'),
    ('⻓', '长'),
    ('⻔', '门'),
    ('⻘', '青'),
    ('⻙', '韦'),
    ('⻚', '页'),
    ('⻛', '风'),
    ('⻜', '飞'),
    ('⻝', '食'),
    ('⻢', '马'),
    ('⻣', '骨'),
    ('⻤', '鬼'),
    ('⻥', '鱼'),
    ('⻦', '鸟'),
    ('⻨', '麦'),
    ('⻰', '龙'),
];

/// Chinese characters and the punctuation set among them, which need no spaces in between.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{2e80}'..='\u{9fff}' | '\u{f900}'..='\u{faff}' | '\u{ff00}'..='\u{ffef}' | '\u{20000}'..='\u{3ffff}' | '“' | '”' | '‘' | '’' | '…' | '—')
}

fn columns(line: &str) -> usize {
    line.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

fn ends_sentence(text: &str) -> bool {
    text.trim_end_matches(['”', '’', '」', '）', '"', ')'])
        .ends_with(['。', '！', '？', '：', '；', '.', '!', '?', ':'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn radicals_and_gaps_are_mended() {
        assert_eq!(mend("  思 想 汇 报 2 份"), "思想汇报 2 份");
        assert_eq!(mend("⽉⻚⻓"), "月页长");
    }

    #[test]
    fn full_lines_go_on_and_short_ones_end() {
        let full = "一二三四五六七八九十一二三四五六七八九十一二三四五";
        let sentence = "一二三四五六七八九十一二三四五六七八九十一二三四。";
        assert_eq!(
            join_lines(&format!("题\n{full}\n完。\n下一段")),
            format!("\n题\n{full}完。\n下一段")
        );
        assert_eq!(
            join_lines(&format!("{full}\n\n{sentence}\n\n新段")),
            format!("\n{full}{sentence}\n新段")
        );
    }
}
