//! Following a report on a server: its events, or where they do not come through, questions.

use std::io;
use std::mem;
use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};
use futures::{StreamExt, stream};
use huibao_models::domain::failure::Failure;
use huibao_models::domain::ids::ReportId;
use huibao_models::domain::job::JobState;
use huibao_models::domain::submission::SubmissionState;
use reqwest::{Method, Response};
use serde::Deserialize;
use serde_json::Value;
use sse_stream::SseByteStream;
use tokio::time::{sleep, timeout};
use url::Url;

use super::refusal::{self, Reason, root_cause};
use super::server::Server;
use crate::commands::answer::{Answer, Media, ReportRef, SubmissionRef, Timings, Transcript};
use crate::commands::bars::Bars;
use crate::commands::stages::StageStatus;
use crate::exit::CommandError;

/// Three times what the server leaves between signs of life.
const SILENCE: Duration = Duration::from_secs(45);

/// How long a question may take.
const QUESTION: Duration = Duration::from_secs(30);

/// How often a server is asked whose events do not come through.
const POLL: Duration = Duration::from_secs(1);

/// How patiently a server that does not answer is waited for: about five minutes.
const FIRST_DELAY: Duration = Duration::from_millis(250);
const LONGEST_DELAY: Duration = Duration::from_secs(10);
const LOOKS: usize = 35;

#[derive(Deserialize)]
struct ReportBody {
    report: Value,
}

/// How far a report is.
#[derive(Deserialize)]
struct Progress {
    state: SubmissionState,
    stages: Vec<Step>,
}

#[derive(Deserialize)]
struct Step {
    #[serde(flatten)]
    status: StageStatus,
    error: Option<Reason>,
}

/// A report that is ready.
#[derive(Deserialize)]
pub struct Finished {
    submission: Option<SubmissionRef>,
    stages: Vec<StageStatus>,
    media: Media,
    transcript: Transcript,
}

impl Finished {
    /// The answer about it, after `total`.
    pub fn answer(self, id: ReportId, page: Url, total: Duration) -> Answer {
        Answer {
            report: ReportRef { id, submission: self.submission },
            media: self.media,
            transcript: self.transcript,
            bag: None,
            url: Some(page.into()),
            timings: Timings::new(&self.stages, total),
        }
    }
}

/// Why a look at the server ended without a finished report.
enum Trouble {
    /// No connection, or a passing failure: look again.
    Lost(String),
    /// It will not get better.
    Final(CommandError),
}

impl From<reqwest::Error> for Trouble {
    fn from(error: reqwest::Error) -> Self {
        Self::Lost(root_cause(&error))
    }
}

/// Follows the report to its end, across restarts of the server.
pub async fn follow(server: &Server, id: ReportId, bars: Bars) -> Result<Finished, CommandError> {
    let mut watch = Watch { server, id, bars, heard: false, deaf: false };
    let mut delays = backoff();
    loop {
        let look = match watch.listen().await {
            Ok(None) | Err(Trouble::Lost(_)) => watch.ask().await,
            settled => settled,
        };
        let cause = match look {
            Ok(Some(finished)) => return Ok(finished),
            Err(Trouble::Final(error)) => return Err(error),
            Ok(None) => String::new(),
            Err(Trouble::Lost(cause)) => cause,
        };
        if mem::take(&mut watch.heard) {
            delays = backoff();
        }
        let Some(delay) = delays.next() else {
            return Err(refusal::lost(server, &cause, server.page(id)));
        };
        sleep(if watch.deaf { delay.max(POLL) } else { delay }).await;
    }
}

fn backoff() -> impl Iterator<Item = Duration> {
    ExponentialBuilder::default()
        .with_min_delay(FIRST_DELAY)
        .with_max_delay(LONGEST_DELAY)
        .with_max_times(LOOKS)
        .with_jitter()
        .build()
}

struct Watch<'a> {
    server: &'a Server,
    id: ReportId,
    bars: Bars,
    /// Whether anything was learned since this was last looked at.
    heard: bool,
    /// Whether the server answers questions while its events do not arrive, as behind a proxy that
    /// holds them back.
    deaf: bool,
}

impl Watch<'_> {
    /// Follows the events until they end.
    async fn listen(&mut self) -> Result<Option<Finished>, Trouble> {
        if self.deaf {
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
            let event = event.map_err(|error| Trouble::Lost(root_cause(&error)))?;
            if event.event.as_deref() != Some("report") {
                continue;
            }
            let report = serde_json::from_str(&event.data.unwrap_or_default());
            if let Some(finished) = self.take(report.map_err(|error| unreadable(&error))?)? {
                return Ok(Some(finished));
            }
        }
        Ok(None)
    }

    /// Asks once.
    async fn ask(&mut self) -> Result<Option<Finished>, Trouble> {
        let response = self.get(&[]).timeout(QUESTION).send().await?;
        let body: ReportBody = self.accept(response).await?.json().await?;
        self.deaf |= !self.heard;
        self.take(body.report)
    }

    fn get(&self, more: &[&str]) -> reqwest::RequestBuilder {
        let id = self.id.to_string();
        self.server.request(Method::GET, &[&["reports", &id], more].concat())
    }

    async fn accept(&self, response: Response) -> Result<Response, Trouble> {
        let status = response.status();
        if status.is_success() {
            return Ok(response);
        }
        if refusal::is_passing(status) {
            return Err(Trouble::Lost(status.to_string()));
        }
        Err(Trouble::Final(refusal::refused(self.server, response).await))
    }

    /// Shows a report, and returns it if it is ready.
    fn take(&mut self, report: Value) -> Result<Option<Finished>, Trouble> {
        let progress = Progress::deserialize(&report).map_err(|error| unreadable(&error))?;
        self.heard = true;
        self.bars.show(progress.stages.iter().map(|step| step.status));
        // The stages and not the report's own state: they are never older than what else is told.
        let state =
            SubmissionState::from_jobs(progress.stages.iter().map(|step| step.status.state));
        match (state, progress.state) {
            // A dead stage of a report that can be read was to make it anew.
            (SubmissionState::Ready, _) | (SubmissionState::Failed, SubmissionState::Ready) => {
                serde_json::from_value(report).map(Some).map_err(|error| unreadable(&error))
            }
            (SubmissionState::Failed, _) => Err(Trouble::Final(self.failed(progress))),
            (SubmissionState::Submitted | SubmissionState::Processing, _) => Ok(None),
        }
    }

    fn failed(&self, progress: Progress) -> CommandError {
        let mut dead =
            progress.stages.into_iter().filter(|step| step.status.state == JobState::Dead);
        match dead.find_map(|step| step.error) {
            Some(reason) => refusal::failed(reason, self.server.page(self.id)),
            None => Failure::internal("a stage died without a reason").into(),
        }
    }
}

fn silent() -> Trouble {
    Trouble::Lost(format!("nothing for {} seconds", SILENCE.as_secs()))
}

/// What cannot be read will be no better the next time.
fn unreadable(error: &serde_json::Error) -> Trouble {
    let detail = format!("the server's report cannot be read: {error}");
    Trouble::Final(Failure::internal(detail).into())
}
