//! Decoded pictures, brought to one size, orientation, rate and colour.

use ffmpeg::{Rational, format, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;
use super::color::Colors;
use super::filter::{self, Filter};
use super::orientation::Orientation;

/// Takes a finished picture and the unit of its time.
pub type PictureSink<'a> = &'a mut dyn FnMut(frame::Video, Rational) -> Result<(), MediaError>;

/// The longest side in multiples of the shortest one's limit; encoders and players have limits on each
/// side as well as on the whole.
const LONGEST: u32 = 4;

/// How pictures are to come out.
#[derive(Debug, Clone, Copy)]
pub struct Look {
    /// Even width and height of all pictures, upright.
    pub size: (u32, u32),
    /// How the pictures are to be turned and mirrored.
    pub orientation: Orientation,
    /// The sample aspect ratio that the container states.
    pub aspect: Option<Rational>,
    /// Frames are dropped down to this rate, if the source is faster.
    pub max_frame_rate: Option<u32>,
    /// Whether the container says that pictures consist of two fields.
    pub interlaced: bool,
    /// ffmpeg's name of the pixel format.
    pub pixel_format: &'static str,
    /// Colours; `None` for what a rendition of the first picture has.
    pub colors: Option<Colors>,
}

/// Scales, turns and converts pictures.
pub struct Scaler {
    look: Look,
    time_base: Rational,
    filter: Option<(Filter, Shape)>,
}

/// What a filter graph was built for.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Shape {
    size: (u32, u32),
    format: format::Pixel,
    aspect: Rational,
    interlaced: bool,
    colors: Colors,
}

impl Scaler {
    /// For pictures whose times are in units of `time_base`.
    pub fn new(look: Look, time_base: Rational) -> Self {
        Self { look, time_base, filter: None }
    }

    /// The colours that come out, once there was a picture.
    pub fn colors(&self) -> Colors {
        self.look.colors.unwrap_or(Colors::BT709)
    }

    /// Puts in a picture.
    pub fn push(&mut self, frame: &frame::Video, sink: PictureSink<'_>) -> Result<(), MediaError> {
        let colors = Colors::of_frame(frame);
        self.look.colors.get_or_insert(colors.for_rendition());
        let shape = Shape {
            size: (frame.width(), frame.height()),
            format: frame.format(),
            aspect: self.look.aspect.unwrap_or(frame.aspect_ratio()),
            // Once there were fields, more of them are expected.
            interlaced: frame.is_interlaced()
                || self.filter.as_ref().is_some_and(|(_, built)| built.interlaced),
            colors,
        };
        if self.filter.as_ref().is_some_and(|(_, built)| *built != shape) {
            self.finish(sink)?;
        }
        if self.filter.is_none() {
            let spec = spec(&shape, &self.look, self.colors())?;
            let filter = Filter::video(frame, self.time_base, &spec)?;
            self.filter = Some((filter, shape));
        }
        if let Some((filter, _)) = &mut self.filter {
            filter.push(frame)?;
        }
        self.drain(sink)
    }

    /// Hands out what is still in the filters.
    pub fn finish(&mut self, sink: PictureSink<'_>) -> Result<(), MediaError> {
        if let Some((filter, _)) = &mut self.filter {
            filter.finish()?;
        }
        self.drain(sink)?;
        self.filter = None;
        Ok(())
    }

    fn drain(&mut self, sink: PictureSink<'_>) -> Result<(), MediaError> {
        let Some((filter, _)) = &mut self.filter else { return Ok(()) };
        let time_base = filter.time_base();
        loop {
            let mut ready = frame::Video::empty();
            if !filter.pull(&mut ready) {
                return Ok(());
            }
            sink(ready, time_base)?;
        }
    }
}

/// Scales one picture.
pub fn scale_one(
    frame: &frame::Video,
    look: Look,
    time_base: Rational,
) -> Result<Option<frame::Video>, MediaError> {
    let mut scaler = Scaler::new(look, time_base);
    let mut first = None;
    let mut keep = |frame, _| {
        first.get_or_insert(frame);
        Ok(())
    };
    scaler.push(frame, &mut keep)?;
    scaler.finish(&mut keep)?;
    Ok(first)
}

