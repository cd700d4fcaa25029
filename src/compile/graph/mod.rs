//! From a definition's nodes and edges to structured steps: [`build`] makes a control flow of each scope, [`structure`] makes steps of it.
//! Depends on `definition` and `diagnostic`; knows which node types steer the flow, and nothing of what the others do.

mod build;
pub mod cfg;
mod simplify;
pub mod structure;
#[cfg(test)]
mod tests;

pub use build::build;

use super::nodes::Kind;
use crate::definition::Definition;
use std::collections::BTreeMap;
use structure::Step;

/// The label of a scope's end.
pub const END: usize = usize::MAX;

/// A definition whose flow is structured.
pub struct Graph<'a> {
    /// The definition.
    pub definition: &'a Definition,
    /// The type of each node; `None` for an unknown one, which was reported.
    pub kinds: Vec<Option<Kind>>,
    /// The root (`None`) and the inside of each container, by the index of its node.
    pub scopes: BTreeMap<Option<usize>, Scope>,
    /// Whether the flow holds together; where it does not, the reasons were reported, and what runs before what cannot be told.
    pub is_sound: bool,
}

/// The inside of a container, or the root.
#[derive(Debug, Default)]
pub struct Scope {
    /// The steps; vertices and labels are indices of nodes, or [`END`]. One list, or one for each branch of a `parallel`.
    pub branches: Vec<Vec<Step>>,
    /// The node that each branch begins with.
    pub entries: Vec<usize>,
}

/// Collects the nodes that `steps` visit, in order; tests of conditions and loops are no visits.
pub fn visited(steps: &[Step], nodes: &mut Vec<usize>) {
    for step in steps {
        match step {
            Step::Visit(at) | Step::Exit(at) => nodes.push(*at),
            Step::Branch(ways, otherwise) => {
                ways.iter().for_each(|(_, way)| visited(way, nodes));
                visited(otherwise, nodes);
            }
            Step::Loop { body, label, .. } => {
                nodes.push(*label);
                visited(body, nodes);
            }
            Step::Block { body, .. } => visited(body, nodes),
            Step::Break(_) | Step::Continue(_) | Step::Leave => {}
        }
    }
}
