//! Sending a file by tus 1.0: from where the server is, again and again, until it has all of it.

use std::io::SeekFrom;
use std::path::{Path, PathBuf};
use std::time::Duration;

use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::upload::UploadRole;
use indicatif::ProgressBar;
use reqwest::{Body, Method, RequestBuilder, Response, StatusCode};
use tokio::fs::File;
use tokio::io::{AsyncReadExt, AsyncSeekExt};
use tokio::time::sleep;
use tokio_util::io::{InspectReader, ReaderStream};

use super::refusal;
use super::resume::Progress;
use super::server::Server;
use crate::exit::CommandError;

/// Tries without any progress before it is given up.
const TRIES: u32 = 6;

/// The first delay, which doubles, and the longest.
const FIRST_DELAY: Duration = Duration::from_millis(500);
const LONGEST_DELAY: Duration = Duration::from_secs(15);

/// A connection over which nothing of a file was sent for so long is given up: nobody says so when a network
/// is gone.
const SILENCE: Duration = Duration::from_mins(2);

/// Timeout of requests without a file.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Read size.
const CHUNK: usize = 64 * 1024;

/// How long to wait before another try.
pub fn delay(tries: u32) -> Duration {
    let doublings = tries.saturating_sub(1).min(16);
    FIRST_DELAY.saturating_mul(1 << doublings).min(LONGEST_DELAY)
}

/// A file that is sent.
pub struct Outgoing {
    /// What it is of the report.
    pub role: UploadRole,
    /// Tells it from the other files of the report.
    pub label: String,
    path: PathBuf,
    /// Its size in bytes, which the server is told.
    pub length: u64,
}

impl Outgoing {
    /// A file as it is now.
    pub fn look(role: UploadRole, label: String, path: &Path) -> Result<Self, Failure> {
        let length = path.metadata()?.len();
        Ok(Self { role, label, path: path.to_owned(), length })
    }

    fn name(&self) -> String {
        self.path.file_name().unwrap_or_default().to_string_lossy().into_owned()
    }
}

/// Why a try ended before everything was sent.
enum Interrupted {
    /// The connection broke, or the server is busy: another try may succeed.
    Passing(CommandError),
    /// The server does not know the upload any more.
    Gone(CommandError),
    /// It will not succeed.
    Final(CommandError),
}

/// Sends a file of a draft, or the rest of it.
pub async fn send(
    server: &Server,
    report: ReportId,
    file: &Outgoing,
    progress: &mut Progress,
    bar: &ProgressBar,
) -> Result<(), CommandError> {
    let (start, mut begun_again) = (bar.position(), false);
    let mut sending = Sending { server, report, file, bar, start, arrived: 0, tries: 0 };
    loop {
        match sending.once(progress).await {
            Ok(()) => return Ok(()),
            Err(Interrupted::Final(error)) => return Err(error),
            // An upload is not kept for ever, but one that was just begun is.
            Err(Interrupted::Gone(error)) if begun_again => return Err(error),
            Err(Interrupted::Gone(_)) => {
                begun_again = true;
                progress.set_upload(&file.label, None);
            }
            Err(Interrupted::Passing(error)) => {
                sending.tries += 1;
                if sending.tries >= TRIES {
                    return Err(error);
                }
                sleep(delay(sending.tries)).await;
            }
        }
    }
}

struct Sending<'a> {
    server: &'a Server,
    report: ReportId,
    file: &'a Outgoing,
    bar: &'a ProgressBar,
    /// Where the bar stood before this file.
    start: u64,
    /// The most that the server said it has.
    arrived: u64,
    /// Tries since that became more.
    tries: u32,
}

