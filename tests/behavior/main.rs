//! Definitions run: compiled, type-checked, laid out and served as `warpline run` does it, on a real Temporal server, with a real worker and real
//! activities; every test checks an outcome and replays every history that it made.
#![allow(missing_docs, clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test fails loudly")]

mod continuous_builder;
mod coordinator;
mod definitions;
mod execution;
mod ground;
mod inside;
mod language;
mod mcp_poller;
mod package_build;
mod package_builder;
mod record;
mod workspace;