/// The filters that give pictures their look. What drops pictures comes first and turning last: both
/// save work on pixels that do not stay.
fn spec(shape: &Shape, look: &Look, colors: Colors) -> Result<String, MediaError> {
    let canvas = look.orientation.turn(look.size);
    let inner = fit_into(square_pixels(shape.size, shape.aspect), canvas);
    let mut filters = Vec::new();
    if (shape.interlaced || look.interlaced) && filter::exists("bwdif") {
        // Only those pictures that say so, where pictures say so.
        let which = if shape.interlaced { "interlaced" } else { "all" };
        filters.push(format!("bwdif=mode=send_frame:deint={which}"));
    }
    if let Some(rate) = look.max_frame_rate {
        filters.push(format!("fps={rate}"));
    }
    let scale = format!("scale={}:{}:flags=bicubic", inner.0, inner.1);
    filters.extend(shape.colors.convert(colors, &scale).map_err(MediaError::Missing)?);
    filters.push(format!("format={}", look.pixel_format));
    if inner != canvas {
        filters.push(format!("pad={}:{}:(ow-iw)/2:(oh-ih)/2", canvas.0, canvas.1));
    }
    filters.extend(look.orientation.filter().map(str::to_owned));
    filters.push("setsar=1".to_owned());
    Ok(filters.join(","))
}

/// Size with square pixels: wide pixels make the picture wider, as players do.
pub fn square_pixels((width, height): (u32, u32), aspect: Rational) -> (u32, u32) {
    let (num, den) = (aspect.numerator(), aspect.denominator());
    if num <= 0 || den <= 0 || num == den {
        return (width, height);
    }
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture's size")]
    let wide = (f64::from(width) * f64::from(num) / f64::from(den)).round() as u32;
    (wide.max(1), height)
}

/// Never larger, short side within the limit, even numbers as yuv420p wants them.
pub fn fit((width, height): (u32, u32), max_short_side: u32) -> (u32, u32) {
    let short = f64::from(max_short_side) / f64::from(width.min(height).max(1));
    let long = f64::from(max_short_side * LONGEST) / f64::from(width.max(height).max(1));
    let scale = short.min(long).min(1.0);
    (even(f64::from(width) * scale), even(f64::from(height) * scale))
}

/// The largest even size of the same shape inside of `canvas`. Shapes that differ by rounding only
/// fill it.
fn fit_into((width, height): (u32, u32), canvas: (u32, u32)) -> (u32, u32) {
    let across = f64::from(canvas.0) / f64::from(width.max(1));
    let down = f64::from(canvas.1) / f64::from(height.max(1));
    let scale = across.min(down);
    let inner = (even(f64::from(width) * scale), even(f64::from(height) * scale));
    let near = |side: u32, limit: u32| side + 2 >= limit;
    if near(inner.0, canvas.0) && near(inner.1, canvas.1) {
        return canvas;
    }
    (inner.0.min(canvas.0), inner.1.min(canvas.1))
}

#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a picture's size")]
fn even(side: f64) -> u32 {
    ((side / 2.0).round() as u32).max(1) * 2
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wide_pixels_make_a_wider_picture() {
        assert_eq!(square_pixels((720, 576), Rational(16, 15)), (768, 576));
        assert_eq!(square_pixels((720, 576), Rational(0, 1)), (720, 576));
    }

    #[test]
    fn pictures_shrink_to_the_short_side_and_never_grow() {
        assert_eq!(fit((1920, 1080), 720), (1280, 720));
        assert_eq!(fit((1080, 1920), 720), (720, 1280));
        assert_eq!(fit((640, 361), 720), (640, 362));
        assert_eq!(fit((1, 1), 720), (2, 2));
        assert_eq!(fit((20_000, 32), 720), (2880, 4));
    }

    #[test]
    fn other_shapes_are_fitted_into_the_canvas() {
        assert_eq!(fit_into((320, 180), (1280, 720)), (1280, 720));
        assert_eq!(fit_into((720, 1280), (1280, 720)), (406, 720));
        assert_eq!(fit_into((640, 361), (640, 362)), (640, 362));
    }
}
