//! Ids, parents and ends of edges: what the rest of the compiler may rely on.

use super::read::{RawEdge, RawNode};
use crate::definition::fields::quoted;
use crate::definition::{Edge, Node, natural};
use crate::diagnostic::{Code, Diagnostic, JsonPath, Report};
use std::cell::Cell;
use std::collections::{HashMap, HashSet};

/// For how many wrong ids of a definition the near one is looked up, which takes a walk over all ids.
const MOST_LOOKUPS: usize = 20;

/// The nodes with one id each and with parents that exist and hold no cycle, sorted by id.
/// Ids in `broken` belong to nodes that were left out: naming one is no further error.
pub fn nodes(raw: Vec<RawNode>, broken: &HashSet<String>, report: &Report) -> Vec<Node> {
    let mut raw = without_duplicates(
        raw,
        |raw| (&raw.node.id, &raw.node.path),
        report,
        |raw, first| {
            Diagnostic::error(
                Code::DUPLICATE_ID,
                &raw.node.path.key("id"),
                format!("the node id {} is already taken at {first}", quoted(&raw.node.id)),
            )
            .suggest("rename one of the two nodes, and its edges")
        },
    );
    raw.sort_by(|a, b| natural::compare(&a.node.id, &b.node.id));
    let ids = Ids::new(raw.iter().map(|raw| &raw.node), broken);
    let parents: Vec<_> = raw.iter().map(|raw| parent(raw, &ids, report)).collect();
    let cycles = cycles(&raw, &parents, report);
    let mut nodes: Vec<_> = raw.into_iter().map(|raw| raw.node).collect();
    for (index, (parent, is_cycle)) in parents.iter().zip(cycles).enumerate() {
        if let Some(node) = nodes.get_mut(index)
            && (parent.is_none() || is_cycle)
        {
            node.parent = None;
        }
    }
    nodes
}

/// The edges with one id each and between nodes that exist, sorted by id.
pub fn edges(raw: Vec<RawEdge>, nodes: &[Node], broken: &HashSet<String>, report: &Report) -> Vec<Edge> {
    let ids = Ids::new(nodes.iter(), broken);
    let raw = without_duplicates(
        raw,
        |raw| (&raw.edge.id, &raw.edge.path),
        report,
        |raw, first| {
            let Edge { id, source, target, path, .. } = &raw.edge;
            if raw.has_id {
                let message = format!("the edge id {} is already taken at {first}", quoted(id));
                return Diagnostic::error(Code::DUPLICATE_ID, &path.key("id"), message).suggest("rename one of the two edges");
            }
            let message = format!("a second edge leads from {} to {}; the first is at {first}", quoted(source), quoted(target));
            Diagnostic::error(Code::DUPLICATE_ID, path, message).suggest("give each an `id`, or remove one")
        },
    );
    let mut edges: Vec<_> = raw.into_iter().map(|raw| raw.edge).filter(|edge| has_ends(edge, &ids, report)).collect();
    edges.sort_by(|a, b| natural::compare(&a.id, &b.id));
    edges
}

/// The ids of nodes, to find and to suggest.
struct Ids<'a> {
    indices: HashMap<String, usize>,
    broken: &'a HashSet<String>,
    lookups: Cell<usize>,
}

impl<'a> Ids<'a> {
    fn new<'n>(nodes: impl Iterator<Item = &'n Node>, broken: &'a HashSet<String>) -> Self {
        let indices = nodes.enumerate().map(|(index, node)| (node.id.clone(), index)).collect();
        Self { indices, broken, lookups: Cell::new(0) }
    }

    /// Whether the file has the node, be it with an error.
    fn has(&self, id: &str) -> bool {
        self.indices.contains_key(id) || self.broken.contains(id)
    }

    fn suggest(&self, diagnostic: Diagnostic, wanted: &str) -> Diagnostic {
        self.lookups.set(self.lookups.get() + 1);
        if self.lookups.get() > MOST_LOOKUPS {
            return diagnostic;
        }
        diagnostic.suggest_near(wanted, self.indices.keys().map(String::as_str))
    }
}

