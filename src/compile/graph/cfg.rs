//! The control flow of one scope (the root, or a container's inside) as a plain graph, and what dominates what in it.
//! Knows nothing of node types or fields: vertices are numbers, and the last one is the scope's end.

use std::collections::BTreeSet;

/// A vertex: an index into [`Flow::next`].
pub type Vertex = usize;

/// A test that decides between two ways on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Whose test it is.
    pub of: TestOf,
    /// Whether it is to be negated.
    pub negated: bool,
}

/// Where a test stands in the definition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TestOf {
    /// The expression of a `condition` node, or of a `loop` node: an index of a node.
    Node(usize),
    /// The condition of an edge: an index of an edge.
    Edge(usize),
}

/// What happens after a vertex.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Next {
    /// Nothing: the workflow has ended.
    Exit,
    /// One way on.
    Goto(Vertex),
    /// The first way whose test holds, or else the last.
    Branch(Vec<(Test, Vertex)>, Vertex),
}

impl Next {
    /// The vertices that may follow, in the order of the tests.
    #[must_use]
    pub fn targets(&self) -> Vec<Vertex> {
        match self {
            Self::Exit => Vec::new(),
            Self::Goto(target) => vec![*target],
            Self::Branch(ways, otherwise) => ways.iter().map(|(_, target)| *target).chain([*otherwise]).collect(),
        }
    }
}

/// The control flow of a scope: for each vertex what follows it. The last vertex is the scope's end.
#[derive(Clone, Debug)]
pub struct Flow {
    /// What follows each vertex.
    pub next: Vec<Next>,
    /// Where the scope begins.
    pub entry: Vertex,
}

/// What an analysis of a [`Flow`] found.
pub struct Analysis {
    /// The position of each reachable vertex in reverse postorder.
    pub order: Vec<Option<usize>>,
    /// The reachable vertices in reverse postorder.
    pub sequence: Vec<Vertex>,
    /// The immediate dominator of each reachable vertex but the entry.
    pub idom: Vec<Option<Vertex>>,
    /// The edges that lead forward to each vertex, by source; a source may stand in it twice.
    pub forward: Vec<Vec<Vertex>>,
    /// The loop of each vertex that is a header: the vertices of its natural loop, itself included.
    pub loops: Vec<Option<BTreeSet<Vertex>>>,
}

/// A cycle that cannot be structured: its vertices in order.
#[derive(Debug, PartialEq, Eq)]
pub struct Irreducible(pub Vec<Vertex>);

impl Flow {
    /// The scope's end.
    #[must_use]
    pub fn end(&self) -> Vertex {
        self.next.len() - 1
    }

    /// Orders the vertices, finds dominators and loops.
    ///
    /// # Errors
    /// A cycle that is entered at two places.
    pub fn analyze(&self) -> Result<Analysis, Irreducible> {
        let sequence = self.reverse_postorder();
        let mut order = vec![None; self.next.len()];
        for (position, &vertex) in sequence.iter().enumerate() {
            order[vertex] = Some(position);
        }
        let mut sources: Vec<Vec<Vertex>> = vec![Vec::new(); self.next.len()];
        for &vertex in &sequence {
            for target in self.next[vertex].targets() {
                sources[target].push(vertex);
            }
        }
        let idom = immediate_dominators(&sequence, &order, &sources);
        let mut analysis =
            Analysis { forward: vec![Vec::new(); self.next.len()], loops: vec![None; self.next.len()], order, sequence, idom };
        for &target in &analysis.sequence {
            for &source in &sources[target] {
                if analysis.order[source] < analysis.order[target] {
                    analysis.forward[target].push(source);
                } else if analysis.dominates(target, source) {
                    let header = analysis.loops[target].get_or_insert_with(|| BTreeSet::from([target]));
                    collect_loop(header, source, &sources);
                } else {
                    return Err(Irreducible(self.path(target, source).unwrap_or_else(|| vec![source, target])));
                }
            }
        }
        Ok(analysis)
    }

    fn reverse_postorder(&self) -> Vec<Vertex> {
        let mut visited = vec![false; self.next.len()];
        let mut postorder = Vec::new();
        // The targets are visited last first, so that the first way of a branch comes first in the order.
        let mut stack = vec![(self.entry, self.next[self.entry].targets())];
        visited[self.entry] = true;
        while let Some((vertex, targets)) = stack.last_mut() {
            match targets.pop() {
                Some(target) if !visited[target] => {
                    visited[target] = true;
                    stack.push((target, self.next[target].targets()));
                }
                Some(_) => {}
                None => {
                    postorder.push(*vertex);
                    stack.pop();
                }
            }
        }
        postorder.reverse();
        postorder
    }

    /// The shortest path from `from` to `to`, both included.
    #[must_use]
    pub fn path(&self, from: Vertex, to: Vertex) -> Option<Vec<Vertex>> {
        let mut before: Vec<Option<Vertex>> = vec![None; self.next.len()];
        let mut queue = std::collections::VecDeque::from([from]);
        while let Some(vertex) = queue.pop_front() {
            if vertex == to {
                break;
            }
            for target in self.next[vertex].targets() {
                if before[target].is_none() && target != from {
                    before[target] = Some(vertex);
                    queue.push_back(target);
                }
            }
        }
        let mut path = vec![to];
        let mut at = to;
        while at != from {
            at = before[at]?;
            path.push(at);
        }
        path.reverse();
        Some(path)
    }
}

impl Analysis {
    /// Whether every path to `vertex` leads through `by`.
    #[must_use]
    pub fn dominates(&self, by: Vertex, vertex: Vertex) -> bool {
        let mut at = Some(vertex);
        while let Some(current) = at {
            if current == by {
                return true;
            }
            if self.order[current] <= self.order[by] {
                return false;
            }
            at = self.idom[current];
        }
        false
    }
}

/// Cooper, Harvey and Kennedy, "A Simple, Fast Dominance Algorithm".
fn immediate_dominators(sequence: &[Vertex], order: &[Option<usize>], sources: &[Vec<Vertex>]) -> Vec<Option<Vertex>> {
    let mut idom: Vec<Option<Vertex>> = vec![None; order.len()];
    let Some((&entry, rest)) = sequence.split_first() else { return idom };
    idom[entry] = Some(entry);
    let mut changed = true;
    while changed {
        changed = false;
        for &vertex in rest {
            let known = sources[vertex].iter().copied().filter(|&source| idom[source].is_some());
            let new = known.reduce(|mut a, mut b| {
                while a != b {
                    if order[a] > order[b] {
                        a = idom[a].unwrap_or(entry);
                    } else {
                        b = idom[b].unwrap_or(entry);
                    }
                }
                a
            });
            if new.is_some() && idom[vertex] != new {
                idom[vertex] = new;
                changed = true;
            }
        }
    }
    idom[entry] = None;
    idom
}

fn collect_loop(header: &mut BTreeSet<Vertex>, source: Vertex, sources: &[Vec<Vertex>]) {
    let mut stack = vec![source];
    while let Some(vertex) = stack.pop() {
        if header.insert(vertex) {
            stack.extend(&sources[vertex]);
        }
    }
}
