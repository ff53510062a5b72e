//! Timestamps of packets, made to run on where a recording starts again.
//!
//! Recordings that were put together by appending files (MPEG-TS, `WebM` of a restarted recorder) have
//! timestamps that start again in the middle. The parts are placed one after the other; in each of
//! them picture and sound keep their distance.

/// A step back of more than this, in microseconds, is a new part and not the order of B-frames.
const BACK: i64 = 1_000_000;

/// A step forward of more than this, in microseconds, is a new part, where the container's timestamps
/// may jump.
const FORWARD: i64 = 10_000_000;

/// Parts and tracks of one file.
#[derive(Debug)]
pub struct Timeline {
    /// Whether steps forward count.
    jumps: bool,
    /// What is added to the times of each part.
    shifts: Vec<i64>,
    tracks: Vec<Track>,
    /// End of everything so far, on the presentation's timeline.
    end: i64,
}

#[derive(Debug, Default)]
struct Track {
    index: usize,
    part: usize,
    /// End of the last packet in the file's own time.
    last: Option<i64>,
}

impl Timeline {
    /// For a container whose timestamps may also jump forward, or not.
    pub fn new(jumps: bool) -> Self {
        Self { jumps, shifts: vec![0], tracks: Vec::new(), end: i64::MIN }
    }

    /// What is added to the times of track `index` where it is now, in microseconds.
    pub fn current_shift(&self, index: usize) -> i64 {
        let track = self.tracks.iter().find(|track| track.index == index);
        self.shifts[track.map_or(self.shifts.len() - 1, |track| track.part)]
    }

    /// What is to be added to the times of a packet of track `index` that is decoded at `time`, shown at
    /// `shown` and lasts `duration`, all in microseconds.
    pub fn shift(&mut self, index: usize, time: i64, shown: i64, duration: i64) -> i64 {
        let position = self.tracks.iter().position(|track| track.index == index);
        let position = position.unwrap_or_else(|| {
            self.tracks.push(Track { index, ..Track::default() });
            self.tracks.len() - 1
        });
        let others_end = self.tracks.iter().filter(|t| t.index != index).filter_map(|t| t.last);
        let others_end = others_end.max();
        let track = &mut self.tracks[position];
        let newest = self.shifts.len() - 1;
        if let Some(last) = track.last {
            let back = time < last.saturating_sub(BACK);
            // A hole in one track alone is a pause in it.
            let alone = track.part == newest
                && others_end.is_some_and(|end| time < end.saturating_add(FORWARD));
            let forward = self.jumps && time > last.saturating_add(FORWARD) && !alone;
            if back || forward {
                if track.part == newest {
                    self.shifts.push(self.end.saturating_sub(shown));
                }
                track.part = self.shifts.len() - 1;
                track.last = None;
            }
        } else if track.part != newest {
            track.part = newest;
        }
        let end = time.saturating_add(duration);
        track.last = Some(track.last.map_or(end, |last| last.max(end)));
        let shift = self.shifts[track.part];
        self.end = self.end.max(shown.saturating_add(duration).saturating_add(shift));
        shift
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SECOND: i64 = 1_000_000;

    fn shift(timeline: &mut Timeline, index: usize, start: i64, duration: i64) -> i64 {
        timeline.shift(index, start, start, duration)
    }

    #[test]
    fn a_part_that_starts_again_follows_the_first() {
        let mut timeline = Timeline::new(false);
        for second in 0..3 {
            assert_eq!(shift(&mut timeline, 0, second * SECOND, SECOND), 0);
            assert_eq!(shift(&mut timeline, 1, second * SECOND, SECOND), 0);
        }
        // The picture of the second part comes first, then some sound of the first part.
        assert_eq!(shift(&mut timeline, 0, SECOND / 2, SECOND), 5 * SECOND / 2);
        assert_eq!(shift(&mut timeline, 1, 3 * SECOND, SECOND), 0);
        assert_eq!(shift(&mut timeline, 1, SECOND / 2, SECOND), 5 * SECOND / 2);
        assert_eq!(shift(&mut timeline, 0, 3 * SECOND / 2, SECOND), 5 * SECOND / 2);
    }

    #[test]
    fn reordered_pictures_and_pauses_are_left_alone() {
        let mut timeline = Timeline::new(true);
        assert_eq!(shift(&mut timeline, 0, 300_000, 33_000), 0);
        assert_eq!(shift(&mut timeline, 0, 100_000, 33_000), 0);
        for second in 0..60 {
            assert_eq!(shift(&mut timeline, 1, second * SECOND, SECOND), 0);
        }
        assert_eq!(
            shift(&mut timeline, 0, 59 * SECOND, 33_000),
            0,
            "sound went on without the picture"
        );
    }

    #[test]
    fn a_jump_of_everything_is_closed() {
        let mut timeline = Timeline::new(true);
        for track in [0, 1] {
            assert_eq!(shift(&mut timeline, track, 0, SECOND), 0);
        }
        assert_eq!(shift(&mut timeline, 0, 90_000 * SECOND, SECOND), -89_999 * SECOND);
        assert_eq!(shift(&mut timeline, 1, 90_000 * SECOND, SECOND), -89_999 * SECOND);
    }
}
