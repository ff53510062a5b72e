//! Text files, in whatever encoding the student's editor wrote.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::Encoding;

use super::WrittenError;

/// Decodes text.
pub fn text(bytes: &[u8]) -> Result<String, WrittenError> {
    let encoding = match Encoding::for_bom(bytes) {
        Some((encoding, _)) => encoding,
        None if bytes.contains(&0) => return Err(WrittenError::Unsupported("no text")),
        None => {
            let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
            detector.feed(bytes, true);
            // Where the bytes alone do not decide, Chinese is likelier here than anything else.
            detector.guess(Some(b"cn"), Utf8Detection::Allow)
        }
    };
    let (text, ..) = encoding.decode(bytes);
    Ok(text.into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "敬爱的党组织：现在我向组织汇报本季度的思想和学习情况。";

    #[test]
    fn chinese_encodings_are_told_apart() {
        let (gbk, ..) = encoding_rs::GB18030.encode(TEXT);
        let utf16: Vec<u8> = "\u{feff}"
            .chars()
            .chain(TEXT.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        for bytes in [TEXT.as_bytes(), &gbk, &utf16] {
            assert_eq!(text(bytes).unwrap(), TEXT);
        }
    }

    #[test]
    fn a_program_is_no_text() {
        assert!(text(b"\x7fELF\0\0\0").is_err());
    }
}
