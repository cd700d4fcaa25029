//! What the outside sees of the operator: logs, metrics, traces, whether it lives and is ready.
//! A door: must not know what is reconciled.

mod http;
mod logs;
mod metrics;
mod traces;

pub use http::{Readiness, serve};
pub use logs::{LogFormat, init_file_logs, init_logs};
pub use metrics::Metrics;
pub use traces::Traces;
