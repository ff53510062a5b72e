//! The router with its layers, and serving it until it is told to stop.

use std::any::Any;
use std::io;
use std::sync::Arc;
use std::time::Duration;

use axum::http::{HeaderName, HeaderValue, header};
use axum::middleware::{from_fn, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Router};
use huibao_models::backends::Backends;
use huibao_models::domain::failure::Failure;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tower_http::catch_panic::CatchPanicLayer;
use tower_http::set_header::SetResponseHeaderLayer;
use tower_http::timeout::RequestBodyTimeoutLayer;

use crate::config::ApiConfig;
use crate::error::{ApiError, localize};
use crate::readiness::Readiness;
use crate::state::ApiState;
use crate::{access_log, guard, routes};

/// How long running requests may take once the server stops.
const GRACE: Duration = Duration::from_secs(5);

/// The page loads nothing from elsewhere and is framed by nobody.
const CONTENT_SECURITY_POLICY: &str = "default-src 'self'; img-src 'self' data:; \
    media-src 'self' blob:; object-src 'none'; base-uri 'none'; frame-ancestors 'none'; \
    form-action 'self'";

/// Tells endless answers that the server stops.
#[derive(Clone)]
pub(crate) struct Shutdown(pub CancellationToken);

/// Builds the whole interface: routes, pages, guards and headers.
pub fn router(backends: Backends, config: ApiConfig, readiness: Arc<dyn Readiness>) -> Router {
    let idle = RequestBodyTimeoutLayer::new(config.upload_idle);
    let state = ApiState { backends, readiness, config: Arc::new(config) };
    let (described, _) = routes::described().split_for_parts();
    let guarded = described
        .fallback(routes::fallback)
        .method_not_allowed_fallback(routes::method_not_allowed)
        .with_state(state.clone())
        // From here on, each layer wraps those above it.
        .layer(idle)
        .layer(CatchPanicLayer::custom(answer_panic))
        .layer(from_fn_with_state(state, guard::guard))
        .layer(from_fn(localize));
    with_headers(guarded).layer(from_fn(access_log::log))
}

fn with_headers(router: Router) -> Router {
    let always = [
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::REFERRER_POLICY, "no-referrer"),
        (header::CONTENT_SECURITY_POLICY, CONTENT_SECURITY_POLICY),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    let router = always.into_iter().fold(router, |router, (name, value)| {
        let value = HeaderValue::from_static(value);
        router.layer(SetResponseHeaderLayer::overriding(name, value))
    });
    // What is said about a person is not left in caches.
    let no_store = HeaderValue::from_static("no-store");
    router.layer(SetResponseHeaderLayer::if_not_present(header::CACHE_CONTROL, no_store))
}

/// The panic itself is reported by the panic hook.
fn answer_panic(_: Box<dyn Any + Send + 'static>) -> Response {
    ApiError::from(Failure::internal("a handler panicked")).into_response()
}

/// Serves until `shutdown`. Streams of events end then; other requests get a few seconds.
pub async fn serve(
    listener: TcpListener,
    router: Router,
    shutdown: CancellationToken,
) -> io::Result<()> {
    let router = router.layer(Extension(Shutdown(shutdown.clone())));
    let server =
        axum::serve(listener, router).with_graceful_shutdown(shutdown.clone().cancelled_owned());
    let patience = async {
        shutdown.cancelled().await;
        tokio::time::sleep(GRACE).await;
    };
    tokio::select! {
        done = server.into_future() => done,
        () = patience => {
            tracing::warn!("requests were still running at shutdown and are cut off");
            Ok(())
        }
    }
}
