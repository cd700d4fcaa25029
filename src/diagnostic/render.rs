//! Makes text, JSON or SARIF of diagnostics; the only place that does.
//! Depends on `Diagnostic` only.
