//! Colours: what a track means where it does not say so, and what comes out.

use std::fmt::Write as _;

use ffmpeg::color::{Primaries, Range, Space, TransferCharacteristic as Transfer};
use ffmpeg::{decoder, format, frame};
use ffmpeg_next as ffmpeg;

use super::pixel_format;

/// How the numbers of a picture are to be understood (ITU-T H.273).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Colors {
    /// Colours of the three primaries.
    pub primaries: Primaries,
    /// Transfer characteristic.
    pub transfer: Transfer,
    /// Matrix between RGB and YCbCr.
    pub matrix: Space,
    /// Limited or full range.
    pub range: Range,
}

impl Colors {
    /// BT.709 in limited range: what HDR, RGB and wide gamuts are converted to.
    pub const BT709: Self = Self {
        primaries: Primaries::BT709,
        transfer: Transfer::BT709,
        matrix: Space::BT709,
        range: Range::MPEG,
    };

    /// What JPEG files are read as: the matrix of BT.601 in full range.
    pub const JPEG: Self = Self {
        primaries: Primaries::BT709,
        transfer: Transfer::IEC61966_2_1,
        matrix: Space::BT470BG,
        range: Range::JPEG,
    };

    /// Of a decoded picture.
    pub fn of_frame(frame: &frame::Video) -> Self {
        let stated = Self {
            primaries: frame.color_primaries(),
            transfer: frame.color_transfer_characteristic(),
            matrix: frame.color_space(),
            range: frame.color_range(),
        };
        stated.completed(frame.format(), (frame.width(), frame.height()))
    }

    /// Of a track, as far as its decoder knows before it has decoded.
    pub fn of_decoder(decoder: &decoder::Video) -> Self {
        let stated = Self {
            primaries: decoder.color_primaries(),
            transfer: decoder.color_transfer_characteristic(),
            matrix: decoder.color_space(),
            range: decoder.color_range(),
        };
        stated.completed(decoder.format(), (decoder.width(), decoder.height()))
    }

    /// Fills in what is not stated: BT.2020 for HDR, BT.709 for high definition, BT.601 below, as
    /// players do.
    fn completed(mut self, format: format::Pixel, (width, height): (u32, u32)) -> Self {
        if pixel_format::is_rgb(format) {
            self.matrix = Space::RGB;
        } else if matches!(self.matrix, Space::Unspecified | Space::Reserved | Space::RGB) {
            let high_definition = width.max(height) >= 1280 || width.min(height) > 576;
            self.matrix = match (self.is_hdr(), self.primaries) {
                (true, _) | (_, Primaries::BT2020) => Space::BT2020NCL,
                _ if high_definition => Space::BT709,
                _ => Space::SMPTE170M,
            };
        }
        if matches!(
            self.primaries,
            Primaries::Unspecified | Primaries::Reserved | Primaries::Reserved0
        ) {
            self.primaries = match self.matrix {
                _ if self.is_hdr() => Primaries::BT2020,
                Space::BT2020NCL | Space::BT2020CL => Primaries::BT2020,
                Space::SMPTE170M => Primaries::SMPTE170M,
                Space::BT470BG if !is_full_range_format(format) => Primaries::BT470BG,
                _ => Primaries::BT709,
            };
        }
        if matches!(self.transfer, Transfer::Unspecified | Transfer::Reserved | Transfer::Reserved0)
        {
            self.transfer = match self.matrix {
                Space::SMPTE170M | Space::BT470BG => Transfer::SMPTE170M,
                _ => Transfer::BT709,
            };
        }
        if self.range == Range::Unspecified {
            let full = self.matrix == Space::RGB || is_full_range_format(format);
            self.range = if full { Range::JPEG } else { Range::MPEG };
        }
        self
    }

    /// Whether the transfer characteristic is that of high dynamic range.
    pub fn is_hdr(self) -> bool {
        matches!(self.transfer, Transfer::ARIB_STD_B67 | Transfer::SMPTE2084)
    }

    /// Whether every player shows these colours as they are.
    pub fn are_common(self) -> bool {
        !self.is_hdr()
            && self.range == Range::MPEG
            && matches!(self.matrix, Space::BT709 | Space::SMPTE170M | Space::BT470BG)
            && matches!(
                self.primaries,
                Primaries::BT709 | Primaries::SMPTE170M | Primaries::BT470BG
            )
            && matches!(
                self.transfer,
                Transfer::BT709 | Transfer::SMPTE170M | Transfer::GAMMA28 | Transfer::IEC61966_2_1
            )
    }

