//! Nodes and edges → lines from top to bottom: what follows what, with containers, branches and loops indented. It is structured as the compiler
//! structures it, so that the picture is what runs. Pure.

use super::position::Drawing;
use crate::compile::graph::cfg::{Test, TestOf};
use crate::compile::graph::structure::Step;
use crate::compile::graph::{self, Graph};
use crate::compile::nodes::Kind;
use crate::definition::{Definition, Edge, Field, Node, Text};
use crate::diagnostic::{JsonPath, Report};
use std::collections::BTreeSet;

/// A line of the picture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Row {
    /// How far it is indented.
    pub depth: usize,
    /// What stands on it.
    pub what: What,
}

/// What stands on a line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum What {
    /// A node, by its position in the drawing.
    Node(usize),
    /// What holds for the lines below that are indented further: a side of a condition, a branch.
    Case(String),
    /// Where the flow goes back to: a node.
    Back(String),
}

/// The lines of a drawing.
pub(super) fn outline(drawing: &Drawing) -> Vec<Row> {
    let definition = definition(drawing);
    // It was compiled: nothing is wrong with it. If this program is older than the version, what it can't structure is a list.
    let graph = graph::build(&definition, &Report::new());
    let mut outline = Outline { graph: &graph, rows: Vec::new(), drawn: BTreeSet::new() };
    if graph.is_sound {
        outline.inside(None, 0);
    }
    outline.rest();
    outline.rows
}

fn definition(drawing: &Drawing) -> Definition {
    let text = |text: &String| Text { text: text.clone(), path: JsonPath::root() };
    let nodes = drawing.nodes.iter().map(|node| Node {
        id: node.id.clone(),
        kind: node.kind.clone(),
        label: node.label.clone(),
        config: Field { value: serde_json::json!({}), path: JsonPath::root() },
        parent: node.parent.clone(),
        path: JsonPath::root(),
        kind_path: JsonPath::root(),
    });
    let edges = drawing.edges.iter().enumerate().map(|(at, edge)| Edge {
        id: at.to_string(),
        source: edge.source.clone(),
        target: edge.target.clone(),
        source_handle: edge.handle.clone(),
        condition: edge.condition.as_ref().map(text),
        skip_to: edge.skip_to.as_ref().map(text),
        path: JsonPath::root(),
    });
    Definition { nodes: nodes.collect(), edges: edges.collect(), path: JsonPath::root(), ..Definition::default() }
}

struct Outline<'a> {
    graph: &'a Graph<'a>,
    rows: Vec<Row>,
    drawn: BTreeSet<usize>,
}

