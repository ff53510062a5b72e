//! Samples: how large the system is and how much it does, kept by the system itself for its operators.

use chrono::{DateTime, TimeDelta, Utc};

use super::names::names;

/// What was measured at one moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When.
    pub at: DateTime<Utc>,
    /// Size of all stored files in bytes, as the rows tell it.
    pub storage_bytes: u64,
    /// Size of the database in bytes.
    pub database_bytes: u64,
    /// Jobs done since the sample before, without those of the system's own upkeep.
    pub done: u64,
    /// Jobs that failed for good since then.
    pub failed: u64,
}

/// How far back somebody looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Span {
    /// An hour.
    Hour,
    /// A day.
    Day,
    /// Thirty days.
    Month,
}

names!(Span, "span of time", {
    Hour = "hour",
    Day = "day",
    Month = "month",
});

impl Span {
    /// How long it is.
    pub const fn length(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::hours(1),
            Self::Day => TimeDelta::days(1),
            Self::Month => TimeDelta::days(30),
        }
    }

    /// Samples of so long are one point of a plot: few enough to draw, and no shorter than a sample's own time.
    pub const fn step(self) -> TimeDelta {
        match self {
            Self::Hour => TimeDelta::minutes(5),
            Self::Day => TimeDelta::minutes(30),
            Self::Month => TimeDelta::hours(12),
        }
    }
}

/// The points of a plot that ends `now`: of each step in which something was measured, the last sizes and the sum of
/// what was done. Samples are in the order of time. A point's time is the end of its step.
pub fn points(samples: &[Sample], span: Span, now: DateTime<Utc>) -> Vec<Sample> {
    let (begin, step) = (now - span.length(), span.step());
    let mut points: Vec<Sample> = Vec::new();
    for sample in samples.iter().filter(|sample| sample.at > begin && sample.at <= now) {
        // Whole steps back from now.
        let back = (now - sample.at).num_milliseconds() / step.num_milliseconds();
        let end = now - TimeDelta::milliseconds(back * step.num_milliseconds());
        match points.last_mut().filter(|point| point.at == end) {
            Some(point) => {
                (point.done, point.failed) =
                    (point.done + sample.done, point.failed + sample.failed);
                (point.storage_bytes, point.database_bytes) =
                    (sample.storage_bytes, sample.database_bytes);
            }
            None => points.push(Sample { at: end, ..*sample }),
        }
    }
    points
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_point_is_the_sum_of_its_step() {
        let now = DateTime::from_timestamp(1_790_000_000, 0).unwrap();
        let sample = |minutes: i64, bytes| Sample {
            at: now - TimeDelta::minutes(minutes),
            storage_bytes: bytes,
            database_bytes: bytes / 2,
            done: 2,
            failed: 1,
        };
        let samples =
            [sample(60 * 24, 2), sample(70, 4), sample(65, 6), sample(29, 8), sample(0, 10)];
        let day = points(&samples, Span::Day, now);
        let short: Vec<_> = day
            .iter()
            .map(|point| ((now - point.at).num_minutes(), point.storage_bytes, point.done))
            .collect();
        assert_eq!(short, [(60, 6, 4), (0, 10, 4)], "what is older than a day is not there");
        assert_eq!(points(&samples, Span::Hour, now).len(), 2);
        assert_eq!(points(&samples, Span::Month, now).len(), 2);
        assert_eq!(points(&[], Span::Month, now), []);
    }

    #[test]
    fn a_plot_has_few_points() {
        for span in Span::ALL {
            let points = span.length().num_seconds() / span.step().num_seconds();
            assert!((10..=100).contains(&points), "{span}");
        }
    }
}
