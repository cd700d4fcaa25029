//! What every test stands on: a directory, and `warpline dev` on it. It has the words of tests/cluster/ground, so that tests are the same on both.

mod namespace;
#[path = "../../cluster/ground/objects.rs"]
mod objects;

pub use namespace::Namespace;
pub use objects::{condition, message, saying, task_queue, waiting, workflow};

use std::time::Duration;

/// How long anything may take that a test waits for.
pub const PATIENCE: Duration = Duration::from_secs(120);
