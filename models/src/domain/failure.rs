//! Why something did not work: stable codes, what to do about them, in Chinese and English.
//!
//! A [`Failure`] is what the rest of the system keeps and shows. Modules have error types of their
//! own; they become a `Failure` where the knowledge is to say which code it is.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FailureClass {
    /// The input can never work. Told to the activist at once, never retried.
    Permanent,
    /// Something needed is missing on this machine; an operator must act.
    Unavailable,
    /// Our own failure. Retried a few times, because a crash may have a passing cause.
    Internal,
    /// A passing condition. Retried with backoff.
    Transient,
}

/// The language in which a person is addressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Lang {
    /// Simplified Chinese.
    #[default]
    Zh,
    /// English.
    En,
}

impl Lang {
    /// Reads a locale or an `Accept-Language` value: anything that starts with `zh` is Chinese.
    pub fn from_tag(tag: &str) -> Self {
        if tag.trim().to_ascii_lowercase().starts_with("zh") { Self::Zh } else { Self::En }
    }

    /// The one of two texts that is in this language.
    pub fn pick<'a>(self, zh: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Zh => zh,
            Self::En => en,
        }
    }
}

macro_rules! failure_codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $class:ident, $zh:literal, $en:literal;)*) => {
        /// A stable name for a kind of failure. Names are part of the public contract.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
        pub enum FailureCode {
            $($(#[$doc])* #[serde(rename = $code)] $name,)*
        }

        impl FailureCode {
            /// Every code, for documentation and tests.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The stable string.
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// Whether trying again can help.
            pub const fn class(self) -> FailureClass {
                match self { $(Self::$name => FailureClass::$class,)* }
            }

            /// What happened and what to do next, for the person who handed the file in.
            pub const fn message(self, lang: Lang) -> &'static str {
                match (self, lang) {
                    $((Self::$name, Lang::Zh) => $zh, (Self::$name, Lang::En) => $en,)*
                }
            }
        }
    };
}

