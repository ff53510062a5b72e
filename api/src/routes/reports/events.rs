//! Following a report while it is processed: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use huibao_models::domain::access::{Access, Action};
use huibao_models::domain::failure::Lang;
use huibao_models::domain::ids::{ReportId, SubmissionId};
use huibao_models::store::Change;
use serde::Deserialize;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::{sleep, timeout};
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::access::{Permitted, Read};
use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::{Locale, Params};
use crate::guard;
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::{ApiState, Shutdown};
use crate::view::{ErrorBody, ReportEvent, Told};

/// After an announcement, further ones are waited for so long: progress comes in small steps.
const GATHER: Duration = Duration::from_millis(200);
/// The report is looked at so often without an announcement, in case one was lost.
const LOOK: Duration = Duration::from_secs(5);
/// When nothing works on it: then it changes by what people do, and seldom.
const LOOK_AT_REST: Duration = Duration::from_secs(30);
/// Shorter than the idle timeouts of common proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// How long to follow, and what the client has already.
#[derive(Deserialize)]
pub(crate) struct FollowParams {
    #[serde(default)]
    follow: bool,
    submission: Option<Uuid>,
    transcript: Option<u32>,
}

/// The report now and after every change.
///
/// When nothing works on it any more, the event `end` comes last. Clients close the stream then, because browsers
/// would reconnect. With `follow`, the stream goes on: with what readers correct, say and decide, each time only what
/// is other than before. Who has read the transcript already says which, and it is not sent again.
#[utoipa::path(get, path = "/api/v1/reports/{id}/events", tag = "reports",
    params(("id" = Uuid, Path),
        ("follow" = Option<bool>, Query, description = "Whether to go on when nothing works on the report"),
        ("submission" = Option<Uuid>, Query,
            description = "With `follow`: the submission whose transcript the client has"),
        ("transcript" = Option<u32>, Query,
            description = "With `follow`: the version of the transcript that the client has"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses(
        (status = 200, description = "Server-sent events. `ReportEvent` describes each of them: its \
            `event` is the event's name, its `data` the event's data as JSON.",
            content_type = "text/event-stream", body = ReportEvent),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn events(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    permitted: Permitted<Read>,
    Params(params): Params<FollowParams>,
    headers: HeaderMap,
    shutdown: Option<Extension<Shutdown>>,
) -> Result<impl IntoResponse, ApiError> {
    // First: what is committed from now on is announced.
    let changes = state.store.changes().follow();
    let (id, caller) = (permitted.id(), permitted.access.caller);
    let loaded = LoadedReport::load(&state.store, id).await?.ok_or(RequestError::NotFound)?;
    let shutdown = shutdown.map(|Extension(Shutdown(token))| token).unwrap_or_default();
    let submission = loaded.submission();
    let follow = params.follow;
    let known = params.submission.zip(params.transcript).filter(|_| follow);
    let told = known.and_then(|(submission, version)| {
        Told::transcript_of(loaded.view(caller.reader(&state, lang)), submission, version)
    });
    let (loaded, phase) = (Some(loaded), Phase::Working);
    let watch = Watch {
        state,
        id,
        caller,
        headers,
        lang,
        shutdown,
        changes,
        submission,
        follow,
        at_rest: false,
        loaded,
        told,
        phase,
    };
    let events = stream::unfold(watch, Watch::next);
    // Otherwise nginx buffers events.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

/// A client that follows a report.
struct Watch {
    state: ApiState,
    id: ReportId,
    caller: Caller,
    /// Of the request: what the caller proved themselves with.
    headers: HeaderMap,
    lang: Lang,
    shutdown: CancellationToken,
    changes: Receiver<Change>,
    /// The submission that was sent last.
    submission: Option<SubmissionId>,
    /// Whether to go on when nothing works on the report.
    follow: bool,
    /// Whether nothing works on the report.
    at_rest: bool,
    /// The report as it was read, if it is not sent yet.
    loaded: Option<LoadedReport>,
    /// What the client was told last.
    told: Option<Told>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// The last change was sent.
    Settled,
    Ended,
}

impl Watch {
    /// The next event; none ends the stream.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        match self.phase {
            Phase::Working => {}
            Phase::Settled => {
                self.phase = Phase::Ended;
                return Some((Ok(Event::default().event(ReportEvent::END).data("{}")), self));
            }
            Phase::Ended => return None,
        }
        let event = Box::pin(self.changed()).await?;
        Some((Ok(event), self))
    }

    /// Waits until the report differs from what was told, and tells it. None on shutdown, and when the report
    /// cannot be read: browsers reconnect then.
    async fn changed(&mut self) -> Option<Event> {
        loop {
            let loaded = match self.loaded.take() {
                Some(loaded) => loaded,
                None => self.look_again().await?,
            };
            self.submission = loaded.submission();
            self.at_rest = loaded.is_settled();
            let settled = self.at_rest && !self.follow;
            if settled {
                self.phase = Phase::Settled;
            }
            let view = loaded.view(self.caller.reader(&self.state, self.lang));
            let now = Told::whole(view).ok()?;
            if !settled && self.told.as_ref() == Some(&now) {
                continue;
            }
            let update = self.told.as_ref().filter(|_| self.follow);
            let (name, json) = match update.and_then(|told| told.update_to(&now)) {
                Some(update) => (ReportEvent::UPDATE, serde_json::to_string(&update)),
                None => (ReportEvent::REPORT, serde_json::to_string(&now)),
            };
            self.told = Some(now);
            return Some(Event::default().event(name).data(json.ok()?));
        }
    }

    /// Waits until the report may have changed, and reads it. Nothing is queried while it waits.
    async fn look_again(&mut self) -> Option<LoadedReport> {
        let shutdown = self.shutdown.clone();
        let look = if self.at_rest { LOOK_AT_REST } else { LOOK };
        let announced = async {
            // Without an announcement, it is time to look.
            let announced = timeout(look, self.announcement()).await.is_ok();
            if announced {
                sleep(GATHER).await;
            }
            announced
        };
        let announced = shutdown.run_until_cancelled(announced).await?;
        if !announced {
            // Also a time to see whether the caller is still let in, and as what.
            let address = self.caller.address;
            let caller = guard::authenticate(&self.state, &self.headers, address).await;
            self.caller = caller.ok().flatten()?;
        }
        // What was announced until here is part of what is read now.
        self.changes = self.changes.resubscribe();
        match LoadedReport::load(&self.state.store, self.id).await {
            // It may have been taken back meanwhile.
            Ok(loaded) => loaded.filter(|loaded| {
                self.caller.may_report(Action::Read, loaded.report()) == Access::Allowed
            }),
            Err(error) => {
                tracing::error!(%error, "cannot follow a report");
                None
            }
        }
    }

    /// Waits until a change of this report is announced, or announcements were missed.
    async fn announcement(&mut self) {
        loop {
            let of_this = match self.changes.recv().await {
                Ok(Change::Report(id)) => id == self.id,
                Ok(Change::Submission(id)) => Some(id) == self.submission,
                Ok(Change::Person(_)) => false,
                Err(RecvError::Lagged(_)) => true,
                // The store, which announces, lives as long as the state.
                Err(RecvError::Closed) => std::future::pending().await,
            };
            if of_this {
                return;
            }
        }
    }
}
