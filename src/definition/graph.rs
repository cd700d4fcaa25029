//! Nodes and edges in all the forms that a builder saves, made one: containers flattened, canvas keys dropped, sorted by id.
//! Depends on `fields`; must not know what any node type means.

mod check;
mod read;

pub use read::read;
pub(super) use read::{EDGE_CANVAS, NODE_CANVAS};
