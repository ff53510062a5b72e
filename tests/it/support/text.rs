//! How far a transcript is from what was said.

use unicode_normalization::UnicodeNormalization;

/// Character error rate: edit distance over reference length, after NFKC and with letters and
/// digits only.
pub fn character_error_rate(reference: &str, hypothesis: &str) -> f64 {
    let (reference, hypothesis) = (essence(reference), essence(hypothesis));
    let distance = strsim::generic_levenshtein(&reference, &hypothesis);
    #[expect(clippy::cast_precision_loss, reason = "a few hundred characters")]
    let rate = distance as f64 / reference.len() as f64;
    rate
}

fn essence(text: &str) -> Vec<char> {
    text.nfkc().flat_map(char::to_lowercase).filter(|c| c.is_alphanumeric()).collect()
}
