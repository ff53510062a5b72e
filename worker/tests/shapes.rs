//! The engines agree on networks of other shapes than the base model's, with random weights. The text
//! means nothing, but both engines must write the same.

#![expect(clippy::unwrap_used, reason = "a test may stop where something is missing")]

#[path = "../../crates/whisper/tests/support/synthetic.rs"]
mod synthetic;

use huibao_worker::speech::{Arithmetic, Effort, Recognizer, Request, WhisperCpp, WhisperCpu};

use self::synthetic::Shape;

fn text(engine: &dyn Recognizer, samples: &[f32]) -> String {
    let request = Request {
        language: Some("zh"),
        threads: 2,
        effort: Effort::Usual,
        terms: &[],
        alternatives: None,
    };
    let recognized = engine.session().unwrap().recognize(samples, &request).unwrap();
    recognized.pieces.into_iter().map(|piece| piece.text).collect()
}

#[test]
fn a_network_like_large_v3_turbo_gives_the_same_text_as_whisper_cpp() {
    // As there: 128 mel bands, 100 languages, fewer layers in the decoder than in the encoder.
    let shape = Shape { vocabulary: 51_866, mels: 128, heads: 3, audio_layers: 4, text_layers: 2 };
    let folder = tempfile::tempdir().unwrap();
    let model = folder.path().join("ggml-made-up.bin");
    std::fs::write(&model, synthetic::model(&shape).bytes).unwrap();
    let theirs = WhisperCpp::load(&model).unwrap();
    for arithmetic in [Arithmetic::Float, Arithmetic::Int8] {
        let ours = WhisperCpu::load(&model, Some(arithmetic)).unwrap();
        let mut differ = Vec::new();
        for pitch in [200.0_f32, 433.0, 871.0, 1500.0, 3100.0] {
            let wave = |at: u16| (f32::from(at) * pitch * std::f32::consts::TAU / 16_000.0).sin();
            let samples: Vec<f32> = (0..60_000).map(|at| 0.3 * wave(at)).collect();
            let begin = |text: String| text.chars().take(14).collect::<String>();
            let (theirs, ours) = (begin(text(&theirs, &samples)), begin(text(&ours, &samples)));
            assert_eq!(theirs.chars().count(), 14, "{theirs}");
            if theirs != ours {
                differ.push((theirs, ours));
            }
        }
        // Two tokens may be similarly probable, and weights are quantized differently.
        assert!(differ.len() < 2, "{arithmetic:?}: {differ:?}");
    }
}
