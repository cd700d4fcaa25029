//! What lies on this machine around a definition: its files, the packages of its activities, and the versions that are made of both.
//! A door: reads and writes files. May use the compiler, the type checker and `version`; must not print, nor know what runs a version.

pub mod exports;
mod frozen;
mod load;
mod packages;
mod schedules;
pub use schedules::Planned;
mod stage;

pub use frozen::{Frozen, freeze};
pub use load::{Loaded, Manifest, documents, load, manifests, package};
pub use packages::{Declarations, Package, declarations};
pub use stage::{Staged, source_map, stage};

/// Why files could not be read or a version not be laid out. What is wrong with a definition is no such error: it is a diagnostic.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// What was asked for isn't there.
    #[error("{0}")]
    Usage(String),
    /// Something on this machine failed.
    #[error("{0}")]
    Machine(String),
}

impl Error {
    /// One word for conditions, metrics and logs.
    #[must_use]
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Usage(_) => "ProjectIncomplete",
            Self::Machine(_) => "ProjectFilesFailed",
        }
    }
}
