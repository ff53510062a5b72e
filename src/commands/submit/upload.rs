//! The upload: the form, streamed from the disk.

use std::path::{Path, PathBuf};
use std::time::Duration;

use backon::{ExponentialBuilder, Retryable};
use huibao_api::view::{Info, ReportBody, UploadLimits};
use huibao_models::domain::failure::{Failure, FailureCode};
use huibao_models::domain::ids::ReportId;
use indicatif::ProgressBar;
use reqwest::multipart::{Form, Part};
use reqwest::{Body, Method};
use tokio::fs::File;
use tokio::io::AsyncReadExt;
use tokio_util::io::{InspectReader, ReaderStream};

use super::args::Args;
use super::refusal;
use super::server::Server;
use crate::commands::bars::upload_bar;
use crate::exit::CommandError;

/// Retries of an interrupted upload, and the first delay, which doubles.
const RETRIES: usize = 3;
const FIRST_DELAY: Duration = Duration::from_millis(500);

/// Timeout of small requests.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Read size.
const CHUNK: usize = 64 * 1024;

/// Why one attempt ended.
#[derive(Debug, thiserror::Error)]
enum UploadError {
    /// A file could not be opened.
    #[error("{0}")]
    File(#[from] std::io::Error),
    /// The connection broke. If the whole form was read, the server may have received it.
    #[error("{cause}")]
    Broken { cause: reqwest::Error, whole: bool },
    /// The server answered, but not with a report.
    #[error("{0}")]
    Refused(CommandError),
}

impl UploadError {
    /// An incomplete form cannot have become a report.
    fn may_be_repeated(&self) -> bool {
        matches!(self, Self::Broken { whole: false, .. })
    }
}

/// Submits a report and returns its id.
pub async fn upload(server: &Server, args: &Args) -> Result<ReportId, CommandError> {
    let files = Files::look(args).map_err(Failure::from)?;
    // Before megabytes are sent: the server may be unavailable, need a token or refuse the size.
    files.check(&ask_limits(server).await?)?;
    let bar = upload_bar(server.lang, files.bytes());
    let policy = ExponentialBuilder::default().with_min_delay(FIRST_DELAY).with_max_times(RETRIES);
    let attempt = || send(server, args, &bar);
    let sent = attempt.retry(policy).when(UploadError::may_be_repeated).await;
    bar.finish_and_clear();
    sent.map_err(|error| match error {
        UploadError::File(error) => Failure::from(error).into(),
        UploadError::Broken { cause, whole } => refusal::broken_upload(server, &cause, whole),
        UploadError::Refused(error) => error,
    })
}

async fn ask_limits(server: &Server) -> Result<UploadLimits, CommandError> {
    let request = server.request(Method::GET, &["info"]).timeout(REQUEST_TIMEOUT);
    let response = request.send().await.map_err(|error| refusal::unreachable(server, &error))?;
    let status = response.status();
    if !status.is_success() {
        return Err(refusal::refused(server, response).await);
    }
    let info: Info = response.json().await.map_err(|_| refusal::unexpected(server, status))?;
    Ok(info.limits)
}

/// The sizes of the files.
struct Files {
    video: u64,
    written: u64,
}

impl Files {
    fn look(args: &Args) -> std::io::Result<Self> {
        let size = |path: &PathBuf| path.metadata().map(|metadata| metadata.len());
        let written = args.written.as_ref().map_or(Ok(0), size)?;
        Ok(Self { video: size(&args.video)?, written })
    }

    fn bytes(&self) -> u64 {
        self.video.saturating_add(self.written)
    }

    fn check(&self, limits: &UploadLimits) -> Result<(), Failure> {
        for (size, limit, code) in [
            (self.video, limits.max_video_bytes, FailureCode::TooLarge),
            (self.written, limits.max_written_bytes, FailureCode::WrittenTooLarge),
        ] {
            if size > limit {
                let detail = format!("{size} bytes; the server accepts at most {limit}");
                return Err(Failure::new(code, detail));
            }
        }
        Ok(())
    }
}

/// Sends the form once.
async fn send(server: &Server, args: &Args, bar: &ProgressBar) -> Result<ReportId, UploadError> {
    bar.set_position(0);
    let form = form(args, bar).await?;
    let sent = server.request(Method::POST, &["reports"]).multipart(form).send().await;
    let whole = || bar.length().is_none_or(|length| bar.position() >= length);
    let response = sent.map_err(|cause| UploadError::Broken { cause, whole: whole() })?;
    if !response.status().is_success() {
        return Err(UploadError::Refused(refusal::refused(server, response).await));
    }
    // The server stored it: whatever is wrong with the response, it must not be sent again.
    let created: Result<ReportBody, _> = response.json().await;
    let created = created.map_err(|cause| UploadError::Broken { cause, whole: true })?;
    Ok(created.report.summary.id.into())
}

/// The form. Small fields come first, so that a server refuses them before the video is sent.
async fn form(args: &Args, bar: &ProgressBar) -> std::io::Result<Form> {
    let fields = [("title", &args.title), ("speaker", &args.speaker), ("language", &args.language)];
    let mut form = Form::new();
    for (name, value) in fields.into_iter().filter(|(_, value)| !value.is_empty()) {
        form = form.text(name, value.clone());
    }
    if let Some(written) = &args.written {
        form = form.part("written", part(written, bar).await?);
    }
    Ok(form.part("video", part(&args.video, bar).await?))
}

/// A file as it is read, with the length that it has now: the server refuses by length.
async fn part(path: &Path, bar: &ProgressBar) -> std::io::Result<Part> {
    let file = File::open(path).await?;
    let length = file.metadata().await?.len();
    let bar = bar.clone();
    let counted = InspectReader::new(file.take(length), move |bytes| bar.inc(bytes.len() as u64));
    let body = Body::wrap_stream(ReaderStream::with_capacity(counted, CHUNK));
    let name = path.file_name().unwrap_or_default().to_string_lossy().into_owned();
    Ok(Part::stream_with_length(body, length).file_name(name))
}