impl Sending<'_> {
    /// Sends what is missing, in one request.
    async fn once(&mut self, progress: &mut Progress) -> Result<(), Interrupted> {
        let (id, offset) = if let Some(id) = progress.upload(&self.file.label) {
            let offset = self.offset(&id).await?;
            (id, offset)
        } else {
            let id = self.begin().await?;
            progress.set_upload(&self.file.label, Some(&id));
            (id, 0)
        };
        // What was read of the file does not count: it may be on its way for ever.
        if offset > self.arrived {
            (self.arrived, self.tries) = (offset, 0);
        }
        self.bar.set_position(self.start + offset);
        if offset < self.file.length {
            self.append(&id, offset).await?;
        }
        Ok(())
    }

    fn request(&self, method: Method, id: &str) -> RequestBuilder {
        self.server.request(method, &["uploads", id]).header("tus-resumable", "1.0.0")
    }

    /// Begins the upload and returns its id.
    async fn begin(&self) -> Result<String, Interrupted> {
        let encode = |text: &str| STANDARD.encode(text);
        let metadata = format!(
            "report_id {},role {},filename {}",
            encode(&self.report.to_string()),
            encode(self.file.role.as_str()),
            encode(&self.file.name())
        );
        let request = self
            .request(Method::POST, "")
            .timeout(REQUEST_TIMEOUT)
            .header("upload-length", self.file.length)
            .header("upload-metadata", metadata);
        let response = self.accept(request.send().await).await?;
        let status = response.status();
        let location = response.headers().get("location").and_then(|place| place.to_str().ok());
        let id = location.and_then(|place| place.rsplit('/').next()).filter(|id| !id.is_empty());
        id.map(str::to_owned)
            .ok_or_else(|| Interrupted::Final(refusal::unexpected(self.server, status)))
    }

    /// How much the server has.
    async fn offset(&self, id: &str) -> Result<u64, Interrupted> {
        let request = self.request(Method::HEAD, id).timeout(REQUEST_TIMEOUT);
        let response = self.accept(request.send().await).await?;
        let status = response.status();
        let offset = response.headers().get("upload-offset").and_then(|o| o.to_str().ok());
        let offset = offset.and_then(|offset| offset.parse().ok());
        offset
            .filter(|offset| *offset <= self.file.length)
            .ok_or_else(|| Interrupted::Final(refusal::unexpected(self.server, status)))
    }

    async fn append(&self, id: &str, offset: u64) -> Result<(), Interrupted> {
        let body =
            self.rest(offset).await.map_err(|e| Interrupted::Final(Failure::from(e).into()))?;
        let request = self
            .request(Method::PATCH, id)
            .header("upload-offset", offset)
            .header("content-type", "application/offset+octet-stream")
            .header("content-length", self.file.length - offset);
        let sent = tokio::select! {
            sent = request.body(body).send() => sent,
            () = silence(self.bar, SILENCE) => {
                let error = refusal::silent_upload(self.server, SILENCE);
                return Err(Interrupted::Passing(error));
            }
        };
        self.accept(sent).await?;
        Ok(())
    }

    /// The file from an offset on, as it is read.
    async fn rest(&self, offset: u64) -> std::io::Result<Body> {
        let mut file = File::open(&self.file.path).await?;
        file.seek(SeekFrom::Start(offset)).await?;
        let bar = self.bar.clone();
        let rest = file.take(self.file.length - offset);
        let counted = InspectReader::new(rest, move |bytes| bar.inc(bytes.len() as u64));
        Ok(Body::wrap_stream(ReaderStream::with_capacity(counted, CHUNK)))
    }

    async fn accept(
        &self,
        response: Result<Response, reqwest::Error>,
    ) -> Result<Response, Interrupted> {
        let response = response
            .map_err(|error| Interrupted::Passing(refusal::broken_upload(self.server, &error)))?;
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        let unknown = [StatusCode::NOT_FOUND, StatusCode::GONE].contains(&status);
        // Of the report, if nothing names an upload yet.
        if unknown && response.url().path().rsplit('/').next().is_some_and(|id| !id.is_empty()) {
            return Err(Interrupted::Gone(refusal::refused(self.server, response).await));
        }
        // The server is still busy with the request that broke.
        let busy = [StatusCode::CONFLICT, StatusCode::LOCKED].contains(&status);
        let error = refusal::refused(self.server, response).await;
        let draft = matches!(&error, CommandError::Server { code, .. } if code == "not_a_draft");
        if (busy && !draft) || refusal::is_passing(status) {
            return Err(Interrupted::Passing(error));
        }
        Err(Interrupted::Final(error))
    }
}

/// Ends when the bar has not moved for `patience`.
async fn silence(bar: &ProgressBar, patience: Duration) {
    let mut seen = bar.position();
    loop {
        sleep(patience).await;
        if bar.position() == seen {
            return;
        }
        seen = bar.position();
    }
}

#[cfg(test)]
mod tests {
    use tokio::time::timeout;

    use super::*;

    #[tokio::test]
    async fn silence_ends_a_try_and_progress_does_not() {
        let (bar, patience) = (ProgressBar::hidden(), Duration::from_millis(200));
        timeout(Duration::from_mins(1), silence(&bar, patience)).await.unwrap();
        let moving = async {
            loop {
                bar.inc(1);
                sleep(Duration::from_millis(5)).await;
            }
        };
        tokio::select! {
            () = moving => {}
            () = silence(&bar, patience) => panic!("it moved"),
            () = sleep(patience * 4) => {}
        }
    }

    #[test]
    fn delays_double_up_to_a_bound() {
        let delays: Vec<_> = (1..=7).map(|tries| delay(tries).as_millis()).collect();
        assert_eq!(delays, [500, 1000, 2000, 4000, 8000, 15_000, 15_000]);
    }
}