impl Outline<'_> {
    fn push(&mut self, depth: usize, what: What) {
        self.rows.push(Row { depth, what });
    }

    fn node(&mut self, at: usize, depth: usize) {
        self.drawn.insert(at);
        self.push(depth, What::Node(at));
        self.inside(Some(at), depth + 1);
    }

    fn inside(&mut self, container: Option<usize>, depth: usize) {
        let graph = self.graph;
        let Some(scope) = graph.scopes.get(&container) else { return };
        let several = scope.branches.len() > 1;
        for (number, steps) in scope.branches.iter().enumerate() {
            if several {
                self.push(depth, What::Case(format!("branch {}", number + 1)));
            }
            self.steps(steps, depth + usize::from(several));
        }
    }

    fn steps(&mut self, steps: &[Step], depth: usize) {
        for step in steps {
            match step {
                Step::Visit(at) | Step::Exit(at) => self.node(*at, depth),
                Step::Branch(ways, otherwise) => self.branch(ways, otherwise, depth),
                Step::Loop { test, body, .. } => self.repeat(test.as_ref(), body, depth),
                Step::Block { body, .. } => self.steps(body, depth),
                Step::Continue(to) => {
                    let id = self.graph.definition.nodes.get(*to).map_or_else(String::new, |node| node.id.clone());
                    self.push(depth, What::Back(id));
                }
                Step::Break(_) | Step::Leave => {}
            }
        }
    }

    fn branch(&mut self, ways: &[(Test, Vec<Step>)], otherwise: &[Step], depth: usize) {
        let (mut yes, mut no) = ("if so".to_owned(), "else".to_owned());
        for (test, steps) in ways {
            match test.of {
                TestOf::Node(at) => {
                    self.node(at, depth);
                    if test.negated {
                        std::mem::swap(&mut yes, &mut no);
                        "if not".clone_into(&mut yes);
                        "else".clone_into(&mut no);
                    }
                }
                TestOf::Edge(edge) => {
                    let condition = self.graph.definition.edges.get(edge).and_then(|edge| edge.condition.as_ref());
                    let condition = condition.map_or("", |text| text.text.as_str());
                    yes = format!("{} {condition}", if test.negated { "unless" } else { "if" });
                }
            }
            self.case(&yes, steps, depth);
        }
        self.case(&no, otherwise, depth);
    }

    fn case(&mut self, title: &str, steps: &[Step], depth: usize) {
        let before = self.rows.len();
        self.push(depth + 1, What::Case(title.to_owned()));
        self.steps(steps, depth + 2);
        if self.rows.len() == before + 1 {
            self.rows.pop();
        }
    }

    fn repeat(&mut self, test: Option<&Test>, body: &[Step], depth: usize) {
        match test {
            Some(Test { of: TestOf::Node(at), .. }) => {
                self.node(*at, depth);
                if self.graph.kinds.get(*at) != Some(&Some(Kind::Loop)) {
                    self.push(depth + 1, What::Case("again and again".to_owned()));
                    return self.steps(body, depth + 2);
                }
            }
            _ => self.push(depth, What::Case("again and again".to_owned())),
        }
        self.steps(body, depth + 1);
    }

    /// What no step visits: signals, and whatever could not be structured.
    fn rest(&mut self) {
        for at in 0..self.graph.definition.nodes.len() {
            let is_query = self.graph.kinds.get(at) == Some(&Some(Kind::Query));
            if !self.drawn.contains(&at) && !is_query {
                self.push(0, What::Node(at));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(drawing: &str) -> String {
        let drawing: Drawing = serde_json::from_str(drawing).unwrap();
        let line = |row: &Row| {
            let what = match &row.what {
                What::Node(at) => drawing.nodes[*at].id.clone(),
                What::Case(title) => format!("[{title}]"),
                What::Back(to) => format!("<- {to}"),
            };
            format!("{}{what}", "  ".repeat(row.depth))
        };
        outline(&drawing).iter().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn branches_containers_and_loops_are_indented() {
        let drawing = r#"{"nodes": [
            {"id": "a", "type": "activity"}, {"id": "b", "type": "activity", "parent": "both"}, {"id": "both", "type": "parallel"},
            {"id": "c", "type": "activity", "parent": "both"}, {"id": "each", "type": "loop"}, {"id": "end", "type": "exit"}, {"id": "go", "type": "signal"},
            {"id": "good", "type": "condition"}, {"id": "in", "type": "timer", "parent": "each"}, {"id": "nap", "type": "timer"}, {"id": "start", "type": "trigger"}],
          "edges": [{"source": "start", "target": "a"}, {"source": "a", "target": "good"}, {"source": "good", "target": "both", "handle": "true"},
            {"source": "good", "target": "nap", "handle": "false"}, {"source": "nap", "target": "a"}, {"source": "both", "target": "each"},
            {"source": "each", "target": "end"}]}"#;
        assert_eq!(
            shown(drawing),
            "start\n[again and again]\n  a\n  good\n    [if so]\n      both\n        [branch 1]\n          b\n        [branch 2]\n          c\n      each\n        in\n      end\n  nap\ngo"
        );
    }

    #[test]
    fn what_cannot_be_structured_is_a_list() {
        assert_eq!(shown(r#"{"nodes": [{"id": "a", "type": "newer"}, {"id": "b", "type": "timer"}], "edges": []}"#), "a\nb");
    }
}
