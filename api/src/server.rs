//! The router with its layers, and serving it until shutdown.

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{Extensions, HeaderMap, HeaderName, HeaderValue, StatusCode, Version, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower::ServiceExt;
use tower_http::CompressionLevel;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;
use utoipa::openapi::Server;

use crate::config::ApiConfig;
use crate::error::ApiError;
use crate::readiness::Readiness;
use crate::state::{ApiState, Shutdown};
use crate::{access_log, guard, idempotency, localize, public_path, routes};

/// Of 9. With the least, the pages' scripts are half as large again; more gains nothing that is felt.
const EFFORT: i32 = 5;
/// Shorter texts, in bytes, fit into one packet anyway.
const LEAST_COMPRESSED: u64 = 1024;
/// How long running requests may take after shutdown begins.
const GRACE: Duration = Duration::from_secs(5);
/// How long nothing is accepted after that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// Pages load nothing from other origins, but media from the storage if that is where they are, and cannot be
/// framed.
fn content_security_policy(config: &ApiConfig) -> String {
    let storage = config.media_links.as_ref().map_or("", |links| links.origin.as_str());
    format!(
        "default-src 'self'; img-src 'self' data: {storage}; media-src 'self' blob: {storage}; \
         object-src 'none'; base-uri 'none'; frame-ancestors 'none'; form-action 'self'"
    )
}

/// Builds the interface: routes, pages, guards and headers.
pub fn router(backends: Backends, config: ApiConfig, readiness: Arc<dyn Readiness>) -> Router {
    let idle = RequestBodyTimeoutLayer::new(config.upload_idle);
    let (described, mut document) = routes::described();
    let path = config.public_path().to_owned();
    if !path.is_empty() {
        document.servers = Some(vec![Server::new(&path)]);
    }
    let document = Arc::new(document);
    let cores = std::thread::available_parallelism().map_or(1, NonZero::get);
    let hashing = Arc::new(Semaphore::new(cores));
    let policy = content_security_policy(&config);
    let policy = HeaderValue::try_from(policy)
        .unwrap_or_else(|_| HeaderValue::from_static("default-src 'self'"));
    let state = ApiState {
        backends,
        readiness,
        config: Arc::new(config),
        document,
        hashing,
        providers: Arc::default(),
        recently: Arc::default(),
    };
    let guarded = described
        .fallback(routes::fallback)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .with_state(state.clone())
        // From here on, each layer wraps those above it.
        .layer(idle)
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn_with_state(state.clone(), idempotency::once))
        .layer(from_fn_with_state(state, guard::guard))
        .layer(from_fn(localize::localize));
    let logged = with_headers(guarded, policy).layer(compression()).layer(from_fn(access_log::log));
    public_path::put_below(&path, logged)
}

/// Scripts and JSON are a third to a tenth when they are compressed: on a phone, that is seconds. Events go out as they
/// come; videos, pictures and documents are compressed already.
fn compression() -> CompressionLayer<impl Predicate> {
    let is_text = |_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions| {
        let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
        let kind = kind.unwrap_or_default();
        let of_text = ["text/", "application/json", "application/problem+json", "image/svg"];
        of_text.iter().any(|text| kind.starts_with(text)) && !kind.starts_with("text/event-stream")
    };
    CompressionLayer::new()
        .quality(CompressionLevel::Precise(EFFORT))
        .compress_when(SizeAbove::new(LEAST_COMPRESSED).and(is_text))
}

fn with_headers(router: Router, policy: HeaderValue) -> Router {
    let policy = SetResponseHeaderLayer::overriding(header::CONTENT_SECURITY_POLICY, policy);
    let router = router.layer(policy);
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let router = always.into_iter().fold(router, |router, (name, value)| {
        let value = HeaderValue::from_static(value);
        router.layer(SetResponseHeaderLayer::overriding(name, value))
    });
    // Personal data is not cached.
    let no_store = HeaderValue::from_static("no-store");
    router.layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, no_store))
}

/// The panic itself is reported by the panic hook.
fn answer_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::from(Failure::internal("a handler panicked")).into_response()
}

/// Serves until `shutdown`. Event streams end then; other requests have a few seconds to finish. A connection from
/// which no request comes within `patience` is closed, so that nobody holds many by saying nothing.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    patience: Duration,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router = router.layer(Extension(Shutdown(shutdown.clone())));
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new()).header_read_timeout(patience);
    let running = GracefulShutdown::new();
    while let Some(accepted) = shutdown.run_until_cancelled(listener.accept()).await {
        let (stream, address) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                // Of one connection, or of all: there are no more open files for a while.
                tracing::warn!(%error, "a connection was not accepted");
                tokio::time::sleep(PAUSE).await;
                continue;
            }
        };
        let router = router.clone();
        let service = service_fn(move |mut request: hyper::Request<Incoming>| {
            request.extensions_mut().insert(ConnectInfo::<SocketAddr>(address));
            router.clone().oneshot(request.map(Body::new))
        });
        let connection = running.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke");
            }
        });
    }
    drop(listener);
    if tokio::time::timeout(GRACE, running.shutdown()).await.is_err() {
        tracing::warn!("requests were still running at shutdown and were aborted");
    }
    Ok(())
}