failure_codes! {
    /// The bytes are no media file that can be opened, or there are none.
    NotMedia = "not_media", Permanent,
        "这个文件不是可以播放的视频（也可能是空文件）。请重新选择手机里录制的原视频再上传。",
        "This file is not a playable video (or it is empty). Please choose the original recording and upload it again.";
    /// There is sound but no picture.
    NoVideoTrack = "no_video_track", Permanent,
        "文件里只有声音，没有画面。请上传视频，而不是录音。",
        "The file has sound but no picture. Please upload a video, not an audio recording.";
    /// There is a picture but no sound, or the sound track is empty.
    NoAudioTrack = "no_audio_track", Permanent,
        "视频里没有声音。请确认录制时麦克风已打开，重新录制后上传。",
        "The video has no sound. Please make sure the microphone is on, record it again and upload it.";
    /// The file ends before its content does.
    Truncated = "truncated", Permanent,
        "视频文件不完整，可能在传输中被截断。请重新上传完整的原文件。",
        "The video file is incomplete; it was probably cut off on its way. Please upload the complete original again.";
    /// Longer than the limit.
    TooLong = "too_long", Permanent,
        "视频超过了允许的时长。请剪短后再上传。",
        "The video is longer than allowed. Please shorten it and upload it again.";
    /// More bytes or pixels than the limit.
    TooLarge = "too_large", Permanent,
        "文件或画面尺寸超过了允许的大小。请降低分辨率或压缩后再上传。",
        "The file or its picture is larger than allowed. Please use a lower resolution or compress it and upload it again.";
    /// A track whose codec cannot be decoded here.
    UnsupportedCodec = "unsupported_codec", Permanent,
        "无法解码这种视频或音频格式。请用手机相机的默认设置（H.264 或 HEVC）重新录制或导出。",
        "This video or audio format cannot be decoded. Please record or export it with the phone's default settings (H.264 or HEVC).";
    /// A written report in a format that is not read.
    WrittenUnsupported = "written_unsupported", Permanent,
        "不支持这种书面汇报格式。请上传 .docx、.doc、.wps、.pdf、.odt、.rtf、.txt 或 .md 文件，或手写稿的照片（.jpg、.png、.heic、.webp）。",
        "This format of written report is not supported. Please upload a .docx, .doc, .wps, .pdf, .odt, .rtf, .txt or .md file, or photos of the pages (.jpg, .png, .heic, .webp).";
    /// A written report in an older format that this server cannot convert, or one that it could not.
    WrittenOldFormat = "written_old_format", Permanent,
        "这台服务器不能读取这个 .doc、.wps 或 .rtf 文件。请用 Word 或 WPS 打开它，选择“另存为”，类型选 .docx，再上传新文件。",
        "This server cannot read this .doc, .wps or .rtf file. Please open it in Word or WPS, choose Save As and the type .docx, and upload that file.";
    /// A written report that needs a password.
    WrittenEncrypted = "written_encrypted", Permanent,
        "书面汇报设有密码，无法读取。请去掉密码后再上传。",
        "The written report is protected by a password. Please remove the password and upload it again.";
    /// A written report that is damaged.
    WrittenBroken = "written_broken", Permanent,
        "书面汇报文件已损坏，无法打开。请重新导出后再上传。",
        "The written report is damaged and cannot be opened. Please export it again and upload it.";
    /// A written report that is, or unpacks to, more than the limit.
    WrittenTooLarge = "written_too_large", Permanent,
        "书面汇报过大（或解压后过大）。请删去图片等附件，或用较低的分辨率拍照后再上传。",
        "The written report is too large (or unpacks to too much). Please remove pictures and attachments, or take photos with a lower resolution, and upload it again.";
    /// A notice that a mail server or a channel does not take, or has not taken for a day.
    NoticeRefused = "notice_refused", Permanent,
        "通知没有送达：对方拒收，或一天内一直无法连接。请管理员检查邮箱地址、邮件服务器或群机器人的设置。",
        "A notice did not arrive: the other side refuses it, or was away for a day. The operator should check the address, the mail server or the channel.";
    /// What is to be exported is gone, was taken back, or is no longer for the one who asked.
    ExportGone = "export_gone", Permanent,
        "要导出的汇报已被撤回，或您已无权查看，所以没有导出。",
        "What was to be exported was taken back, or is no longer yours to read, so nothing was exported.";
    /// PDF is made by LibreOffice, which is not installed.
    PdfConverterMissing = "pdf_converter_missing", Unavailable,
        "这台服务器没有安装 LibreOffice，不能导出 PDF；Word 格式可以正常导出。请管理员安装 libreoffice-writer-nogui，并检查 libreoffice 设置。",
        "LibreOffice is not installed on this server, so it cannot export PDF; Word documents can be exported. The operator should install libreoffice-writer-nogui and check the setting libreoffice.";
    /// There is no font with Chinese characters, so a PDF would show boxes.
    PdfFontMissing = "pdf_font_missing", Unavailable,
        "这台服务器没有中文字体，不能导出 PDF；Word 格式可以正常导出。请管理员安装中文字体，例如 fonts-noto-cjk。",
        "This server has no Chinese font, so it cannot export PDF; Word documents can be exported. The operator should install one, such as fonts-noto-cjk.";
    /// The stored bytes are not those that were received.
    ChecksumMismatch = "checksum_mismatch", Internal,
        "文件校验不一致，系统会自动重试；如果仍然失败，请联系管理员。",
        "The stored file does not match its checksum. It will be tried again; if it keeps failing, please tell the operator.";
    /// No speech model at the configured place.
    ModelMissing = "model_missing", Unavailable,
        "没有找到语音识别模型。请管理员运行 scripts/fetch-model 模型名，或用 HUIBAO_MODEL 指定模型文件。",
        "The speech model was not found. The operator should run scripts/fetch-model with its name, or name the file with HUIBAO_MODEL.";
    /// A model file that cannot be loaded.
    ModelBroken = "model_broken", Unavailable,
        "语音识别模型无法加载，文件可能已损坏。请管理员删除它并重新运行 scripts/fetch-model。",
        "The speech model cannot be loaded; the file is probably damaged. The operator should delete it and run scripts/fetch-model again.";
    /// A processor without instructions that the binary was built for.
    ProcessorUnfit = "processor_unfit", Unavailable,
        "这台机器的处理器缺少程序编译时选用的指令（一般是 AVX2）。如果是虚拟机，请管理员把它的处理器类型设为与宿主机相同；否则请换用较新的机器，或在这台机器上重新编译（见 .cargo/config.toml）。",
        "This machine's processor lacks instructions that the program was built for, usually AVX2. If it is a virtual machine, the operator should give it the processor type of its host; otherwise use a newer machine, or build on this one (see .cargo/config.toml).";
    /// An encoder or similar that this build of ffmpeg lacks.
    EncoderMissing = "encoder_missing", Unavailable,
        "这台机器的 FFmpeg 缺少需要的编码器。请管理员运行 huibao doctor 查看。",
        "FFmpeg on this machine lacks an encoder that is needed. The operator should run huibao doctor.";
    /// The database, storage or queue cannot be used until someone changes its setting.
    BackendUnavailable = "backend_unavailable", Unavailable,
        "数据库或存储暂时无法使用。请管理员检查配置和服务状态。",
        "The database or storage cannot be used. The operator should check the configuration and the services.";
    /// The database, storage or queue does not answer just now: the network, a restart, overload.
    /// An outage must cost waiting, not reports, so it is told apart from a wrong setting.
    BackendBusy = "backend_busy", Transient,
        "数据库、存储或队列暂时没有响应，系统会自动重试；已上传的内容没有丢失。",
        "The database, storage or queue does not answer at the moment. It will be tried again; nothing that was uploaded is lost.";
    /// No room left where files are written.
    DiskFull = "disk_full", Transient,
        "磁盘空间不足。请管理员清理磁盘后重试；已上传的内容没有丢失。",
        "The disk is full. The operator should free some space and try again; nothing that was uploaded is lost.";
    /// Stopped before it was done, by a signal or a shutdown.
    Interrupted = "interrupted", Transient,
        "处理被中断，尚未完成。请重试。",
        "Processing was interrupted before it was done. Please try again.";
    /// Memory, CPU time or wall time of a child ran out.
    ResourceLimit = "resource_limit", Internal,
        "处理这个文件超出了允许的内存或时间。请联系管理员。",
        "Processing this file took more memory or time than allowed. Please tell the operator.";
    /// A native library crashed in its child process.
    ChildCrashed = "child_crashed", Internal,
        "处理程序意外退出，系统会自动重试；如果仍然失败，请联系管理员。",
        "A processing step stopped unexpectedly. It will be tried again; if it keeps failing, please tell the operator.";
    /// Anything else that is our fault.
    Internal = "internal", Internal,
        "系统内部错误。请联系管理员。",
        "Internal error. Please tell the operator.";
}

