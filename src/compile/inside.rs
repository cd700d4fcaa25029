//! What a version knows of the drawing that it was made from, so that a run can say where it is: nodes, edges, and what of the state is not shown.
//! Depends on `definition`; small, since it is part of every script.

use crate::definition::{Definition, Node, Text};
use serde::{Deserialize, Serialize};

/// The drawing, as a run tells of it.
#[derive(Clone, Debug, Default, PartialEq, Serialize)]
pub struct Inside {
    /// The nodes, in the definition's order: marks of the code name them by their position here.
    pub nodes: Vec<InsideNode>,
    /// The edges.
    pub edges: Vec<InsideEdge>,
    /// Places of the state that are not shown: names, with `*` for each element of a list, map or set.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub redact: Vec<Vec<String>>,
}

/// A node of the drawing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct InsideNode {
    /// Its id.
    pub id: String,
    /// Its type, as definitions call it.
    #[serde(rename = "type")]
    pub kind: String,
    /// What the drawing shows on it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The container that it is in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub parent: Option<String>,
    /// What it is about, in a few words of the definition: an activity's name, a condition, a duration.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about: Option<String>,
    /// Whether it only starts its child.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub starts: bool,
}

/// An edge of the drawing.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize)]
pub struct InsideEdge {
    /// The node that it leaves.
    pub source: String,
    /// The node that it enters.
    pub target: String,
    /// The side by which it leaves.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub handle: Option<String>,
    /// When it is taken.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// Where to go otherwise.
    #[serde(rename = "skipTo", skip_serializing_if = "Option::is_none")]
    pub skip_to: Option<String>,
}

/// The longest text of a definition that is repeated here, in characters.
const LONGEST: usize = 160;

impl Inside {
    /// What is known of `definition`, without the places in `redact`.
    #[must_use]
    pub fn new(definition: &Definition, redact: &[Text]) -> Self {
        let edges = definition.edges.iter().map(|edge| InsideEdge {
            source: edge.source.clone(),
            target: edge.target.clone(),
            handle: edge.source_handle.clone(),
            condition: edge.condition.as_ref().map(|text| short(&text.text)),
            skip_to: edge.skip_to.as_ref().map(|text| text.text.clone()),
        });
        Self {
            nodes: definition.nodes.iter().map(node).collect(),
            edges: edges.collect(),
            redact: redact.iter().map(|path| segments(&path.text).map(str::to_owned).collect()).collect(),
        }
    }
}

/// The names of a path such as `packages.*.token`.
pub(super) fn segments(path: &str) -> impl Iterator<Item = &str> {
    path.trim().split('.').map(str::trim)
}

fn node(node: &Node) -> InsideNode {
    let text = |field: &str| node.config.value.get(field).and_then(serde_json::Value::as_str);
    let said = |word: &str, field: &str| text(field).map(|text| format!("{word} {text}"));
    let about = match node.kind.as_str() {
        "loop" => said("while", "loopWhile").or_else(|| said("while", "condition")).or_else(|| said("for each", "forEach")),
        "timer" => text("duration").map(str::to_owned).or_else(|| said("until", "until")),
        "signal" | "signal-handler" | "signal-external-workflow" => text("signalName").map(str::to_owned),
        kind => field_of(kind).and_then(text).map(str::to_owned),
    };
    InsideNode {
        id: node.id.clone(),
        kind: node.kind.clone(),
        label: node.label.clone(),
        parent: node.parent.clone(),
        about: about.map(|about| short(&about)),
        starts: text("executionType") == Some("startChild"),
    }
}

/// The field that says what a node is about.
fn field_of(kind: &str) -> Option<&'static str> {
    Some(match kind {
        "activity" => "activityName",
        "coordinator-retry" => "targetActivity",
        "child-workflow" | "parallel-coordinator" => "workflowType",
        "condition" => "expression",
        "wait" => "condition",
        "query" => "queryName",
        "state-variable" => "name",
        "state-mutation" | "state-transform" => "target",
        _ => return None,
    })
}

/// A text on one line, of a bounded length.
fn short(text: &str) -> String {
    let mut words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    if let Some((at, _)) = words.char_indices().nth(LONGEST) {
        words.truncate(at);
        words.push('…');
    }
    words
}
