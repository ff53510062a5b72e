//! The router with its layers, and serving it until shutdown.

use std::any::Any;
use std::io;
use std::net::SocketAddr;
use std::num::NonZero;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::config::ApiConfig;
use crate::error::ApiError;
use crate::readiness::Readiness;
use crate::state::{ApiState, Shutdown};
use crate::{access_log, guard, idempotency, localize, routes};

/// How long running requests may take after shutdown begins.
const GRACE: Duration = Duration::from_secs(5);

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
    let (described, document) = routes::described();
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
    with_headers(guarded, policy).layer(from_fn(access_log::log))
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

/// Serves until `shutdown`. Event streams end then; other requests have a few seconds to finish.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router = router.layer(Extension(Shutdown(shutdown.clone())));
    let service = router.into_make_service_with_connect_info::<SocketAddr>();
    let server =
        axum::serve(listener, service).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let deadline = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = server.into_future() => done,
        () = deadline => {
            tracing::warn!("requests were still running at shutdown and were aborted");
            Ok(())
        }
    }
}
