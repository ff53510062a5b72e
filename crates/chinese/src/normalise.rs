//! Normalises recognised Mandarin for readers: simplified characters, full-width punctuation, no
//! spaces beside Chinese characters.

use std::ops::RangeInclusive;

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

/// The ideographs that texts of today are written with (Unicode's unified ideographs and extension A).
const IDEOGRAPHS: RangeInclusive<char> = '\u{3400}'..='\u{9fff}';

/// The simplified form of single characters, for comparing texts regardless of how they are written.
///
/// Unlike [`Normaliser`], it looks at no neighbours (`乾` is `干` also in `乾坤`), so what is equal stays equal
/// wherever it stands, and every character stays one character.
pub struct SimplifiedForms {
    /// Of each of [`IDEOGRAPHS`].
    forms: Vec<char>,
}

impl SimplifiedForms {
    /// Makes the table from OpenCC's built-in dictionary.
    pub fn new() -> Result<Self, NormaliserError> {
        let Normaliser { to_simplified } = Normaliser::new()?;
        let mut buffer = [0; 4];
        let form = |c: char| {
            let converted = to_simplified.convert(c.encode_utf8(&mut buffer));
            let mut characters = converted.chars();
            characters.next().filter(|_| characters.next().is_none()).unwrap_or(c)
        };
        Ok(Self { forms: IDEOGRAPHS.map(form).collect() })
    }

    /// The simplified form of a character; others are their own.
    pub fn of(&self, c: char) -> char {
        let index = u32::from(c).checked_sub(u32::from(*IDEOGRAPHS.start()));
        index.and_then(|index| self.forms.get(index as usize)).copied().unwrap_or(c)
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
    fn single_characters_have_one_simplified_form() {
        let forms = SimplifiedForms::new().unwrap();
        let simplified: String = "黨組織乾坤党ａ，𠀀".chars().map(|c| forms.of(c)).collect();
        assert_eq!(simplified, "党组织干坤党ａ，𠀀");
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
