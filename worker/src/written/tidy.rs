//! Text as it is kept: composed characters, plain line ends, no control characters.

use unicode_normalization::UnicodeNormalization;

/// Brings text into the form in which it is kept.
pub fn tidy(text: &str) -> String {
    let text = text.replace("\r\n", "\n").replace(['\r', '\u{2028}', '\u{2029}', '\u{c}'], "\n");
    let kept =
        text.nfc().filter(|&c| c == '\n' || c == '\t' || !(c.is_control() || c == '\u{feff}'));
    let text: String = kept.collect();
    let mut lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    // One empty line is a pause, more are layout.
    lines.dedup_by(|next, last| next.is_empty() && last.is_empty());
    lines.join("\n").trim_matches('\n').to_owned()
}

/// Joins the lines that a PDF broke for its page's width: a line of Chinese that does not end a
/// sentence goes on in the next.
pub fn join_wrapped(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    for line in text.lines().map(unspaced) {
        let line = line.trim();
        let goes_on = result.chars().next_back().is_some_and(is_chinese)
            && line.chars().next().is_some_and(|c| is_chinese(c) || c.is_ascii_digit());
        if !goes_on && !result.is_empty() {
            result.push('\n');
        }
        result.push_str(line);
    }
    result
}

/// Without the spaces that PDFs have between Chinese characters for spacing.
fn unspaced(line: &str) -> String {
    let chars: Vec<char> = line.chars().collect();
    let wide = |i: Option<usize>| i.and_then(|i| chars.get(i)).is_some_and(|&c| is_wide(c));
    let keep =
        |&(i, &c): &(usize, &char)| c != ' ' || !(wide(i.checked_sub(1)) && wide(Some(i + 1)));
    chars.iter().enumerate().filter(keep).map(|(_, c)| c).collect()
}

fn is_chinese(c: char) -> bool {
    matches!(c, '\u{3400}'..='\u{9fff}' | '，' | '、' | '；' | '（' | '《' | '“')
}

fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_and_layout_go() {
        assert_eq!(tidy("\u{feff}一\r\n\r\n\r\n\r\n二\u{7}\r三  \n"), "一\n\n二\n三");
    }

    #[test]
    fn wrapped_lines_are_joined_and_paragraphs_stay() {
        let text = "通过学习，我认识\n到责任。\n第二段 开始\n\nEnglish\ntext";
        assert_eq!(join_wrapped(text), "通过学习，我认识到责任。\n第二段开始\n\nEnglish\ntext");
    }
}
