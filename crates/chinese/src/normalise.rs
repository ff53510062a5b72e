//! Normalises recognised Mandarin for readers: simplified characters, full-width punctuation, no
//! spaces beside Chinese characters.

use ferrous_opencc::OpenCC;
use ferrous_opencc::config::BuiltinConfig;

/// The built-in dictionary of OpenCC cannot be loaded.
#[derive(Debug, thiserror::Error)]
#[error("OpenCC: {0}")]
pub struct NormaliserError(String);

/// Normalises Mandarin text.
pub struct Normaliser {
    to_simplified: OpenCC,
}

impl Normaliser {
    /// Loads OpenCC's built-in dictionary.
    pub fn new() -> Result<Self, NormaliserError> {
        let to_simplified = OpenCC::from_config(BuiltinConfig::T2s)
            .map_err(|error| NormaliserError(error.to_string()))?;
        Ok(Self { to_simplified })
    }

    /// The text, trimmed, simplified and punctuated.
    pub fn normalise(&self, text: &str) -> String {
        punctuate(&self.to_simplified.convert(text.trim()))
    }
}

/// Full-width punctuation beside Chinese characters and at the end, without spaces. Marks between
/// letters or digits stay: `3.5`, `3,000`, `12:30`.
fn punctuate(text: &str) -> String {
    let mut result = String::with_capacity(text.len());
    let mut chars = text.chars().peekable();
    let mut last = None;
    while let Some(c) = chars.next() {
        let next = chars.peek().copied();
        let next_letter = chars.clone().find(|c| *c != ' ');
        if c == ' ' && (last.is_some_and(is_wide) || next.is_some_and(is_wide)) {
            continue;
        }
        let wide = last.is_some_and(is_wide) || next_letter.is_none_or(is_wide);
        let c = if wide { full_width(c) } else { c };
        result.push(c);
        last = Some(c);
    }
    result
}

fn full_width(c: char) -> char {
    match c {
        ',' => '，',
        '.' => '。',
        '?' => '？',
        '!' => '！',
        ':' => '：',
        ';' => '；',
        '(' => '（',
        ')' => '）',
        other => other,
    }
}

/// Chinese characters and full-width punctuation.
fn is_wide(c: char) -> bool {
    matches!(c, '\u{3000}'..='\u{303f}' | '\u{3400}'..='\u{9fff}' | '\u{ff00}'..='\u{ffef}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn mandarin_becomes_simplified_and_punctuated() {
        let normaliser = Normaliser::new().unwrap();
        let text = normaliser.normalise(" 敬愛的黨組織, 您好!我是2024級 學生.");
        assert_eq!(text, "敬爱的党组织，您好！我是2024级学生。");
    }

    #[test]
    fn punctuation_of_numbers_and_latin_words_stays() {
        let normaliser = Normaliser::new().unwrap();
        assert_eq!(normaliser.normalise("约 3.5 公里, 共3,000步."), "约3.5公里，共3,000步。");
        assert_eq!(
            normaliser.normalise("前 10, 后 20. 用 WiFi(无线)."),
            "前10，后20。用WiFi（无线）。"
        );
        assert_eq!(normaliser.normalise("早上 7:30, 读 GPT-4."), "早上7:30，读GPT-4。");
    }
}
