//! Following a report on a server: by its events, or by polling where they do not arrive.

use std::fmt::Display;
use std::io;
use std::mem;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::{StreamExt, stream};
use huibao_api::view::{
    MediaView, ReportBody, ReportEvent, ReportView, StageView, SubmissionRef, TranscriptView,
};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::job::JobState;
use huibao_models::domain::report::VisibleState;
use huibao_models::domain::submission::SubmissionState;
use reqwest::{Method, Response};
use sse_stream::SseByteStream;
use tokio::time::{sleep, timeout};
use url::Url;

use super::refusal::{self, root_cause};
use super::server::Server;
use crate::commands::answer::{Answer, ReportRef, Timings};
use crate::commands::bars::Bars;
use crate::exit::CommandError;

/// Three times the interval of the keep-alive comments of a server.
const SILENCE: Duration = Duration::from_secs(45);

/// Timeout of a request.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(30);

/// Interval of polling, where events do not arrive.
const POLL: Duration = Duration::from_secs(1);

/// How long to wait for a server that does not answer: about five minutes.
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
const ATTEMPTS: usize = 35;

/// A report that is ready.
pub struct Finished {
    id: ReportId,
    submission: SubmissionRef,
    stages: Vec<StageView>,
    media: MediaView,
    transcript: TranscriptView,
}

impl Finished {
    /// The answer about it, after `total`.
    pub fn answer(self, page: Url, total: Duration) -> Answer {
        Answer {
            report: ReportRef { id: self.id, submission: Some(self.submission) },
            media: self.media,
            transcript: self.transcript,
            bag: None,
            url: Some(page.into()),
            timings: Timings::new(&self.stages, total),
        }
    }
}

/// Why an attempt ended without a finished report.
enum FollowError {
    /// No connection, or a temporary failure: try again.
    Lost(String),
    /// Permanent.
    Final(CommandError),
}

impl From<reqwest::Error> for FollowError {
    fn from(error: reqwest::Error) -> Self {
        Self::Lost(root_cause(&error))
    }
}

/// Follows the report until it is ready or failed, across restarts of the server.
pub async fn follow(server: &Server, id: ReportId, bars: Bars) -> Result<Finished, CommandError> {
    let mut watch = Watch { server, id, bars, received: false, polling: false };
    let mut delays = backoff();
    loop {
        let attempt = match watch.listen().await {
            Ok(None) | Err(FollowError::Lost(_)) => watch.poll().await,
            settled => settled,
        };
        let cause = match attempt {
            Ok(Some(finished)) => return Ok(finished),
            Err(FollowError::Final(error)) => return Err(error),
            Ok(None) => String::new(),
            Err(FollowError::Lost(cause)) => cause,
        };
        if mem::take(&mut watch.received) {
            delays = backoff();
        }
        let Some(delay) = delays.next() else {
            return Err(refusal::lost(server, &cause, server.page(id)));
        };
        sleep(if watch.polling { delay.max(POLL) } else { delay }).await;
    }
}

fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_DELAY)
        .with_max_delay(LONGEST_DELAY)
        .with_max_times(ATTEMPTS)
        .with_jitter()
        .build()
}

struct Watch<'a> {
    server: &'a Server,
    id: ReportId,
    bars: Bars,
    /// Whether a report was received since the last attempt.
    received: bool,
    /// Whether the server answers requests while its events do not arrive, as behind a proxy that
    /// buffers them.
    polling: bool,
}

impl Watch<'_> {
    /// Follows the events until they end.
    async fn listen(&mut self) -> Result<Option<Finished>, FollowError> {
        if self.polling {
            return Ok(None);
        }
        let response = timeout(SILENCE, self.get(&["events"]).send()).await;
        let response = response.map_err(|_| silent())??;
        let response = self.accept(response).await?;
        let chunks = stream::try_unfold(response, async |mut response| {
            let chunk = timeout(SILENCE, response.chunk()).await?.map_err(io::Error::other)?;
            Ok::<_, io::Error>(chunk.map(|chunk| (chunk, response)))
        });
        let mut events = SseByteStream::new(Box::pin(chunks));
        while let Some(event) = events.next().await {
            let event = event.map_err(|error| FollowError::Lost(root_cause(&error)))?;
            if event.event.as_deref() != Some(ReportEvent::REPORT) {
                continue;
            }
            let report = serde_json::from_str(&event.data.unwrap_or_default());
            if let Some(finished) = self.take(report.map_err(|error| unreadable(&error))?)? {
                return Ok(Some(finished));
            }
        }
        Ok(None)
    }

    /// Requests the report once.
    async fn poll(&mut self) -> Result<Option<Finished>, FollowError> {
        let response = self.get(&[]).timeout(REQUEST_TIMEOUT).send().await?;
        let body: ReportBody = self.accept(response).await?.json().await?;
        self.polling |= !self.received;
        self.take(body.report)
    }

    fn get(&self, more: &[&str]) -> reqwest::RequestBuilder {
        let id = self.id.to_string();
        self.server.request(Method::GET, &[&["reports", &id], more].concat())
    }

    async fn accept(&self, response: Response) -> Result<Response, FollowError> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if refusal::is_passing(status) {
            return Err(FollowError::Lost(status.to_string()));
        }
        Err(FollowError::Final(refusal::refused(self.server, response).await))
    }

    /// Shows a report, and returns it if it is ready.
    fn take(&mut self, report: ReportView) -> Result<Option<Finished>, FollowError> {
        self.received = true;
        self.bars.show(&report.stages);
        // The stages and not the report's own state: the results are never older than the stages.
        let state = SubmissionState::from_jobs(report.stages.iter().map(|stage| stage.state));
        match (state, report.summary.state) {
            // A report that is ready stays so when recognising it again fails.
            (SubmissionState::Ready, _) | (SubmissionState::Failed, VisibleState::Ready) => {
                finished(report).map(Some)
            }
            (SubmissionState::Failed, _) => Err(FollowError::Final(self.failed(report))),
            (SubmissionState::Submitted | SubmissionState::Processing, _) => Ok(None),
        }
    }

    fn failed(&self, report: ReportView) -> CommandError {
        let mut dead = report.stages.into_iter().filter(|stage| stage.state == JobState::Dead);
        match dead.find_map(|stage| stage.error) {
            Some(reason) => refusal::failed(reason, self.server.page(self.id)),
            None => Failure::internal("a stage died without a reason").into(),
        }
    }
}

fn silent() -> FollowError {
    FollowError::Lost(format!("nothing for {} seconds", SILENCE.as_secs()))
}

fn finished(report: ReportView) -> Result<Finished, FollowError> {
    let ReportView { summary, submission, stages, media, transcript, .. } = report;
    match (media, transcript, submission) {
        (Some(media), Some(transcript), Some(submission)) => {
            let id = summary.id.into();
            Ok(Finished { id, submission, stages, media, transcript })
        }
        _ => Err(unreadable(&"it is ready, but lacks media or transcript")),
    }
}

/// A malformed report will be malformed the next time as well.
fn unreadable(error: &dyn Display) -> FollowError {
    let detail = format!("the server's report cannot be read: {error}");
    FollowError::Final(Failure::internal(detail).into())
}
