//! Following a report while it is worked on: server-sent events.

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

use crate::error::{ApiError, ErrorBody, RequestError};
use crate::extract::{Locale, ReportId};
use crate::server::Shutdown;
use crate::state::ApiState;
use crate::view::{LoadedReport, ReportView};

/// How often the database is asked. Readers do not notice half a second.
const POLL: Duration = Duration::from_millis(500);
/// Shorter than the idle timeouts of usual proxies.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The report now and whenever it changes, as events named `report`. When nothing more will happen
/// by itself, an event `end` comes last: clients close then, because browsers would reconnect.
#[utoipa::path(get, path = "/api/reports/{id}/events", tag = "reports",
    params(("id" = Uuid, Path), ("lang" = Option<String>, Query, description = "`zh` or `en`")),
    responses(
        (status = 200, description = "`event: report` with a `Report` as data; `event: end`",
            content_type = "text/event-stream", body = ReportView),
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
    // Otherwise nginx collects events until its buffer is full.
    let unbuffered = [(HeaderName::from_static("x-accel-buffering"), "no")];
    Ok((unbuffered, Sse::new(events).keep_alive(KeepAlive::new().interval(KEEP_ALIVE))))
}

/// A reader who follows a report.
struct Watch {
    state: ApiState,
    id: Uuid,
    lang: Lang,
    shutdown: CancellationToken,
    /// What the reader was sent last.
    sent: Option<String>,
    phase: Phase,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Phase {
    Working,
    /// The reader has seen the last change.
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
                return Some((Ok(Event::default().event("end").data("{}")), self));
            }
            Phase::Ended => return None,
        }
        let json = self.changed().await?;
        let event = Event::default().event("report").data(&json);
        self.sent = Some(json);
        Some((Ok(event), self))
    }

    /// Waits until the report differs from what was sent. None on shutdown, and when the report
    /// cannot be read any more: browsers then come back by themselves.
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
