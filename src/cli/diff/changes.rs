//! What differs between two specs of a workflow: its nodes, its edges, and what stands beside the drawing.

use crate::definition::{Definition, Edge, Node};
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

/// One difference, in a line: `+`, `-` or `~`, what it is about, and how it was and is.
pub(super) type Change = String;

/// How much of a value is shown.
const SHOWN: usize = 72;

/// Nodes and edges that came, went or changed.
pub(super) fn drawings(before: Option<&Definition>, after: &Definition) -> Vec<Change> {
    let nothing = Definition::default();
    let before = before.unwrap_or(&nothing);
    let nodes = |definition: &Definition| -> BTreeMap<String, Value> {
        definition.nodes.iter().map(|node| (format!("node {}", node.id), node_value(node))).collect()
    };
    let edges = |definition: &Definition| -> BTreeMap<String, Value> {
        definition.edges.iter().map(|edge| (format!("edge {} → {}", edge.source, edge.target), edge_value(edge))).collect()
    };
    let beside = |definition: &Definition| -> BTreeMap<String, Value> {
        let list = |fields: &[crate::definition::Field]| Value::Array(fields.iter().map(|field| field.value.clone()).collect());
        let cleanup = definition.cleanup.as_ref().map(|cleanup| ("cleanup".to_owned(), cleanup.value.clone()));
        let lists = [("signals", &definition.signals), ("queries", &definition.queries)];
        let lists = lists.into_iter().filter(|(_, fields)| !fields.is_empty()).map(|(name, fields)| (name.to_owned(), list(fields)));
        lists.chain(cleanup).collect()
    };
    let mut changes = maps(&nodes(before), &nodes(after));
    changes.extend(maps(&edges(before), &edges(after)));
    changes.extend(maps(&beside(before), &beside(after)));
    changes
}

fn node_value(node: &Node) -> Value {
    let mut value = serde_json::json!({"type": node.kind, "config": node.config.value});
    value["label"] = node.label.clone().map_or(Value::Null, Value::String);
    value["parent"] = node.parent.clone().map_or(Value::Null, Value::String);
    value
}

fn edge_value(edge: &Edge) -> Value {
    let text = |text: &Option<crate::definition::Text>| text.as_ref().map(|text| text.text.clone());
    serde_json::json!({"sourceHandle": edge.source_handle, "condition": text(&edge.condition), "skipTo": text(&edge.skip_to)})
}

/// Fields of the specs beside the drawing that came, went or changed.
pub(super) fn fields(before: &Value, after: &Value) -> Vec<Change> {
    let entries = |value: &Value| -> BTreeMap<String, Value> {
        let all = value.as_object().into_iter().flatten().filter(|(name, value)| *name != "definition" && !value.is_null());
        all.map(|(name, value)| (format!("spec.{name}"), value.clone())).collect()
    };
    maps(&entries(before), &entries(after))
}

fn maps(before: &BTreeMap<String, Value>, after: &BTreeMap<String, Value>) -> Vec<Change> {
    let names: BTreeSet<&String> = before.keys().chain(after.keys()).collect();
    let mut changes = Vec::new();
    for name in names {
        match (before.get(name), after.get(name)) {
            (None, Some(value)) => changes.push(format!("+ {name}{}", kind(value))),
            (Some(value), None) => changes.push(format!("- {name}{}", kind(value))),
            (Some(old), Some(new)) => leaves(name, "", old, new, &mut changes),
            (None, None) => {}
        }
    }
    changes
}

fn kind(value: &Value) -> String {
    value.get("type").and_then(Value::as_str).map(|kind| format!(" ({kind})")).unwrap_or_default()
}

/// The values in which two trees differ, each with the way to it.
fn leaves(name: &str, path: &str, old: &Value, new: &Value, changes: &mut Vec<Change>) {
    if old == new {
        return;
    }
    let (Value::Object(old_fields), Value::Object(new_fields)) = (old, new) else {
        let at = if path.is_empty() { String::new() } else { format!(" {path}") };
        changes.push(format!("~ {name}{at}: {} → {}", shown(old), shown(new)));
        return;
    };
    let keys: BTreeSet<&String> = old_fields.keys().chain(new_fields.keys()).collect();
    for key in keys {
        let inner = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        let field = |fields: &serde_json::Map<String, Value>| fields.get(key).cloned().unwrap_or(Value::Null);
        leaves(name, &inner, &field(old_fields), &field(new_fields), changes);
    }
}

fn shown(value: &Value) -> String {
    let text = match value {
        Value::Null => "nothing".to_owned(),
        Value::String(text) => text.replace('\n', " "),
        other => other.to_string(),
    };
    if text.chars().count() <= SHOWN { text } else { format!("{}…", text.chars().take(SHOWN).collect::<String>()) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::definition::workflow_from_value;
    use crate::diagnostic::Report;
    use serde_json::json;

    fn drawing(spec: &Value) -> Definition {
        workflow_from_value("w", spec, &Report::new()).unwrap().definition
    }

    #[test]
    fn a_difference_is_said_where_it_is() {
        let node = |id: &str, value: &str| json!({"id": id, "type": "exit", "config": {"returnValue": value}});
        let edge = |source: &str, target: &str| json!({"source": source, "target": target});
        let start = json!({"id": "start", "type": "trigger"});
        let before = json!({"taskQueue": "a", "definition": {"nodes": [start, node("one", "1"), node("two", "2")], "edges": [edge("start", "one")]}});
        let after = json!({"taskQueue": "b", "definition": {"nodes": [start, node("one", "3"), node("new", "4")], "edges": [edge("start", "new")]}});
        let changes = drawings(Some(&drawing(&before)), &drawing(&after));
        let expected =
            ["+ node new (exit)", "~ node one config.returnValue: 1 → 3", "- node two (exit)", "+ edge start → new", "- edge start → one"];
        assert_eq!(changes, expected);
        assert_eq!(fields(&before, &after), ["~ spec.taskQueue: a → b"]);
        assert_eq!(drawings(Some(&drawing(&after)), &drawing(&after)), Vec::<String>::new());
    }
}
