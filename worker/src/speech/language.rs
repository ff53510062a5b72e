//! Languages that can be asked for.

use whisper_cpu::LANGUAGES;

/// Detects the language.
pub const AUTO: &str = "auto";

/// Whether `code` is `auto` or the code of a language that Whisper knows.
pub fn is_language(code: &str) -> bool {
    code == AUTO || LANGUAGES.contains(&code)
}

/// All codes, Mandarin and `auto` first.
pub fn languages() -> Vec<String> {
    let others = LANGUAGES.into_iter().filter(|&code| code != "zh");
    ["zh", AUTO].into_iter().chain(others).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_and_names_are_not() {
        assert!(is_language("zh") && is_language("auto") && is_language("en"));
        assert!(!is_language("chinese") && !is_language("xx") && !is_language("z\0"));
        assert_eq!(languages()[..2], ["zh", "auto"]);
        assert_eq!(languages().len(), LANGUAGES.len() + 1);
    }
}
