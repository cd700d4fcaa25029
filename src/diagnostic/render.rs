//! Makes text, JSON or SARIF of diagnostics; the only place that does.
//! Depends on `Diagnostic` only; must not know how diagnostics come about, nor read files: texts are handed in.

mod files;
mod json;
mod sarif;
mod text;

pub use json::json;
pub use sarif::sarif;
pub use text::{summary, text};
