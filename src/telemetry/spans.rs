//! Spans for an OpenTelemetry collector, where the environment names one.

use std::time::Duration;

use opentelemetry::KeyValue;
use opentelemetry::trace::TracerProvider;
use opentelemetry_otlp::{ExporterBuildError, SpanExporter};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::{Level, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::registry::LookupSpan;

/// What is not sent within this time when the process ends is lost.
const FLUSH: Duration = Duration::from_secs(3);

/// Environment variables of the OpenTelemetry specification that name a collector.
const ENDPOINTS: [&str; 2] = ["OTEL_EXPORTER_OTLP_ENDPOINT", "OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"];

/// Sends spans until it is dropped, and then what is left.
pub struct SpanExport(SdkTracerProvider);

impl SpanExport {
    /// Begins to send spans by OTLP over HTTP, if the environment names a collector. The other
    /// `OTEL_…` variables (headers, timeout, service name, resource attributes, sampler) are obeyed too.
    pub fn start() -> Result<Option<Self>, ExporterBuildError> {
        let is_set = |name| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        if !ENDPOINTS.into_iter().any(is_set) {
            return Ok(None);
        }
        let exporter = SpanExporter::builder().with_http().build()?;
        let mut resource = Resource::builder()
            .with_attribute(KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if !is_set("OTEL_SERVICE_NAME") {
            resource = resource.with_service_name("huibao");
        }
        let provider = SdkTracerProvider::builder()
            .with_batch_exporter(exporter)
            .with_resource(resource.build())
            .build();
        Ok(Some(Self(provider)))
    }

    /// The layer that gives it the spans of Huibao's own crates.
    pub fn layer<S>(&self) -> impl Layer<S> + use<S>
    where
        S: Subscriber + for<'span> LookupSpan<'span>,
    {
        tracing_opentelemetry::layer()
            .with_tracer(self.0.tracer("huibao"))
            .with_filter(Targets::new().with_target("huibao", Level::DEBUG))
    }
}

impl Drop for SpanExport {
    fn drop(&mut self) {
        if let Err(error) = self.0.shutdown_with_timeout(FLUSH) {
            tracing::warn!(%error, "the last spans could not be sent");
        }
    }
}
