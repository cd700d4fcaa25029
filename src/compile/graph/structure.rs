//! Makes structured steps (sequence, if, loop, labeled block) of the control flow of a scope, after Ramsey, "Beyond Relooper":
//! each vertex is placed inside the vertex that dominates it; one that several ways lead to follows a labeled block, one that a loop is
//! left to follows the loop. Knows nothing of node types or fields.

use super::cfg::{Analysis, Flow, Irreducible, Next, Test, TestOf, Vertex};
use super::simplify;

/// A structured step. Labels are vertices.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(missing_docs, reason = "a variant's doc names its fields")]
pub enum Step {
    /// The vertex's own work.
    Visit(Vertex),
    /// The vertex's own work, which ends the workflow.
    Exit(Vertex),
    /// The steps of the first way whose test holds, or else the last ones.
    Branch(Vec<(Test, Vec<Step>)>, Vec<Step>),
    /// Repeats its steps until left, or while the test holds.
    Loop { label: Vertex, test: Option<Test>, body: Vec<Step> },
    /// Steps that can be left.
    Block { label: Vertex, body: Vec<Step> },
    /// Leaves the block or loop.
    Break(Vertex),
    /// Begins the next round of the loop.
    Continue(Vertex),
    /// Leaves the scope.
    Leave,
}

/// The steps of a scope.
///
/// # Errors
/// A cycle that is entered at two places.
pub fn structure(flow: &Flow) -> Result<Vec<Step>, Irreducible> {
    let analysis = flow.analyze()?;
    let places = Places::of(flow, &analysis);
    let steps = Structure { flow, analysis: &analysis, places }.tree(flow.entry);
    Ok(simplify::simplify(steps))
}

/// Where each vertex goes that is not just the continuation of the one before.
struct Places {
    /// The vertices that follow the labeled block of each vertex, in order.
    joins: Vec<Vec<Vertex>>,
    /// The vertices that follow the loop of each header, in order.
    exits: Vec<Vec<Vertex>>,
    /// Whether a vertex is one of those.
    placed: Vec<bool>,
    /// Whether every way on from a vertex ends the workflow without meeting a way from elsewhere.
    ends: Vec<bool>,
}

impl Places {
    fn of(flow: &Flow, analysis: &Analysis) -> Self {
        let count = flow.next.len();
        let headers: Vec<Vertex> = analysis.sequence.iter().copied().filter(|&v| analysis.loops[v].is_some()).collect();
        let ends = ending(flow, analysis);
        let (mut joins, mut exits, mut placed) = (vec![Vec::new(); count], vec![Vec::new(); count], vec![false; count]);
        for &vertex in &analysis.sequence {
            let Some(dominator) = analysis.idom[vertex].filter(|_| vertex != flow.end()) else { continue };
            let left = headers
                .iter()
                .copied()
                .find(|&header| analysis.loops[header].as_ref().is_some_and(|l| l.contains(&dominator) && !l.contains(&vertex)));
            let joined = analysis.forward[vertex].len() > 1;
            match left {
                // A way that ends the workflow may stay inside the loop that it leaves.
                Some(header) if !joined && ends[vertex] && header != dominator => {}
                Some(header) => exits[header].push(vertex),
                None if joined => joins[dominator].push(vertex),
                None => {}
            }
            placed[vertex] = joins[dominator].last() == Some(&vertex) || left.is_some_and(|header| exits[header].last() == Some(&vertex));
        }
        Self { joins, exits, placed, ends }
    }
}

fn ending(flow: &Flow, analysis: &Analysis) -> Vec<bool> {
    let mut ends = vec![false; flow.next.len()];
    for &vertex in analysis.sequence.iter().rev() {
        let targets = flow.next[vertex].targets();
        ends[vertex] = vertex != flow.end()
            && targets.iter().all(|&t| ends[t] && analysis.forward[t].len() == 1 && analysis.order[t] > analysis.order[vertex]);
    }
    ends
}

struct Structure<'a> {
    flow: &'a Flow,
    analysis: &'a Analysis,
    places: Places,
}

