//! Logs: one JSON object a line for programs, text for people.

use super::Traces;
use std::fs::File;
use std::sync::Mutex;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;
use tracing_subscriber::{EnvFilter, Layer, fmt, registry};

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub enum LogFormat {
    /// One JSON object a line.
    Json,
    /// For people.
    Text,
}

/// Begins to log to standard error, and to hand spans to `traces`. `level` is a level (`info`) or a filter (`warpline=debug,info`).
///
/// # Errors
/// The filter can't be read, or logs were begun before.
pub fn init_logs(format: LogFormat, level: &str, traces: &Traces) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|error| format!("--log-level {level}: {error}"))?;
    let lines = fmt::layer().with_writer(std::io::stderr);
    let lines = match format {
        LogFormat::Json => lines.json().flatten_event(true).with_current_span(true).with_span_list(false).boxed(),
        LogFormat::Text => lines.boxed(),
    };
    registry().with(lines.with_filter(filter)).with(traces.layer()).try_init().map_err(|error| error.to_string())
}

/// Begins to log to a file, as text for people.
///
/// # Errors
/// The filter can't be read, or logs were begun before.
pub fn init_file_logs(file: File, level: &str) -> Result<(), String> {
    let filter = EnvFilter::try_new(level).map_err(|error| format!("the log level {level}: {error}"))?;
    let lines = fmt::layer().with_ansi(false).with_writer(Mutex::new(file));
    registry().with(lines.with_filter(filter)).try_init().map_err(|error| error.to_string())
}
