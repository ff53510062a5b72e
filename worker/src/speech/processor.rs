//! What of the processor the engines make use of, and whether it has what this binary was built for.
//!
//! Our own engine looks for the fitting instructions at run time. ggml's are chosen when it is built:
//! without them, the process would be killed at the first one.

use super::whisper::quiet;
use super::{Arithmetic, SpeechError};

/// An instruction set, as ggml writes it, and whether this processor has it.
type Instructions = (&'static str, bool);

/// What recognition will run on, for people.
pub fn describe() -> String {
    let own = match Arithmetic::best() {
        Arithmetic::Bytes => "products of bytes (VNNI)",
        Arithmetic::Plain => "plain numbers",
    };
    format!("{own}; ggml: {}", built_for())
}

/// Fails if this processor lacks something that ggml was built for.
pub fn check() -> Result<(), SpeechError> {
    let missing = missing(&built_for(), &known());
    if missing.is_empty() { Ok(()) } else { Err(SpeechError::Processor(missing.join(", "))) }
}

/// As in `AVX = 1 | AVX2 = 1`.
fn built_for() -> String {
    quiet();
    whisper_rs::print_system_info().trim().trim_end_matches('|').trim().to_owned()
}

fn missing(built_for: &str, known: &[Instructions]) -> Vec<&'static str> {
    let is_used = |name: &str| {
        let used =
            |part: &str| part.rsplit(':').next().map(str::trim) == Some(&format!("{name} = 1"));
        built_for.split('|').any(used)
    };
    known.iter().filter(|(name, here)| !here && is_used(name)).map(|(name, _)| *name).collect()
}

#[cfg(target_arch = "x86_64")]
fn known() -> Vec<Instructions> {
    vec![
        ("SSE3", is_x86_feature_detected!("sse3")),
        ("SSSE3", is_x86_feature_detected!("ssse3")),
        ("AVX", is_x86_feature_detected!("avx")),
        ("AVX2", is_x86_feature_detected!("avx2")),
        ("F16C", is_x86_feature_detected!("f16c")),
        ("FMA", is_x86_feature_detected!("fma")),
        ("BMI2", is_x86_feature_detected!("bmi2")),
        ("AVX_VNNI", is_x86_feature_detected!("avxvnni")),
        ("AVX512", is_x86_feature_detected!("avx512f")),
        ("AVX512_VBMI", is_x86_feature_detected!("avx512vbmi")),
        ("AVX512_VNNI", is_x86_feature_detected!("avx512vnni")),
        ("AVX512_BF16", is_x86_feature_detected!("avx512bf16")),
    ]
}

/// Elsewhere ggml keeps to what every processor of the kind has, unless it was told otherwise.
#[cfg(not(target_arch = "x86_64"))]
fn known() -> Vec<Instructions> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn instructions_that_are_used_and_not_there_are_told() {
        let built_for =
            "WHISPER : COREML = 0 | CPU : SSE3 = 1 | AVX2 = 1 | FMA = 0 | LLAMAFILE = 1 |";
        let known = [("SSE3", false), ("AVX", false), ("AVX2", false), ("FMA", false)];
        assert_eq!(missing(built_for, &known), ["SSE3", "AVX2"]);
        assert!(missing(built_for, &[("SSE3", true), ("AVX2", true)]).is_empty());
    }

    #[test]
    fn this_processor_will_do() {
        check().unwrap();
        assert!(describe().contains("ggml"), "{}", describe());
    }
}