    /// What an encoded rendition of such pictures has: the same where every player knows it, otherwise
    /// BT.709. Keeping BT.601 saves a conversion of every picture.
    pub fn for_rendition(self) -> Self {
        let kept = Self { range: Range::MPEG, ..self };
        if kept.are_common() { kept } else { Self::BT709 }
    }

    /// Filters that turn pictures with these colours into `target`, to be put before and after
    /// `scale`, a scaling filter without arguments for colours.
    pub fn convert(self, target: Self, scale: &str) -> Result<Vec<String>, &'static str> {
        let simple = |matrix| scale_matrix(matrix).is_some();
        if self.is_hdr() || !(self.matrix == Space::RGB || simple(self.matrix)) || self.is_wide() {
            return self.convert_light(target, scale);
        }
        let mut arguments = scale.to_owned();
        if self.matrix == Space::RGB {
            let _ = write!(
                arguments,
                ":out_color_matrix={}",
                scale_matrix(target.matrix).unwrap_or("bt709")
            );
        } else if self.matrix != target.matrix
            && let (Some(from), Some(to)) = (scale_matrix(self.matrix), scale_matrix(target.matrix))
            && from != to
        {
            let _ = write!(arguments, ":in_color_matrix={from}:out_color_matrix={to}");
        }
        if self.matrix != Space::RGB {
            let _ = write!(arguments, ":in_range={}", scale_range(self.range));
        }
        let _ = write!(arguments, ":out_range={}", scale_range(target.range));
        Ok(vec![arguments])
    }

    /// Whether the colours are outside of what displays without wide gamut show.
    fn is_wide(self) -> bool {
        self.primaries == Primaries::BT2020
    }

    /// Conversion in linear light, after scaling, because there it costs most.
    fn convert_light(self, target: Self, scale: &str) -> Result<Vec<String>, &'static str> {
        for filter in ["zscale", "tonemap"] {
            if !super::filter::exists(filter) {
                return Err("zscale and tonemap filters");
            }
        }
        let name = |name: Option<&'static str>, default| name.unwrap_or(default);
        let mut filters = vec![
            format!(
                "setparams=color_primaries={}:color_trc={}:colorspace={}:range={}",
                name(self.primaries.name(), "bt2020"),
                name(self.transfer.name(), "bt709"),
                name(self.matrix.name(), "bt2020nc"),
                scale_range(self.range),
            ),
            scale.to_owned(),
        ];
        if self.is_hdr() {
            filters.push(TONE_MAP.to_owned());
        }
        filters.push("zscale=p=bt709:t=bt709:m=bt709:r=limited,format=yuv420p".to_owned());
        if target != Self::BT709 {
            filters.extend(Self::BT709.convert(target, "scale=iw:ih")?);
        }
        Ok(filters)
    }
}

/// From PQ or HLG to linear BT.709 light between 0 and 1. 1.0 stands for 203 cd/m² before tone mapping,
/// the white of paper in HDR (ITU-R BT.2408), and 4.93 times that for 1000 cd/m², the brightest that is
/// told apart. Up to half of white nothing changes; white comes out where the curve of BT.2390 has it.
const TONE_MAP: &str = "zscale=t=linear:npl=203,format=gbrpf32le,zscale=p=bt709,\
                        tonemap=mobius:param=0.5:peak=4.93:desat=0";

fn is_full_range_format(format: format::Pixel) -> bool {
    use format::Pixel::{YUVJ411P, YUVJ420P, YUVJ422P, YUVJ440P, YUVJ444P};
    matches!(format, YUVJ411P | YUVJ420P | YUVJ422P | YUVJ440P | YUVJ444P)
}

/// The scaling filter's name of a matrix that it can convert.
fn scale_matrix(matrix: Space) -> Option<&'static str> {
    match matrix {
        Space::BT709 => Some("bt709"),
        Space::SMPTE170M | Space::BT470BG => Some("smpte170m"),
        Space::SMPTE240M => Some("smpte240m"),
        Space::FCC => Some("fcc"),
        _ => None,
    }
}

fn scale_range(range: Range) -> &'static str {
    if range == Range::JPEG { "full" } else { "limited" }
}