impl FailureCode {
    /// The exit code of a command that ends with this failure (the numbers of BSD `sysexits.h`).
    pub const fn exit_code(self) -> u8 {
        match self.class() {
            FailureClass::Permanent => 65,
            FailureClass::Unavailable => 69,
            FailureClass::Internal => 70,
            FailureClass::Transient => 75,
        }
    }
}

impl fmt::Display for FailureCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A failure with its cause, as kept in the database and sent between processes.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{code}: {detail}")]
pub struct Failure {
    /// What kind of failure.
    pub code: FailureCode,
    /// The technical cause, for the log and the operator. English, one line.
    pub detail: String,
}

impl Failure {
    /// A failure of this kind with this cause.
    pub fn new(code: FailureCode, detail: impl fmt::Display) -> Self {
        Self { code, detail: detail.to_string() }
    }

    /// Our own failure, with its cause.
    pub fn internal(detail: impl fmt::Display) -> Self {
        Self::new(FailureCode::Internal, detail)
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        use std::io::ErrorKind;
        let code = match error.kind() {
            ErrorKind::StorageFull | ErrorKind::QuotaExceeded => FailureCode::DiskFull,
            _ => FailureCode::Internal,
        };
        Self::new(code, error)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_survive_json() {
        for code in FailureCode::ALL {
            let json = serde_json::to_string(code).unwrap();
            assert_eq!(json, format!("\"{code}\""));
            assert_eq!(serde_json::from_str::<FailureCode>(&json).unwrap(), *code);
        }
    }

    #[test]
    fn exit_codes_follow_the_class() {
        assert_eq!(FailureCode::NotMedia.exit_code(), 65);
        assert_eq!(FailureCode::ModelMissing.exit_code(), 69);
        assert_eq!(FailureCode::ChildCrashed.exit_code(), 70);
        assert_eq!(FailureCode::DiskFull.exit_code(), 75);
    }

    #[test]
    fn a_full_disk_is_recognised() {
        let full = std::io::Error::from(std::io::ErrorKind::StorageFull);
        assert_eq!(Failure::from(full).code, FailureCode::DiskFull);
    }
}
