//! Reads nodes and edges into the control flow of each scope, and checks what a drawing can get wrong: entries, handles, races, crossings, cycles.

use super::cfg::{Flow, Next, Test, TestOf, Vertex};
use super::structure::{Step, structure};
use super::{END, Graph, Scope};
use crate::compile::nodes::Kind;
use crate::definition::{Definition, Edge, Node};
use crate::diagnostic::{Code, Diagnostic, Report};
use std::collections::{BTreeMap, HashMap};

/// Structures a definition. What is wrong is reported; the graph is complete only if nothing was.
pub fn build<'a>(definition: &'a Definition, report: &Report) -> Graph<'a> {
    let index: HashMap<&str, usize> = definition.nodes.iter().enumerate().map(|(at, node)| (node.id.as_str(), at)).collect();
    let kinds = definition.nodes.iter().map(|node| kind_of(node, report)).collect();
    let errors = report.errors();
    let mut members: BTreeMap<Option<usize>, Vec<usize>> = BTreeMap::from([(None, Vec::new())]);
    for (at, node) in definition.nodes.iter().enumerate() {
        members.entry(node.parent.as_deref().and_then(|id| index.get(id).copied())).or_default().push(at);
    }
    let mut edges = vec![Vec::new(); definition.nodes.len()];
    for (at, edge) in definition.edges.iter().enumerate() {
        if let Some(&source) = index.get(edge.source.as_str()) {
            edges[source].push(at);
        }
    }
    let mut builder = Builder { definition, index, kinds, edges, report };
    let scopes = members.iter().map(|(&container, members)| (container, builder.scope(container, members))).collect();
    builder.empty_containers(&members);
    Graph { definition, kinds: std::mem::take(&mut builder.kinds), scopes, is_sound: report.errors() == errors && !definition.is_partial }
}

fn kind_of(node: &Node, report: &Report) -> Option<Kind> {
    let kind = Kind::named(&node.kind);
    if kind.is_none() {
        let diagnostic = Diagnostic::error(Code::UNKNOWN_TYPE, &node.kind_path, format!("there is no node type `{}`", node.kind))
            .node(&node.id)
            .excerpt(&node.kind, 0..node.kind.len());
        let all = || format!("the types are {}", Kind::names().collect::<Vec<_>>().join(", "));
        report.push(diagnostic.suggest_near_or(&node.kind, Kind::names(), all));
    }
    kind
}

struct Builder<'a, 'r> {
    definition: &'a Definition,
    index: HashMap<&'a str, usize>,
    kinds: Vec<Option<Kind>>,
    /// The edges that leave each node, in order of their ids.
    edges: Vec<Vec<usize>>,
    report: &'r Report,
}

/// What leaves a node, before it is known where its targets stand.
struct Out {
    ways: Vec<(Test, usize)>,
    /// The last resort: a node, or the end of the scope.
    otherwise: Option<usize>,
    /// Whether the workflow ends at the node.
    exits: bool,
}

impl Out {
    fn to(ways: Vec<(Test, usize)>, otherwise: Option<usize>) -> Self {
        Self { ways, otherwise, exits: false }
    }
}

