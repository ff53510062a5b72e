//! The turn and the mirroring that a container asks players to apply.

use ffmpeg::Stream;
use ffmpeg_next as ffmpeg;

/// One of the eight ways to place a rectangle on its axes: mirrored from left to right or not, then
/// turned clockwise by quarters.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Orientation {
    quarters: u8,
    mirrored: bool,
}

impl Orientation {
    /// From a track's display matrix, a 3 × 3 matrix of native-endian 16.16 numbers (see
    /// `libavutil/display.h`). Upright where there is none.
    pub fn of(stream: &Stream<'_>) -> Self {
        use ffmpeg::packet::side_data::Type;
        let Some(matrix) = stream.side_data().find(|data| data.kind() == Type::DisplayMatrix)
        else {
            return Self::default();
        };
        let number = |i: usize| -> f64 {
            let bytes = matrix.data().get(i * 4..i * 4 + 4).and_then(|b| b.try_into().ok());
            bytes.map_or(0.0, |bytes| f64::from(i32::from_ne_bytes(bytes)))
        };
        Self::from_matrix([number(0), number(1), number(3), number(4)])
    }

    /// From the linear part of a matrix, by which a point (x, y) goes to (a·x + c·y, b·x + d·y).
    fn from_matrix([a, b, c, d]: [f64; 4]) -> Self {
        let mirrored = a * d - b * c < 0.0;
        // A mirrored matrix is a turn of the mirrored picture, whose x axis points the other way.
        let (across, down) = if mirrored { (-a, -b) } else { (a, b) };
        let quarters = (down.atan2(across).to_degrees() / 90.0).round();
        #[expect(clippy::cast_possible_truncation, reason = "between -2 and 2")]
        let quarters = (quarters as i32).rem_euclid(4);
        // Between 0 and 3.
        Self { quarters: u8::try_from(quarters).unwrap_or(0), mirrored }
    }

    /// Whether players show the picture as it is coded.
    pub fn is_upright(self) -> bool {
        self == Self::default()
    }

    /// Clockwise turn in degrees: 0, 90, 180 or 270.
    pub fn degrees(self) -> u16 {
        u16::from(self.quarters) * 90
    }

    /// The size of a turned picture.
    pub fn turn(self, (width, height): (u32, u32)) -> (u32, u32) {
        if self.quarters % 2 == 1 { (height, width) } else { (width, height) }
    }

    /// The ffmpeg filter that makes the picture upright.
    pub fn filter(self) -> Option<&'static str> {
        match (self.quarters, self.mirrored) {
            (1, false) => Some("transpose=clock"),
            (2, false) => Some("hflip,vflip"),
            (3, false) => Some("transpose=cclock"),
            (0, true) => Some("hflip"),
            // Mirrored and then turned: `cclock_flip` is the plain transposition, which is a mirrored
            // picture turned by three quarters.
            (1, true) => Some("transpose=clock_flip"),
            (2, true) => Some("vflip"),
            (3, true) => Some("transpose=cclock_flip"),
            _ => None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filter(matrix: [f64; 4]) -> Option<&'static str> {
        Orientation::from_matrix(matrix).filter()
    }

    #[test]
    fn turns_and_mirrors_are_told_apart() {
        assert_eq!(filter([1.0, 0.0, 0.0, 1.0]), None);
        assert_eq!(filter([0.0, 1.0, -1.0, 0.0]), Some("transpose=clock"));
        assert_eq!(filter([-1.0, 0.0, 0.0, -1.0]), Some("hflip,vflip"));
        assert_eq!(filter([0.0, -1.0, 1.0, 0.0]), Some("transpose=cclock"));
        assert_eq!(filter([-1.0, 0.0, 0.0, 1.0]), Some("hflip"));
        assert_eq!(filter([1.0, 0.0, 0.0, -1.0]), Some("vflip"));
        assert_eq!(filter([0.0, 1.0, 1.0, 0.0]), Some("transpose=cclock_flip"));
        assert_eq!(filter([0.0, -1.0, -1.0, 0.0]), Some("transpose=clock_flip"));
    }

    #[test]
    fn odd_angles_are_rounded_and_nothing_is_upright() {
        assert_eq!(filter([0.1, 0.99, -0.99, 0.1]), Some("transpose=clock"));
        assert!(Orientation::from_matrix([0.0; 4]).is_upright());
        assert_eq!(Orientation::from_matrix([0.0, 1.0, 1.0, 0.0]).turn((4, 3)), (3, 4));
    }
}
