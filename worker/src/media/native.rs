//! Calls into ffmpeg that `ffmpeg-next` has no safe function for.

#![expect(unsafe_code, reason = "fields and functions of ffmpeg without a safe wrapper")]

use ffmpeg::codec::context::Context as CodecContext;
use ffmpeg::format::context::Input as Demuxer;
use ffmpeg::packet::Ref as _;
use ffmpeg::{Packet, Rational, Stream, StreamMut, ffi};
use ffmpeg_next as ffmpeg;

use super::color::Colors;

/// The sample aspect ratio that the container states, if it states one.
pub fn container_aspect(stream: &Stream<'_>) -> Option<Rational> {
    // SAFETY: the stream lives as long as the demuxer that it borrows.
    let aspect = Rational::from(unsafe { (*stream.as_ptr()).sample_aspect_ratio });
    (aspect.numerator() > 0 && aspect.denominator() > 0).then_some(aspect)
}

/// The most likely frame rate of a track.
pub fn frame_rate(demuxer: &mut Demuxer, index: usize) -> Rational {
    // SAFETY: the pointers come from the demuxer, which is borrowed for the whole call; the function
    // accepts that there is no frame.
    unsafe {
        let context = demuxer.as_mut_ptr();
        if index >= (*context).nb_streams as usize {
            return Rational(0, 1);
        }
        let stream = *(*context).streams.add(index);
        ffi::av_guess_frame_rate(context, stream, std::ptr::null_mut()).into()
    }
}

/// How many packets the index of a track lists, after its edit list was applied.
pub fn index_entries(stream: &Stream<'_>) -> u64 {
    // SAFETY: the stream lives as long as the demuxer that it borrows.
    let count = unsafe { ffi::avformat_index_get_entries_count(stream.as_ptr()) };
    u64::try_from(count).unwrap_or(0)
}

/// Whether the container's timestamps may jump in the middle (MPEG-TS, MPEG-PS, FLV …).
pub fn times_may_jump(demuxer: &Demuxer) -> bool {
    // SAFETY: an opened demuxer has a format.
    unsafe { (*(*demuxer.as_ptr()).iformat).flags & ffi::AVFMT_TS_DISCONT != 0 }
}

/// Whether a packet is to be decoded but not shown: an edit list hides it.
pub fn is_hidden(packet: &Packet) -> bool {
    // SAFETY: a packet's own field.
    unsafe { (*packet.as_ptr()).flags & ffi::AV_PKT_FLAG_DISCARD != 0 }
}

/// The level that a track's parameters state; negative where there is none.
pub fn level(stream: &Stream<'_>) -> i32 {
    // SAFETY: the parameters live as long as the stream.
    unsafe { (*stream.parameters().as_ptr()).level }
}

/// How many bytes state the length of each unit of H.264, where units are stored by their lengths
/// (ISO/IEC 14496-15, `AVCDecoderConfigurationRecord`).
pub fn unit_length_bytes(stream: &Stream<'_>) -> Option<usize> {
    let parameters = stream.parameters();
    // SAFETY: the parameters live as long as the stream, and their extradata has that many bytes.
    let record = unsafe {
        let parameters = &*parameters.as_ptr();
        let length = usize::try_from(parameters.extradata_size).ok()?;
        if parameters.codec_id != ffi::AVCodecID::AV_CODEC_ID_H264 || parameters.extradata.is_null()
        {
            return None;
        }
        std::slice::from_raw_parts(parameters.extradata, length)
    };
    (record.first() == Some(&1)).then_some(usize::from(record.get(4)? & 3) + 1)
}

/// Whether a track's parameters say that its pictures are interlaced.
pub fn is_interlaced(stream: &Stream<'_>) -> bool {
    // SAFETY: the parameters live as long as the stream.
    is_interlaced_order(unsafe { (*stream.parameters().as_ptr()).field_order })
}

fn is_interlaced_order(order: ffi::AVFieldOrder) -> bool {
    use ffi::AVFieldOrder::{AV_FIELD_BB, AV_FIELD_BT, AV_FIELD_TB, AV_FIELD_TT};
    matches!(order, AV_FIELD_TT | AV_FIELD_BB | AV_FIELD_TB | AV_FIELD_BT)
}

/// Prepares a track that is copied: no codec tag of another container (MP4 may not know it; 0 lets
/// the muxer choose), and colours that the container states.
pub fn prepare_copy(stream: &mut StreamMut<'_>, colors: Option<&Colors>) {
    // SAFETY: the parameters belong to the stream, which is borrowed for the whole call.
    unsafe {
        let parameters = (*stream.as_mut_ptr()).codecpar;
        (*parameters).codec_tag = 0;
        if let Some(colors) = colors {
            (*parameters).color_primaries = colors.primaries.into();
            (*parameters).color_trc = colors.transfer.into();
            (*parameters).color_space = colors.matrix.into();
            (*parameters).color_range = colors.range.into();
        }
    }
}

/// Reads picture headers without decoding.
pub struct PictureParser {
    parser: *mut ffi::AVCodecParserContext,
    codec: CodecContext,
}

/// What the header of one coded picture says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PictureHeader {
    /// Width in pixels; 0 where the parser does not know it.
    pub width: u32,
    /// Height in pixels; 0 where the parser does not know it.
    pub height: u32,
    /// Profile and level of the sequence.
    pub profile: (i32, i32),
    /// Whether the picture consists of two fields.
    pub interlaced: bool,
}

impl PictureParser {
    /// A parser for a track; `None` where ffmpeg has none for its codec.
    pub fn new(stream: &Stream<'_>) -> Option<Self> {
        let codec = CodecContext::from_parameters(stream.parameters()).ok()?;
        let id: ffi::AVCodecID = codec.id().into();
        // SAFETY: returns null for a codec without a parser, and otherwise a context that is freed
        // in `drop`.
        let parser = unsafe { ffi::av_parser_init(id as i32) };
        if parser.is_null() {
            return None;
        }
        // SAFETY: just made, and not null.
        unsafe { (*parser).flags |= ffi::PARSER_FLAG_COMPLETE_FRAMES };
        Some(Self { parser, codec })
    }

    /// The header of a packet with one whole picture.
    pub fn parse(&mut self, packet: &Packet) -> Option<PictureHeader> {
        let size = i32::try_from(packet.size()).ok().filter(|&size| size > 0)?;
        // SAFETY: parser and context are valid as long as `self`; the data is valid for `size` bytes
        // and padded as every packet of ffmpeg is; the parser only returns pointers into it.
        unsafe {
            let (mut data, mut length) = (std::ptr::null_mut(), 0);
            let raw = &*packet.as_ptr();
            ffi::av_parser_parse2(
                self.parser,
                self.codec.as_mut_ptr(),
                &raw mut data,
                &raw mut length,
                raw.data,
                size,
                raw.pts,
                raw.dts,
                raw.pos,
            );
            let parser = &*self.parser;
            let codec = &*self.codec.as_ptr();
            Some(PictureHeader {
                width: u32::try_from(parser.width).unwrap_or(0),
                height: u32::try_from(parser.height).unwrap_or(0),
                profile: (codec.profile, codec.level),
                interlaced: is_interlaced_order(parser.field_order),
            })
        }
    }
}

impl Drop for PictureParser {
    fn drop(&mut self) {
        // SAFETY: made by `av_parser_init` and closed once.
        unsafe { ffi::av_parser_close(self.parser) };
    }
}
