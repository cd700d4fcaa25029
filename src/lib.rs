//! Warpline: the drawing is the program. A map of the rooms is in ARCHITECTURE.md.
#![forbid(unsafe_code)]

pub mod api;
pub mod cli;
pub mod compile;
pub mod definition;
pub mod diagnostic;
pub mod local;
pub mod project;
pub mod temporal;
pub mod typecheck;
pub mod version;
