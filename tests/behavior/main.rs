//! Definitions run: compiled, type-checked, laid out and served as `warpline run` does it, on a real Temporal server, with a real worker and real
//! activities; every test checks an outcome and replays every history that it made.

mod definitions;
mod execution;
mod ground;
mod language;
mod package_builder;
mod record;
mod workspace;
