//! Plain text in whatever encoding it was saved with.

use chardetng::{EncodingDetector, Iso2022JpDetection, Utf8Detection};
use encoding_rs::{BIG5, Encoding, GB18030, GBK};

use super::WrittenError;

/// One odd character in so many is a slip; more means that this is not text.
const CHARS_PER_ODD_ONE: usize = 100;

/// Decodes text: by its byte order mark, else as UTF-8 if it is, else by the likeliest encoding.
pub fn decode(bytes: &[u8]) -> Result<String, WrittenError> {
    let encoding = Encoding::for_bom(bytes).map_or_else(|| guess(bytes), |(encoding, _)| encoding);
    let (text, _) = encoding.decode_with_bom_removal(bytes);
    let odd = text.chars().filter(|&c| is_odd(c)).count();
    if odd > text.chars().count() / CHARS_PER_ODD_ONE {
        return Err(WrittenError::Unsupported("not text in a known encoding".into()));
    }
    Ok(text.into_owned())
}

fn guess(bytes: &[u8]) -> &'static Encoding {
    let mut detector = EncodingDetector::new(Iso2022JpDetection::Deny);
    detector.feed(bytes, true);
    // Reports are in Mandarin, and the message settles what is too short to tell; but it stands for
    // simplified characters, so Big5 has to be recognised without it.
    let unpublished = detector.guess(None, Utf8Detection::Allow);
    if unpublished == BIG5 {
        return BIG5;
    }
    let encoding = detector.guess(Some(b"cn"), Utf8Detection::Allow);
    // GB18030 is GBK with more characters.
    if encoding == GBK { GB18030 } else { encoding }
}

/// Not expected in a text, but common where bytes of something else are decoded as text.
fn is_odd(c: char) -> bool {
    c == char::REPLACEMENT_CHARACTER || (c.is_control() && !c.is_whitespace())
}

#[cfg(test)]
mod tests {
    use super::*;

    const TEXT: &str = "我把值班的感受写下来：遇到矛盾先听完，再说自己的看法。";

    #[test]
    fn common_encodings_are_told_apart() {
        let utf16: Vec<u8> = "\u{feff}"
            .chars()
            .chain(TEXT.chars())
            .collect::<String>()
            .encode_utf16()
            .flat_map(u16::to_le_bytes)
            .collect();
        assert_eq!(decode(&utf16).unwrap(), TEXT);
        assert_eq!(decode(TEXT.as_bytes()).unwrap(), TEXT);
        assert_eq!(decode(format!("\u{feff}{TEXT}").as_bytes()).unwrap(), TEXT);
        assert_eq!(decode(&GB18030.encode(TEXT).0).unwrap(), TEXT);
        assert_eq!(decode(&GB18030.encode("思想汇报").0).unwrap(), "思想汇报");
        let traditional = "這個學期我們的小組一起讀書，也互相提醒要把話說清楚。";
        assert_eq!(decode(&BIG5.encode(traditional).0).unwrap(), traditional);
        assert_eq!(decode(b"").unwrap(), "");
    }

    #[test]
    fn noise_is_not_text() {
        let noise: Vec<u8> = (0..4096_u32).map(|i| (i * i * 31 % 255) as u8 | 1).collect();
        assert!(matches!(decode(&noise), Err(WrittenError::Unsupported(_))));
    }
}
