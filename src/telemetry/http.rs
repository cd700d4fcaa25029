//! `/health`: the process lives. `/ready`: it holds what it watches; the body lists what is awaited. `/metrics`.

use super::Metrics;
use axum::Router;
use axum::http::{StatusCode, header};
use axum::response::IntoResponse;
use axum::routing::get;
use std::collections::BTreeSet;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::net::TcpListener;

/// What the operator waits for until it is ready.
#[derive(Clone, Debug, Default)]
pub struct Readiness(Arc<Mutex<BTreeSet<String>>>);

impl Readiness {
    /// Waits for something more.
    pub fn await_for(&self, what: impl Into<String>) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).insert(what.into());
    }

    /// It is there.
    pub fn arrived(&self, what: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(what);
    }

    /// What is awaited.
    #[must_use]
    pub fn awaited(&self) -> Vec<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}

/// Serves until the process ends. `scrape` brings gauges up to date before they are read.
///
/// # Errors
/// The address is taken, or none.
pub async fn serve(
    address: SocketAddr,
    readiness: Readiness,
    metrics: Metrics,
    scrape: impl Fn() + Clone + Send + Sync + 'static,
) -> std::io::Result<()> {
    let ready = move || async move {
        let awaited = readiness.awaited();
        if awaited.is_empty() {
            (StatusCode::OK, "ready\n".to_owned())
        } else {
            (StatusCode::SERVICE_UNAVAILABLE, awaited.join("\n") + "\n")
        }
    };
    let text = move || async move {
        scrape();
        ([(header::CONTENT_TYPE, "application/openmetrics-text; version=1.0.0; charset=utf-8")], metrics.text()).into_response()
    };
    let router = Router::new().route("/health", get(|| async { "ok\n" })).route("/ready", get(ready)).route("/metrics", get(text));
    axum::serve(TcpListener::bind(address).await?, router).await
}
