//! Warpline: the drawing is the program. A map of the rooms is in ARCHITECTURE.md.

pub mod cli;
pub mod compile;
pub mod diagnostic;
pub mod local;
pub mod temporal;
