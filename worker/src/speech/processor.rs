//! Which instruction sets the engines use, and whether this processor has those that ggml needs.
//!
//! `whisper-cpu` chooses instructions at run time. ggml's are chosen when it is built: on a processor
//! without them, the process would be killed at the first one.

use whisper_cpu::Arithmetic;

use super::error::SpeechError;
use super::whisper::binding::discard_logs;

/// An instruction set by ggml's name, and whether this processor has it.
type Instructions = (&'static str, bool);

/// The instruction sets that recognition uses, for people.
pub fn describe() -> String {
    let own = match Arithmetic::best() {
        Arithmetic::Int8 => "8-bit products (VNNI)",
        Arithmetic::Float => "floats",
    };
    format!("{own}; ggml: {}", built_for())
}

/// Fails if this processor lacks instructions that ggml was built for.
pub fn check() -> Result<(), SpeechError> {
    let missing = missing(&built_for(), &known());
    if missing.is_empty() { Ok(()) } else { Err(SpeechError::Processor(missing.join(", "))) }
}

/// ggml's list, as in `AVX = 1 | AVX2 = 1`.
fn built_for() -> String {
    discard_logs();
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

/// On other architectures, ggml by default uses what all processors have.
#[cfg(not(target_arch = "x86_64"))]
fn known() -> Vec<Instructions> {
    Vec::new()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn missing_instructions_are_named() {
        let built_for =
            "WHISPER : COREML = 0 | CPU : SSE3 = 1 | AVX2 = 1 | FMA = 0 | LLAMAFILE = 1 |";
        let known = [("SSE3", false), ("AVX", false), ("AVX2", false), ("FMA", false)];
        assert_eq!(missing(built_for, &known), ["SSE3", "AVX2"]);
        assert!(missing(built_for, &[("SSE3", true), ("AVX2", true)]).is_empty());
    }

    #[test]
    fn this_processor_has_all_instructions() {
        check().unwrap();
        assert!(describe().contains("ggml"), "{}", describe());
    }
}
