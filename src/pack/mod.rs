//! From an installed npm tree to an OCI image: which files go into which layer, the layers' bytes, what the package exports, what is said of it.
//! Reads a folder and asks the type checker; speaks to a registry only through its door. Never runs what was installed.

mod error;
mod layer;
mod lock;
mod package;
mod place;
mod provenance;
mod publish;
mod sbom;
mod sign;
mod source;
mod tree;

pub use error::Error;
pub use layer::{Layer, Written};
pub use package::{Exports, Package, resolved_package};
pub use place::{Content, Member, Placed, SHARED, place};
pub use publish::{Packed, Request, pack};
pub use sign::Key;
pub use source::{PushedSource, pull, push};
pub use tree::{Entry, Kind, Limits, Tree};

/// Bytes as hexadecimal digits.
fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string cannot fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
