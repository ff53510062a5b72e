//! One log line for each request: method, route template, status, time to the first byte. Never a
//! title, a name, an id or a query string.

use std::time::Instant;

use axum::extract::{MatchedPath, Request};
use axum::http::Method;
use axum::middleware::Next;
use axum::response::Response;
use huibao_models::metrics::{ACTIVE_REQUESTS, Present, REQUEST_DURATION};
use metrics::histogram;

/// Logs a request when its response begins. Probes and assets are logged at debug level.
pub(crate) async fn log(request: Request, next: Next) -> Response {
    let started = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>().cloned();
    let active = Present::count(ACTIVE_REQUESTS);
    let response = next.run(request).await;
    drop(active);
    let route = path.as_ref().map_or("(none)", MatchedPath::as_str);
    let (status, elapsed) = (response.status().as_u16(), started.elapsed());
    let labels = [
        ("http_request_method", method_label(&method).to_owned()),
        ("http_route", route.to_owned()),
        ("http_response_status_code", status.to_string()),
    ];
    histogram!(REQUEST_DURATION, &labels).record(elapsed);
    let ms = elapsed.as_millis();
    if route.starts_with("/api/") {
        tracing::info!(%method, route, status, ms, "request");
    } else {
        tracing::debug!(%method, route, status, ms, "request");
    }
    response
}

/// A method as a label. Clients can invent methods, and each would be a further series.
fn method_label(method: &Method) -> &'static str {
    match *method {
        Method::GET => "GET",
        Method::HEAD => "HEAD",
        Method::POST => "POST",
        Method::PUT => "PUT",
        Method::PATCH => "PATCH",
        Method::DELETE => "DELETE",
        Method::OPTIONS => "OPTIONS",
        _ => "_OTHER",
    }
}
