//! Filter graphs with one way in and one way out.

use ffmpeg::error::ENOMEM;
use ffmpeg::filter::Graph;
use ffmpeg::{Frame, Rational, frame};
use ffmpeg_next as ffmpeg;

use super::MediaError;

/// A graph, ready to take frames.
pub struct Filter {
    graph: Graph,
}

impl Filter {
    /// A graph for frames like `frame`, whose times are in units of `time_base`.
    pub fn video(
        frame: &frame::Video,
        time_base: Rational,
        spec: &str,
    ) -> Result<Self, MediaError> {
        let aspect = frame.aspect_ratio();
        let aspect = if aspect.numerator() <= 0 { Rational(1, 1) } else { aspect };
        let args = format!(
            "video_size={}x{}:pix_fmt={}:time_base={}/{}:pixel_aspect={}/{}",
            frame.width(),
            frame.height(),
            frame.format().descriptor().map_or("none", |d| d.name()),
            time_base.numerator(),
            time_base.denominator(),
            aspect.numerator(),
            aspect.denominator(),
        );
        Self::build(("buffer", &args), "buffersink", spec).map_err(|error| not_built(error, &args))
    }

    /// A graph for sound like `frame`, whose times are in units of `time_base`.
    pub fn audio(
        frame: &frame::Audio,
        time_base: Rational,
        spec: &str,
    ) -> Result<Self, MediaError> {
        let layout = if frame.channel_layout().is_empty() {
            ffmpeg::ChannelLayout::default(i32::from(frame.channels()))
        } else {
            frame.channel_layout()
        };
        let args = format!(
            "time_base={}/{}:sample_rate={}:sample_fmt={}:channel_layout=0x{:x}",
            time_base.numerator(),
            time_base.denominator(),
            frame.rate(),
            frame.format().name(),
            layout.bits()
        );
        Self::build(("abuffer", &args), "abuffersink", spec)
            .map_err(|error| not_built(error, &args))
    }

    fn build(source: (&str, &str), sink: &str, spec: &str) -> Result<Self, MediaError> {
        let failed = MediaError::during("build a filter graph");
        let mut graph = Graph::new();
        // SAFETY: the graph is owned here and was just made. There is no safe setter, and the
        // default is a thread for every core of the machine, which breaks the core budget.
        #[expect(unsafe_code, reason = "no safe setter exists for the thread count")]
        unsafe {
            (*graph.as_mut_ptr()).nb_threads = 1;
        }
        let find =
            |name: &str| ffmpeg::filter::find(name).ok_or(MediaError::Missing("buffer filters"));
        graph.add(&find(source.0)?, "in", source.1).map_err(&failed)?;
        graph.add(&find(sink)?, "out", "").map_err(&failed)?;
        let parser = graph.output("in", 0).and_then(|p| p.input("out", 0)).map_err(&failed)?;
        parser.parse(spec).map_err(&failed)?;
        graph.validate().map_err(&failed)?;
        Ok(Self { graph })
    }

    /// Unit of the times that come out.
    pub fn time_base(&mut self) -> Rational {
        self.graph.get("out").map_or(Rational(1, 1000), |mut sink| sink.sink().time_base())
    }

    /// Puts a frame in.
    pub fn push(&mut self, frame: &Frame) -> Result<(), MediaError> {
        let failed = MediaError::during("filter a frame");
        let mut source = self.graph.get("in").ok_or(MediaError::Missing("buffer filters"))?;
        source.source().add(frame).map_err(failed)
    }

    /// Says that no more frames will come.
    pub fn finish(&mut self) -> Result<(), MediaError> {
        let mut source = self.graph.get("in").ok_or(MediaError::Missing("buffer filters"))?;
        source.source().flush().map_err(MediaError::during("drain a filter graph"))
    }

    /// Takes a frame out into `frame`; false if there is none now.
    pub fn pull(&mut self, frame: &mut Frame) -> bool {
        self.graph.get("out").is_some_and(|mut sink| sink.sink().frame(frame).is_ok())
    }
}

/// The filters are always the same, so what they cannot be built for is a property of the file.
fn not_built(error: MediaError, frames: &str) -> MediaError {
    match error {
        MediaError::Ffmpeg { source: ffmpeg::Error::Other { errno }, .. } if errno == ENOMEM => {
            error
        }
        MediaError::Ffmpeg { source, .. } => {
            MediaError::UnsupportedCodec(format!("frames of {frames}: {source}"))
        }
        other => other,
    }
}

/// Whether this build of ffmpeg has a filter.
pub fn exists(name: &str) -> bool {
    ffmpeg::filter::find(name).is_some()
}