fn without_duplicates<T>(
    all: Vec<T>,
    id_and_path: impl for<'a> Fn(&'a T) -> (&'a String, &'a JsonPath),
    report: &Report,
    duplicate: impl Fn(&T, &JsonPath) -> Diagnostic,
) -> Vec<T> {
    let mut first: HashMap<String, JsonPath> = HashMap::with_capacity(all.len());
    let mut kept = Vec::with_capacity(all.len());
    for one in all {
        let (id, path) = id_and_path(&one);
        if let Some(first) = first.get(id) {
            report.push(duplicate(&one, first).node(id));
            continue;
        }
        first.insert(id.clone(), path.clone());
        kept.push(one);
    }
    kept
}

/// The index of the node's parent; a name that no node has is reported.
fn parent(raw: &RawNode, ids: &Ids<'_>, report: &Report) -> Option<usize> {
    let RawNode { node, parent_field } = raw;
    let name = node.parent.as_deref()?;
    if !ids.has(name) {
        let message = format!("no node has the id {}, which the node names as its parent", quoted(name));
        let diagnostic = Diagnostic::error(Code::CONTAINER, &node.path.key(parent_field), message);
        report.push(ids.suggest(diagnostic.node(&node.id).excerpt(name, 0..name.len()), name));
    }
    ids.indices.get(name).copied()
}

/// Which nodes are inside themselves; each cycle is reported once, at its first node.
fn cycles(nodes: &[RawNode], parents: &[Option<usize>], report: &Report) -> Vec<bool> {
    let mut walk_of = vec![usize::MAX; parents.len()];
    let mut in_cycle = vec![false; parents.len()];
    for start in 0..parents.len() {
        let mut at = Some(start);
        while let Some(index) = at {
            match walk_of.get_mut(index) {
                Some(walk) if *walk == usize::MAX => *walk = start,
                Some(walk) if *walk == start => {
                    let cycle = cycle_from(index, parents);
                    report_cycle(&cycle, nodes, report);
                    cycle.iter().filter_map(|&index| in_cycle.get_mut(index).map(|flag| *flag = true)).for_each(drop);
                    break;
                }
                _ => break,
            }
            at = parents.get(index).copied().flatten();
        }
    }
    in_cycle
}

fn cycle_from(first: usize, parents: &[Option<usize>]) -> Vec<usize> {
    let mut cycle = vec![first];
    let mut at = parents.get(first).copied().flatten();
    while let Some(index) = at.filter(|&index| index != first) {
        cycle.push(index);
        at = parents.get(index).copied().flatten();
    }
    cycle
}

fn report_cycle(cycle: &[usize], nodes: &[RawNode], report: &Report) {
    let members: Vec<_> = cycle.iter().filter_map(|&index| nodes.get(index)).collect();
    let Some(first) = members.first() else { return };
    let shown: Vec<_> = members.iter().chain([first]).map(|raw| quoted(&raw.node.id)).collect();
    let message = format!("a node cannot be inside itself: {}", shown.join(" in "));
    let path = first.node.path.key(first.parent_field);
    report.push(Diagnostic::error(Code::CONTAINER, &path, message).node(&first.node.id).suggest("give one of them another parent"));
}

fn has_ends(edge: &Edge, ids: &Ids<'_>, report: &Report) -> bool {
    for (field, id, verb) in [("source", &edge.source, "leads from"), ("target", &edge.target, "leads to")] {
        if !ids.has(id) {
            let message = format!("the edge {verb} {}, which no node has as its id", quoted(id));
            let diagnostic = Diagnostic::error(Code::DANGLING_EDGE, &edge.path.key(field), message).node(&edge.id).excerpt(id, 0..id.len());
            report.push(ids.suggest(diagnostic, id));
        }
    }
    [&edge.source, &edge.target].into_iter().all(|id| ids.indices.contains_key(id))
}
