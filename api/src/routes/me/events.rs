//! What happens to oneself, as it happens: server-sent events.

use std::collections::VecDeque;
use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderName};
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use huibao_models::domain::failure::{Failure, Lang};
use huibao_models::domain::ids::NoticeId;
use huibao_models::domain::notice::{Notice, NoticeSettings};
use huibao_models::store::{Change, StoreError};
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::timeout;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::caller::Caller;
use crate::error::ApiError;
use crate::extract::Locale;
use crate::guard;
use crate::state::{ApiState, Shutdown};
use crate::view::NoticeView;

/// Notices are looked for so often without an announcement, in case one was lost; and so often it is asked
/// whether the caller is still let in.
const LOOK: Duration = Duration::from_secs(10);

/// Shorter than the idle timeouts of common proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// So many at once; the rest follows.
const BATCH: u32 = 100;

/// What one is told, from now on, or from the notice on that `Last-Event-ID` names: each is an event `notice`
/// whose id is the notice's. Browsers send that header by themselves when they connect again.
#[utoipa::path(get, path = "/api/v1/me/events", tag = "notices",
    params(("Last-Event-ID" = Option<String>, Header, description = "The id of the last event that arrived"),
        ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses((status = 200, description = "Server-sent events; the data of each is a `Notice` as JSON",
        content_type = "text/event-stream", body = NoticeView)))]
pub(crate) async fn events(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    caller: Caller,
    headers: HeaderMap,
    shutdown: Option<Extension<Shutdown>>,
) -> Result<impl IntoResponse, ApiError> {
    // First: what is committed from now on is announced.
    let changes = state.store.changes().follow();
    let last = headers.get("last-event-id").and_then(|id| id.to_str().ok());
    let after = match last.and_then(|id| id.parse::<NoticeId>().ok()) {
        Some(id) => id,
        None => newest(&state, &caller).await?,
    };
    let shutdown = shutdown.map(|Extension(Shutdown(token))| token).unwrap_or_default();
    let waiting = VecDeque::new();
    let watch = Watch { state, caller, headers, lang, shutdown, changes, after, waiting };
    let events = stream::unfold(watch, Watch::next);
    // Otherwise nginx buffers events.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

async fn newest(state: &ApiState, caller: &Caller) -> Result<NoticeId, StoreError> {
    let notices = state.store.snapshot().await?.notices().of(caller.person(), None, 1).await?;
    Ok(notices.first().map_or_else(|| Uuid::nil().into(), |notice| notice.id))
}

/// Somebody who follows what happens to them.
struct Watch {
    state: ApiState,
    caller: Caller,
    /// Of the request: what the caller proved themselves with.
    headers: HeaderMap,
    lang: Lang,
    shutdown: CancellationToken,
    changes: Receiver<Change>,
    after: NoticeId,
    /// What has been read and not been sent.
    waiting: VecDeque<Event>,
}

impl Watch {
    /// The next event; none ends the stream.
    async fn next(mut self) -> Option<(Result<Event, Infallible>, Self)> {
        loop {
            if let Some(event) = self.waiting.pop_front() {
                return Some((Ok(event), self));
            }
            match self.look().await {
                Ok(true) => {}
                Ok(false) => self.wait().await?,
                Err(error) => {
                    tracing::error!(%error, "cannot follow notices");
                    return None;
                }
            }
        }
    }

    /// Looks for notices that have not been sent. Says whether there are any.
    async fn look(&mut self) -> Result<bool, Failure> {
        // What was announced until here is part of what is read now.
        self.changes = self.changes.resubscribe();
        let (person, lang) = (self.caller.person(), self.lang);
        let mut snapshot = self.state.store.snapshot().await?;
        let notices = snapshot.notices().after(person, self.after, BATCH).await?;
        let Some(last) = notices.last() else { return Ok(false) };
        let settings = snapshot.notices().settings(person).await?;
        let events = notices.iter().map(|notice| event(notice, &settings, lang));
        self.waiting = events.collect::<Result<_, _>>().map_err(Failure::internal)?;
        self.after = last.id;
        Ok(true)
    }

    /// Waits until there may be something new. None on shutdown, and when the caller is no longer let in.
    async fn wait(&mut self) -> Option<()> {
        let shutdown = self.shutdown.clone();
        let announced = shutdown.run_until_cancelled(timeout(LOOK, self.announcement())).await?;
        if announced.is_err() {
            let address = self.caller.address;
            guard::authenticate(&self.state, &self.headers, address).await.ok().flatten()?;
        }
        Some(())
    }

    async fn announcement(&mut self) {
        loop {
            match self.changes.recv().await {
                Ok(Change::Person(id)) if id == self.caller.person() => return,
                Ok(_) => {}
                Err(RecvError::Lagged(_)) => return,
                // The store, which announces, lives as long as the state.
                Err(RecvError::Closed) => std::future::pending().await,
            }
        }
    }
}

fn event(
    notice: &Notice,
    settings: &NoticeSettings,
    lang: Lang,
) -> Result<Event, serde_json::Error> {
    let json = serde_json::to_string(&NoticeView::new(notice, settings, lang))?;
    Ok(Event::default().event("notice").id(notice.id.to_string()).data(json))
}
