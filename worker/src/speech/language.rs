//! Languages that can be asked for.

/// Asks the model to find out.
pub const AUTO: &str = "auto";

/// Whether `code` is `auto` or a code that whisper knows.
pub fn is_language(code: &str) -> bool {
    // whisper also takes whole names ("chinese"); codes keep the data uniform. The binding panics
    // at a zero byte.
    let is_code = matches!(code.len(), 2 | 3) && code.bytes().all(|b| b.is_ascii_lowercase());
    code == AUTO || (is_code && whisper_rs::get_lang_id(code).is_some())
}

/// All codes, Mandarin and `auto` first.
pub fn languages() -> Vec<String> {
    let known = (0..=whisper_rs::get_lang_max_id()).filter_map(whisper_rs::get_lang_str);
    let others = known.filter(|&code| code != "zh").map(str::to_owned);
    ["zh", AUTO].into_iter().map(str::to_owned).chain(others).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_known_and_names_are_not() {
        assert!(is_language("zh") && is_language("auto") && is_language("en"));
        assert!(!is_language("chinese") && !is_language("xx") && !is_language("z\0"));
        assert_eq!(languages()[..2], ["zh", "auto"]);
    }
}
