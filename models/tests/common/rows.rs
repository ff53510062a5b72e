//! What stages make, with numbers that a careless reader does not keep.

use huibao_models::domain::media::{AudioTrack, MediaInfo, MediaScan, VideoTrack};
use huibao_models::domain::transcript::{Recognition, RecognizerInfo, Segment, Transcript};

pub fn media() -> MediaInfo {
    MediaInfo {
        duration_ms: 1000,
        container: "mov".into(),
        video: VideoTrack {
            codec: "h264".into(),
            width: 720,
            height: 1280,
            rotation_degrees: 90,
            // Seventeen digits: more than a careless reader keeps.
            frame_rate: 24000.0 / 1001.0,
            pixel_format: "yuv420p".into(),
        },
        audio: AudioTrack { codec: "aac".into(), sample_rate: 48_000, channels: 1 },
        scan: MediaScan::default(),
    }
}

pub fn segment() -> Segment {
    Segment {
        id: 1,
        start_ms: 0,
        end_ms: 900,
        text: "敬爱的党组织。".into(),
        raw_text: "敬愛的黨組織".into(),
        confidence: Some(0.1),
        words: vec![],
        flags: vec![],
    }
}

pub fn transcript() -> Transcript {
    Transcript {
        language: "zh".into(),
        no_speech: false,
        duration_ms: 1000,
        segments: vec![segment()],
        speech: vec![],
        recognizer: RecognizerInfo {
            engine: "test".into(),
            model: "none".into(),
            model_sha256: String::new(),
            parameters: serde_json::json!({ "temperature": 0.1 + 0.2 }),
        },
    }
}

pub fn recognition() -> Recognition {
    Recognition { transcript: transcript(), raw: vec![segment()] }
}