impl<'a> Builder<'a, '_> {
    fn node(&self, at: usize) -> &'a Node {
        &self.definition.nodes[at]
    }

    fn edge(&self, at: usize) -> &'a Edge {
        &self.definition.edges[at]
    }

    fn error(&self, code: Code, node: &Node, message: String, suggestion: &str) {
        self.report.push(Diagnostic::error(code, &node.path, message).node(&node.id).suggest(suggestion));
    }

    fn edge_error(&self, code: Code, edge: &Edge, message: String, suggestion: &str) {
        self.report.push(Diagnostic::error(code, &edge.path, message).node(&edge.id).suggest(suggestion));
    }

    fn empty_containers(&self, members: &BTreeMap<Option<usize>, Vec<usize>>) {
        for &container in members.keys() {
            if let Some(container) = container
                && let Some(kind) = self.kinds[container]
                && !kind.is_container()
            {
                let node = self.node(container);
                let message = format!("`{}` holds nodes, but a node of type `{}` is no container", node.id, node.kind);
                self.error(Code::CONTAINER, node, message, "move them out, or use a loop, phase, retry or parallel");
            }
        }
    }

    fn scope(&mut self, container: Option<usize>, members: &[usize]) -> Scope {
        let outs: HashMap<usize, Out> = members.iter().map(|&at| (at, self.out(at, container))).collect();
        let entries = self.entries(container, members, &outs);
        let parallel = container.is_some_and(|at| self.kinds[at] == Some(Kind::Parallel));
        if !parallel
            && entries.len() > 1
            && let Some(container) = container
        {
            let names: Vec<&str> = entries.iter().map(|&at| self.node(at).id.as_str()).collect();
            let message = format!("`{}` could begin at {}", self.node(container).id, names.join(" or "));
            self.error(Code::CONTAINER, self.node(container), message, "connect them with edges, or use a `parallel` container");
        }
        let ambiguous = !parallel && entries.len() > 1;
        let entries = if parallel { entries } else { entries.into_iter().take(1).collect() };
        let mut owner: HashMap<usize, usize> = HashMap::new();
        let mut branches = Vec::new();
        for &entry in &entries {
            let (flow, vertices) = flow_from(entry, &outs);
            for &at in &vertices {
                if let Some(&first) = owner.get(&at)
                    && first != entry
                {
                    let message =
                        format!("`{}` belongs to two branches: `{}` and `{}`", self.node(at).id, self.node(first).id, self.node(entry).id);
                    self.error(Code::CROSSING_EDGE, self.node(at), message, "let the branches end, and put the node after the `parallel`");
                }
                owner.insert(at, entry);
            }
            branches.push(self.structured(&flow, &vertices, &outs));
        }
        // Where edges were left out because of an error, what they led to is no error of its own.
        if !ambiguous && !self.definition.is_partial {
            self.unreachable(container, members, &owner, entries.is_empty());
        }
        Scope { branches, entries }
    }

    /// The nodes where a scope begins.
    fn entries(&self, container: Option<usize>, members: &[usize], outs: &HashMap<usize, Out>) -> Vec<usize> {
        let Some(container) = container else { return self.trigger(members) };
        let chosen: Vec<usize> = self.edges[container]
            .iter()
            .filter_map(|&edge| self.index.get(self.edge(edge).target.as_str()).copied())
            .filter(|target| members.contains(target))
            .collect();
        if !chosen.is_empty() {
            return chosen;
        }
        let entered: std::collections::HashSet<usize> =
            outs.values().flat_map(|out| out.ways.iter().map(|(_, to)| *to).chain(out.otherwise)).collect();
        let entries: Vec<usize> = members
            .iter()
            .copied()
            .filter(|at| {
                !entered.contains(at)
                    && (outs.get(at).is_some_and(|out| out.otherwise.is_some() || !out.ways.is_empty()) || !self.is_declaration(*at))
            })
            .collect();
        if entries.is_empty() && members.iter().any(|&at| !self.is_declaration(at)) {
            let message = format!("`{}` has no first node: every node in it has an incoming edge", self.node(container).id);
            self.error(Code::CONTAINER, self.node(container), message, "remove the edge that leads back to the node where it should begin");
        }
        entries
    }

    fn trigger(&self, members: &[usize]) -> Vec<usize> {
        let entered = |at: usize| self.definition.edges.iter().any(|edge| edge.target == self.node(at).id);
        let (inner, triggers): (Vec<usize>, Vec<usize>) =
            members.iter().copied().filter(|&at| self.kinds[at] == Some(Kind::Trigger)).partition(|&at| entered(at));
        for at in inner {
            let message = format!("the trigger `{}` has an incoming edge, but a workflow only begins at its trigger", self.node(at).id);
            self.error(
                Code::NO_TRIGGER,
                self.node(at),
                message,
                "to end the workflow here, use a node of type `exit` with a `returnValue`",
            );
        }
        match triggers.as_slice() {
            [] => {
                let message = "the definition has no trigger: nothing says where it begins";
                self.report.push(
                    Diagnostic::error(Code::NO_TRIGGER, &self.definition.path.key("nodes"), message)
                        .suggest("add a node `{id: start, type: trigger}` and an edge from it to the first node"),
                );
            }
            [_] => {}
            [first, rest @ ..] => {
                for &at in rest {
                    let message = format!("`{}` is a second trigger, beside `{}`", self.node(at).id, self.node(*first).id);
                    self.error(Code::NO_TRIGGER, self.node(at), message, "keep one trigger");
                }
            }
        }
        triggers
    }

    fn is_declaration(&self, at: usize) -> bool {
        self.kinds[at].is_some_and(Kind::is_declaration)
    }

    /// What leaves the node `at`, whose scope is `container`'s inside.
    fn out(&self, at: usize, container: Option<usize>) -> Out {
        let kind = self.kinds[at];
        let edges: Vec<&Edge> =
            self.edges[at].iter().map(|&edge| self.edge(edge)).filter(|edge| self.stays_in_scope(at, edge, container)).collect();
        if kind == Some(Kind::Exit) {
            if let Some(edge) = edges.first() {
                let message = format!("an edge leads on from `{}`, but the workflow ends there", self.node(at).id);
                self.edge_error(Code::CONFLICT, edge, message, "remove the edge");
            }
            return Out { ways: Vec::new(), otherwise: None, exits: true };
        }
        if kind == Some(Kind::Condition) {
            return self.sides(at, &edges, [("true", &["true", "yes", "then"]), ("false", &["false", "no", "else"])]);
        }
        if kind == Some(Kind::Loop) && edges.iter().any(|edge| matches!(edge.source_handle.as_deref(), Some("body" | "done" | "loop"))) {
            return self.sides(at, &edges, [("body", &["body", "loop"]), ("done", &["done"])]);
        }
        self.conditional(at, &edges)
    }

    /// Whether an edge leads to a node of the same scope; reports one that crosses a border. An edge between a container and
    /// its own inside says where the inside begins or ends, and leads nowhere else.
    fn stays_in_scope(&self, source: usize, edge: &Edge, container: Option<usize>) -> bool {
        let Some(&target) = self.index.get(edge.target.as_str()) else { return false };
        let parent = |at: usize| self.node(at).parent.as_deref();
        if parent(source) == parent(target) {
            return true;
        }
        if Some(target) == container || parent(target) == Some(self.node(source).id.as_str()) {
            return false;
        }
        let place = |at: usize| parent(at).map_or_else(|| "at the top".to_owned(), |id| format!("in `{id}`"));
        let message = format!(
            "the edge from `{}` ({}) to `{}` ({}) crosses the border of a container",
            edge.source,
            place(source),
            edge.target,
            place(target)
        );
        self.edge_error(Code::CROSSING_EDGE, edge, message, "connect the containers themselves, or move the node");
        false
    }

    fn sides(&self, at: usize, edges: &[&'a Edge], sides: [(&str, &[&str]); 2]) -> Out {
        let mut targets: [Option<usize>; 2] = [None, None];
        for edge in edges {
            let word = edge.source_handle.as_deref().or(edge.condition.as_ref().map(|text| text.text.trim())).unwrap_or_default();
            let Some(side) = sides.iter().position(|(_, words)| words.iter().any(|known| word.eq_ignore_ascii_case(known))) else {
                let message = format!(
                    "the edge from `{}` to `{}` does not say which side of the {} it is",
                    edge.source,
                    edge.target,
                    self.node(at).kind
                );
                self.edge_error(
                    Code::BRANCH_HANDLE,
                    edge,
                    message,
                    &format!("set its `sourceHandle` to `{}` or `{}`", sides[0].0, sides[1].0),
                );
                continue;
            };
            if targets[side].is_some() {
                let message = format!("`{}` has two edges for `{}`", edge.source, sides[side].0);
                self.edge_error(
                    Code::RACING_EDGES,
                    edge,
                    message,
                    "keep one of them; to do two things at once, use a `parallel` container",
                );
            }
            if let Some(skip) = &edge.skip_to {
                let message = format!("`skipTo` of the edge from `{}` has no meaning: its other side is an edge", edge.source);
                self.report.push(
                    Diagnostic::error(Code::CONFLICT, &skip.path, message)
                        .node(&edge.id)
                        .suggest("remove it, and draw the other side as an edge"),
                );
            }
            targets[side] = self.index.get(edge.target.as_str()).copied();
        }
        let test = Test { of: TestOf::Node(at), negated: false };
        match targets {
            [Some(then), other] => Out::to(vec![(test, then)], other),
            [None, Some(other)] => Out::to(vec![(Test { negated: true, ..test }, other)], None),
            [None, None] => Out::to(Vec::new(), None),
        }
    }

    fn conditional(&self, at: usize, edges: &[&'a Edge]) -> Out {
        let mut ways = Vec::new();
        let mut fallback: Option<(&Edge, usize)> = None;
        for edge in edges {
            let Some(&target) = self.index.get(edge.target.as_str()) else { continue };
            let test = |edge: &Edge| {
                let position = self.edges[at].iter().copied().find(|&each| std::ptr::eq(self.edge(each), edge));
                position.map(|position| Test { of: TestOf::Edge(position), negated: false })
            };
            let last_resort = match (&edge.condition, &edge.skip_to) {
                (Some(_), skip) => {
                    ways.extend(test(edge).map(|test| (test, target)));
                    match skip {
                        None => None,
                        Some(skip) => self.skip_target(at, edge, &skip.text),
                    }
                }
                (None, Some(skip)) => {
                    let message =
                        format!("the edge from `{}` to `{}` has a `skipTo`, but no condition to skip by", edge.source, edge.target);
                    self.report.push(
                        Diagnostic::error(Code::CONFLICT, &skip.path, message)
                            .node(&edge.id)
                            .suggest("add a `condition`, or remove `skipTo`"),
                    );
                    None
                }
                (None, None) => Some(target),
            };
            if let Some(target) = last_resort {
                if let Some((first, _)) = fallback {
                    let message = format!("`{}` leads to `{}` and to `{}` at once", edge.source, first.target, edge.target);
                    self.edge_error(Code::RACING_EDGES, edge, message, "give one of the edges a condition, or use a `parallel` container");
                } else {
                    fallback = Some((edge, target));
                }
            }
        }
        Out::to(ways, fallback.map(|(_, target)| target))
    }

    fn skip_target(&self, at: usize, edge: &Edge, id: &str) -> Option<usize> {
        let target = self.index.get(id).copied().filter(|&target| self.node(target).parent == self.node(at).parent);
        if target.is_none() {
            let path = edge.skip_to.as_ref().map_or(&edge.path, |skip| &skip.path);
            let message = format!("`skipTo` names `{id}`, which is no node beside `{}`", edge.source);
            let siblings = self.definition.nodes.iter().filter(|node| node.parent == self.node(at).parent).map(|node| node.id.as_str());
            self.report
                .push(Diagnostic::error(Code::JUMP, path, message).node(&edge.id).excerpt(id, 0..id.len()).suggest_near(id, siblings));
        }
        target
    }

    fn structured(&self, flow: &Flow, vertices: &[usize], outs: &HashMap<usize, Out>) -> Vec<Step> {
        let names = |path: &[Vertex]| path.iter().filter_map(|&v| vertices.get(v)).map(|&at| self.node(at).id.as_str()).collect::<Vec<_>>();
        let cycle = |path: &[Vertex], what: &str, suggestion: &str| {
            let ids = names(path);
            let closed = [ids.as_slice(), &ids[..ids.len().min(1)]].concat();
            if let Some(&at) = path.first().and_then(|&first| vertices.get(first)) {
                self.error(Code::CYCLE, self.node(at), format!("{what}: {}", closed.join(" → ")), suggestion);
            }
        };
        let analysis = match flow.analyze() {
            Ok(analysis) => analysis,
            Err(irreducible) => {
                cycle(&irreducible.0, "the cycle is entered at more than one node", "let every way into the cycle lead to one node");
                return Vec::new();
            }
        };
        for (header, members) in analysis.loops.iter().enumerate().filter_map(|(header, members)| members.as_ref().map(|m| (header, m))) {
            let leaves = members
                .iter()
                .any(|&v| matches!(flow.next[v], Next::Exit) || flow.next[v].targets().iter().any(|target| !members.contains(target)));
            if !leaves {
                let back = members.iter().copied().filter(|&v| flow.next[v].targets().contains(&header)).max_by_key(|&v| analysis.order[v]);
                let path = back.and_then(|back| flow.path(header, back)).unwrap_or_else(|| vec![header]);
                cycle(&path, "the cycle has no way out", "give one of its edges a condition, or use a `condition` or `loop` node");
            }
        }
        for (source, out) in vertices.iter().filter_map(|at| Some((at, outs.get(at)?))) {
            self.check_jumps(*source, out, vertices, &analysis.order);
        }
        structure(flow).map(|steps| relabel(steps, vertices)).unwrap_or_default()
    }

    fn check_jumps(&self, source: usize, out: &Out, vertices: &[usize], order: &[Option<usize>]) {
        let position = |at: usize| vertices.iter().position(|&each| each == at).and_then(|v| order[v]);
        for (test, _) in &out.ways {
            let TestOf::Edge(edge) = test.of else { continue };
            let (Some(skip), Some(target)) = (&self.edge(edge).skip_to, out.otherwise) else { continue };
            if position(target) <= position(source) {
                let message = format!("`skipTo` leads back from `{}` to `{}`", self.node(source).id, self.node(target).id);
                self.report.push(
                    Diagnostic::error(Code::JUMP, &skip.path, message)
                        .node(&self.edge(edge).id)
                        .suggest("skip forward; to repeat, use a `loop` or an edge"),
                );
            }
        }
    }

    fn unreachable(&self, container: Option<usize>, members: &[usize], owner: &HashMap<usize, usize>, no_entry: bool) {
        if no_entry {
            return;
        }
        let from = container.map_or_else(|| "the trigger".to_owned(), |at| format!("the beginning of `{}`", self.node(at).id));
        for &at in members {
            let reported = self.kinds[at] == Some(Kind::Trigger);
            if !owner.contains_key(&at) && !self.is_declaration(at) && !reported {
                let message = format!("no path leads from {from} to `{}`", self.node(at).id);
                self.error(Code::UNREACHABLE, self.node(at), message, "connect it with an edge, or remove it");
            }
        }
    }
}

/// The flow of what can be reached from `entry`, and which node each of its vertices is.
fn flow_from(entry: usize, outs: &HashMap<usize, Out>) -> (Flow, Vec<usize>) {
    let mut vertices = vec![entry];
    let mut number = HashMap::from([(entry, 0)]);
    let mut at = 0;
    while let Some(node) = vertices.get(at) {
        let Some(out) = outs.get(node) else { break };
        for target in out.ways.iter().map(|(_, target)| *target).chain(out.otherwise) {
            number.entry(target).or_insert_with(|| {
                vertices.push(target);
                vertices.len() - 1
            });
        }
        at += 1;
    }
    let end = vertices.len();
    let next = vertices.iter().filter_map(|node| outs.get(node)).map(|out| next_of(out, &number, end)).chain([Next::Exit]);
    (Flow { next: next.collect(), entry: 0 }, vertices)
}

fn next_of(out: &Out, number: &HashMap<usize, Vertex>, end: Vertex) -> Next {
    let vertex = |target: &usize| number.get(target).copied().unwrap_or(end);
    let otherwise = out.otherwise.as_ref().map_or(end, vertex);
    if out.exits {
        return Next::Exit;
    }
    if out.ways.is_empty() {
        return Next::Goto(otherwise);
    }
    Next::Branch(out.ways.iter().map(|(test, target)| (test.clone(), vertex(target))).collect(), otherwise)
}

/// The steps with nodes in place of vertices.
fn relabel(steps: Vec<Step>, vertices: &[usize]) -> Vec<Step> {
    let node = |vertex: Vertex| vertices.get(vertex).copied().unwrap_or(END);
    steps
        .into_iter()
        .map(|step| match step {
            Step::Visit(vertex) => Step::Visit(node(vertex)),
            Step::Exit(vertex) => Step::Exit(node(vertex)),
            Step::Branch(ways, otherwise) => {
                Step::Branch(ways.into_iter().map(|(test, way)| (test, relabel(way, vertices))).collect(), relabel(otherwise, vertices))
            }
            Step::Loop { label, test, body } => Step::Loop { label: node(label), test, body: relabel(body, vertices) },
            Step::Block { label, body } => Step::Block { label: node(label), body: relabel(body, vertices) },
            Step::Break(vertex) => Step::Break(node(vertex)),
            Step::Continue(vertex) => Step::Continue(node(vertex)),
            Step::Leave => Step::Leave,
        })
        .collect()
}
