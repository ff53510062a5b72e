//! The languages of Whisper's multilingual models (`whisper/tokenizer.py`).

/// ISO 639-1 or 639-2 codes in the order of the language tokens. Models before large-v3 lack the last.
#[rustfmt::skip] // One per line, it fills a page.
pub const LANGUAGES: [&str; 100] = [
    "en", "zh", "de", "es", "ru", "ko", "fr", "ja", "pt", "tr", "pl", "ca", "nl", "ar", "sv", "it",
    "id", "hi", "fi", "vi", "he", "uk", "el", "ms", "cs", "ro", "da", "hu", "ta", "no", "th", "ur",
    "hr", "bg", "lt", "la", "mi", "ml", "cy", "sk", "te", "fa", "lv", "bn", "sr", "az", "sl", "kn",
    "et", "mk", "br", "eu", "is", "hy", "ne", "mn", "bs", "kk", "sq", "sw", "gl", "mr", "pa", "si",
    "km", "sn", "yo", "so", "af", "oc", "ka", "be", "tg", "sd", "gu", "am", "yi", "lo", "uz", "fo",
    "ht", "ps", "tk", "nn", "mt", "sa", "lb", "my", "bo", "tl", "mg", "as", "tt", "haw", "ln", "ha",
    "ba", "jw", "su", "yue",
];

/// The index of a language's token among the language tokens.
pub fn index(code: &str) -> Option<usize> {
    LANGUAGES.iter().position(|known| *known == code)
}

#[cfg(test)]
mod tests {
    use std::ffi::{CStr, CString};

    use whisper_rs_sys::{whisper_lang_id, whisper_lang_max_id, whisper_lang_str};

    use super::*;

    #[test]
    #[expect(unsafe_code, reason = "whisper.cpp is a C library")]
    fn the_languages_are_those_of_whisper_cpp() {
        // SAFETY: the strings are terminated; the library returns static strings for its own ids.
        unsafe {
            assert_eq!(usize::try_from(whisper_lang_max_id()).unwrap() + 1, LANGUAGES.len());
            for (at, code) in LANGUAGES.iter().enumerate() {
                let id = i32::try_from(at).unwrap();
                assert_eq!(CStr::from_ptr(whisper_lang_str(id)).to_str().unwrap(), *code);
                assert_eq!(whisper_lang_id(CString::new(*code).unwrap().as_ptr()), id);
            }
        }
        assert_eq!((index("zh"), index("chinese")), (Some(1), None));
    }
}
