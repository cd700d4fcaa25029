//! Traces: what a reconciliation spent its time on, to an OpenTelemetry collector.
//! Set up by the variables that OpenTelemetry's specification names; nothing is sent, and no thread begun, where they name no collector.

use opentelemetry::trace::TracerProvider;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing_subscriber::registry::LookupSpan;
use tracing_subscriber::{EnvFilter, Layer};

/// What becomes of spans. Those that are waiting to be sent are sent by [`Traces::finish`].
#[derive(Debug, Default)]
pub struct Traces(Option<SdkTracerProvider>);

/// Ours, and the client's requests to the API server.
const WHAT: &str = "warpline=info,kube_client::client=debug";

impl Traces {
    /// As the environment says: `OTEL_EXPORTER_OTLP_ENDPOINT` (or `…_TRACES_ENDPOINT`) is where a collector takes OTLP over gRPC; `OTEL_SDK_DISABLED` and
    /// `OTEL_TRACES_EXPORTER=none` turn it off; `OTEL_SERVICE_NAME`, `OTEL_RESOURCE_ATTRIBUTES`, `OTEL_TRACES_SAMPLER`, `OTEL_EXPORTER_OTLP_HEADERS`, … are
    /// read by OpenTelemetry itself. To be called in a runtime of tokio, which sends.
    ///
    /// # Errors
    /// In a sentence: the endpoint is no address, the protocol is not spoken.
    pub fn from_env() -> Result<Self, String> {
        let value = |name: &str| std::env::var(name).ok().filter(|value| !value.is_empty());
        let endpoint = value("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").or_else(|| value("OTEL_EXPORTER_OTLP_ENDPOINT"));
        let is_off = value("OTEL_SDK_DISABLED").is_some_and(|value| value.eq_ignore_ascii_case("true"))
            || value("OTEL_TRACES_EXPORTER").is_some_and(|value| value == "none");
        let Some(endpoint) = endpoint.filter(|_| !is_off) else { return Ok(Self(None)) };
        if let Some(protocol) = value("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL").or_else(|| value("OTEL_EXPORTER_OTLP_PROTOCOL"))
            && protocol != "grpc"
        {
            return Err(format!(
                "OTEL_EXPORTER_OTLP_PROTOCOL is {protocol}, but traces are sent by `grpc` only: name the collector's gRPC port (4317)"
            ));
        }
        let exporter = opentelemetry_otlp::SpanExporter::builder()
            .with_tonic()
            .build()
            .map_err(|error| format!("OTEL_EXPORTER_OTLP_ENDPOINT {endpoint}: {error}"))?;
        let mut resource = Resource::builder().with_attribute(opentelemetry::KeyValue::new("service.version", env!("CARGO_PKG_VERSION")));
        if value("OTEL_SERVICE_NAME").is_none() {
            resource = resource.with_service_name("warpline-operator");
        }
        Ok(Self(Some(SdkTracerProvider::builder().with_batch_exporter(exporter).with_resource(resource.build()).build())))
    }

    /// What takes up spans.
    pub(super) fn layer<S>(&self) -> Option<impl Layer<S> + use<S>>
    where
        S: tracing::Subscriber + for<'a> LookupSpan<'a>,
    {
        let tracer = self.0.as_ref()?.tracer("warpline");
        Some(tracing_opentelemetry::layer().with_tracer(tracer).with_filter(EnvFilter::new(WHAT)))
    }

    /// Sends what waits. Blocks for up to five seconds.
    pub fn finish(self) {
        if let Some(provider) = self.0
            && let Err(error) = provider.shutdown()
        {
            tracing::warn!(%error, "the last traces could not be sent");
        }
    }
}
