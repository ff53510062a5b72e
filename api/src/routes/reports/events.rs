//! Following a report while it is processed: server-sent events.

use std::convert::Infallible;
use std::time::Duration;

use axum::Extension;
use axum::extract::State;
use axum::http::HeaderName;
use axum::response::IntoResponse;
use axum::response::sse::{Event, KeepAlive, Sse};
use futures::stream;
use huibao_models::domain::failure::Lang;
use tokio_util::sync::CancellationToken;
use uuid::Uuid;

use crate::error::ApiError;
use crate::extract::{Locale, ReportId};
use crate::loaded::LoadedReport;
use crate::request_error::RequestError;
use crate::state::{ApiState, Shutdown};
use crate::view::{ErrorBody, ReportEvent};

/// How often the database is queried.
const POLL: Duration = Duration::from_millis(500);
/// Shorter than the idle timeouts of common proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The report now and after every change.
///
/// When no further change is expected, the event `end` comes last. Clients close the stream then,
/// because browsers would reconnect.
#[utoipa::path(get, path = "/api/reports/{id}/events", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "Language of messages: `zh` or `en`")),
    responses(
        (status = 200, description = "Server-sent events. `ReportEvent` describes each of them: its \
            `event` is the event's name, its `data` the event's data as JSON.",
            content_type = "text/event-stream", body = ReportEvent),
        (status = 404, description = "`not_found`", body = ErrorBody)))]
pub(crate) async fn events(
    State(state): State<ApiState>,
    Locale(lang): Locale,
    ReportId(id): ReportId,
    shutdown: Option<Extension<Shutdown>>,
) -> Result<impl IntoResponse, ApiError> {
    state.store.report(id).await?.ok_or(RequestError::NotFound)?;
    let shutdown = shutdown.map(|Extension(Shutdown(token))| token).unwrap_or_default();
    let watch = Watch { state, id, lang, shutdown, sent: None, phase: Phase::Working };
    let events = stream::unfold(watch, Watch::next);
    // Otherwise nginx buffers events.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

/// A client that follows a report.
struct Watch {
    state: ApiState,
    id: Uuid,
    lang: Lang,
    shutdown: CancellationToken,
    /// The report that was sent last, as JSON.
    sent: Option<String>,
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
        let json = self.changed().await?;
        let event = Event::default().event(ReportEvent::REPORT).data(&json);
        self.sent = Some(json);
        Some((Ok(event), self))
    }

    /// Waits until the report differs from what was sent. None on shutdown, and when the report
    /// cannot be read: browsers reconnect then.
    async fn changed(&mut self) -> Option<String> {
        loop {
            if self.sent.is_some() {
                tokio::select! {
                    () = self.shutdown.cancelled() => return None,
                    () = tokio::time::sleep(POLL) => {}
                }
            }
            let loaded = match LoadedReport::load(&self.state.store, self.id).await {
                Ok(loaded) => loaded?,
                Err(error) => {
                    tracing::error!(%error, "cannot follow a report");
                    return None;
                }
            };
            let json = serde_json::to_string(&loaded.view(self.lang)).ok()?;
            let settled = loaded.is_settled();
            if settled {
                self.phase = Phase::Settled;
            }
            if settled || self.sent.as_ref() != Some(&json) {
                return Some(json);
            }
        }
    }
}