impl Structure<'_> {
    /// The steps from `vertex` on, as far as its place holds them. Goes on in a loop where it can, so that a long definition needs no deep stack.
    fn tree(&self, mut vertex: Vertex) -> Vec<Step> {
        let mut steps = Vec::new();
        loop {
            let (joins, exits) = (&self.places.joins[vertex], &self.places.exits[vertex]);
            let mut inner;
            if self.analysis.loops[vertex].is_some() {
                let mut body = self.own(vertex);
                body.extend(self.ways(vertex));
                body = self.followed(body, joins);
                inner = vec![Step::Loop { label: vertex, test: None, body }];
                let Some((&last, rest)) = exits.split_last() else {
                    steps.extend(inner);
                    return steps;
                };
                inner = self.followed(inner, rest);
                steps.push(Step::Block { label: last, body: inner });
                vertex = last;
            } else if let Some((&last, rest)) = joins.split_last() {
                inner = self.own(vertex);
                inner.extend(self.ways(vertex));
                inner = self.followed(inner, rest);
                steps.push(Step::Block { label: last, body: inner });
                vertex = last;
            } else {
                steps.extend(self.own(vertex));
                match self.only_way_on(vertex, &mut steps) {
                    Some(target) if self.goes_on(vertex, target) => vertex = target,
                    Some(target) => {
                        steps.extend(self.way(vertex, target));
                        return steps;
                    }
                    None => {
                        steps.extend(self.ways(vertex));
                        return steps;
                    }
                }
            }
        }
    }

    /// The vertex's own work: none for a condition, whose test is part of the branch.
    fn own(&self, vertex: Vertex) -> Vec<Step> {
        match &self.flow.next[vertex] {
            Next::Branch(ways, _) if ways.iter().any(|(test, _)| matches!(test.of, TestOf::Node(_))) => Vec::new(),
            Next::Exit => vec![Step::Exit(vertex)],
            _ => vec![Step::Visit(vertex)],
        }
    }

    /// The vertex that follows, where the others that could all end the workflow; those are added to `steps`.
    fn only_way_on(&self, vertex: Vertex, steps: &mut Vec<Step>) -> Option<Vertex> {
        match &self.flow.next[vertex] {
            Next::Goto(target) => Some(*target),
            Next::Branch(ways, otherwise) => {
                let [(test, then)] = ways.as_slice() else { return None };
                let ends = |target: Vertex| self.places.ends[target] && self.goes_on(vertex, target);
                let (test, ended, target) = match (ends(*then), ends(*otherwise)) {
                    (true, _) => (test.clone(), *then, *otherwise),
                    (false, true) => (Test { of: test.of, negated: !test.negated }, *otherwise, *then),
                    (false, false) => return None,
                };
                steps.push(Step::Branch(vec![(test, self.tree(ended))], Vec::new()));
                Some(target)
            }
            Next::Exit => None,
        }
    }

    /// `steps` in blocks, each followed by the vertex that it is left to; the first of `after` follows innermost.
    fn followed(&self, mut steps: Vec<Step>, after: &[Vertex]) -> Vec<Step> {
        for &vertex in after {
            steps = vec![Step::Block { label: vertex, body: steps }];
            steps.extend(self.tree(vertex));
        }
        steps
    }

    fn ways(&self, vertex: Vertex) -> Vec<Step> {
        match &self.flow.next[vertex] {
            Next::Exit => Vec::new(),
            Next::Goto(target) => self.way(vertex, *target),
            Next::Branch(ways, otherwise) => {
                let ways = ways.iter().map(|(test, target)| (test.clone(), self.way(vertex, *target))).collect();
                vec![Step::Branch(ways, self.way(vertex, *otherwise))]
            }
        }
    }

    fn way(&self, from: Vertex, to: Vertex) -> Vec<Step> {
        if to == self.flow.end() {
            vec![Step::Leave]
        } else if self.analysis.order[to] <= self.analysis.order[from] {
            vec![Step::Continue(to)]
        } else if self.places.placed[to] {
            vec![Step::Break(to)]
        } else {
            self.tree(to)
        }
    }

    fn goes_on(&self, from: Vertex, to: Vertex) -> bool {
        self.analysis.order[to] > self.analysis.order[from] && !self.places.placed[to] && to != self.flow.end()
    }
}
