//! Warpline: the drawing is the program. A map of the rooms is in ARCHITECTURE.md.
#![forbid(unsafe_code)]

pub mod api;
pub mod cli;
pub mod cluster;
pub mod compile;
pub mod controllers;
pub mod definition;
pub mod dev;
pub mod diagnostic;
pub mod local;
pub mod pack;
pub mod plan;
pub mod project;
pub mod reconcile;
pub mod registry;
pub mod schedule;
pub mod telemetry;
pub mod temporal;
pub mod typecheck;
pub mod version;
