//! The command line: one file a subcommand, and what they show to people.

pub mod progress;
