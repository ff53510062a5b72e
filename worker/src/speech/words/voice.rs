//! Voiced intervals within the detector's regions: shorter pauses count, too.

use huibao_models::domain::transcript::SpeechRegion;

use crate::speech::audio::Audio;

/// Frame length in milliseconds.
pub const FRAME_MS: u64 = 10;

/// Frames this much quieter than the loud ones of their region are unvoiced, in decibels. Ends of
/// syllables are about 25 below their middles.
const QUIET_DB: f32 = 28.0;

/// Shorter unvoiced gaps count as voiced: stops within a syllable are shorter.
const CLOSURE_FRAMES: usize = 9;

/// Shorter intervals are clicks.
const SHORTEST_FRAMES: usize = 8;

/// Voiced intervals in order.
pub struct Voice {
    /// Start and end of each in milliseconds.
    pub intervals: Vec<(u64, u64)>,
}

impl Voice {
    /// The voiced intervals of speech regions.
    pub fn of(audio: &Audio, speech: &[SpeechRegion]) -> Self {
        let mut intervals = Vec::new();
        for region in speech {
            let found = voiced(audio, region);
            if found.is_empty() {
                intervals.push((region.start_ms, region.end_ms));
            }
            intervals.extend(found);
        }
        Self { intervals }
    }
}

fn voiced(audio: &Audio, region: &SpeechRegion) -> Vec<(u64, u64)> {
    let frames = (region.end_ms.saturating_sub(region.start_ms)) / FRAME_MS;
    let levels: Vec<f32> = (0..frames)
        .map(|i| region.start_ms + i * FRAME_MS)
        .map(|at| level_db(&audio.slice(at, at + FRAME_MS)))
        .collect();
    let mut sorted = levels.clone();
    sorted.sort_by(f32::total_cmp);
    // The 90th percentile: a single clap does not count.
    let Some(loud) = sorted.get(sorted.len() * 9 / 10) else { return Vec::new() };
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for (i, _) in levels.iter().enumerate().filter(|(_, level)| **level > loud - QUIET_DB) {
        match runs.last_mut() {
            Some((_, end)) if i - *end <= CLOSURE_FRAMES => *end = i + 1,
            _ => runs.push((i, i + 1)),
        }
    }
    let ms = |frame: usize| region.start_ms + frame as u64 * FRAME_MS;
    let long = runs.into_iter().filter(|(start, end)| end - start >= SHORTEST_FRAMES);
    long.map(|(start, end)| (ms(start), ms(end))).collect()
}

fn level_db(samples: &[f32]) -> f32 {
    #[expect(clippy::cast_precision_loss, reason = "160 samples")]
    let power = samples.iter().map(|s| s * s).sum::<f32>() / samples.len().max(1) as f32;
    10.0 * (power + 1e-10).log10()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_inside_a_region_are_found_and_closures_are_not() {
        // 0.3 s of tone, 50 ms of nothing, 0.3 s of tone, 0.4 s of faint noise, 0.5 s of tone.
        let loud = |ms: usize| (0..ms * 16).map(|i| if i % 16 < 8 { 0.3 } else { -0.3 });
        let quiet = |ms: usize| (0..ms * 16).map(|i| if i % 7 < 3 { 0.002 } else { -0.002 });
        let samples =
            loud(300).chain(quiet(50)).chain(loud(300)).chain(quiet(400)).chain(loud(500));
        let audio = Audio::of(samples);
        let region = SpeechRegion { start_ms: 0, end_ms: 1550 };
        assert_eq!(Voice::of(&audio, &[region]).intervals, [(0, 650), (1050, 1550)]);
    }
}
